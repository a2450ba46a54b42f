"""Builds an image and hands it to the cluster. Works on plain properties, as Pulumi hands them over."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from mesh_stack import cluster_lifecycle
from mesh_stack.image_build import build_image
from mesh_stack.recipes import BASE, base_digest, recipe
from toolchain.errors import UserError

PUSH_SECONDS = 1800
OUTPUTS = ("recipe", "reference", "cluster", "clusterSpec")


# Pulumi makes several images at once, and most of them need the same base.
_building = threading.Lock()


def reference(name: str, prefix: str) -> str:
    """Reference of the image that recipe `name` makes, known before it is made."""
    tag = base_digest() if name == BASE else recipe(name).digest
    return f"{prefix}/{name}:{tag}"


def create(props: Mapping[str, Any]) -> dict[str, Any]:
    """Build what the engine lacks and load what the cluster lacks. Returns the resource's outputs."""
    ref = str(props["reference"])
    prefix = ref.rpartition("/")[0]
    made = build(str(props["recipe"]), prefix)
    if made != ref:
        raise UserError(f"image {ref} is not what the code makes now ({made}): run pulumi up again")
    hand_over(ref, props["clusterSpec"])
    return {key: props[key] for key in OUTPUTS}


def hand_over(ref: str, spec: Mapping[str, Any]) -> None:
    """Bring a built image to where the cluster's nodes find it."""
    from clusters.engine import ensure_engine

    if spec["clusterProvider"] == "gke":
        ensure_engine().docker("push", ref, timeout=PUSH_SECONDS)
        return
    handle = cluster_lifecycle.handle_of(spec)
    if handle is None:
        raise UserError(f"cluster {spec['clusterName']} does not answer: run ./mesh up, which heals it")
    cluster_lifecycle.provider_of(spec).load_images(handle, [ref])


def is_there(props: Mapping[str, Any]) -> bool:
    """Whether the cluster's nodes still have the image; a registry is trusted to keep what was pushed."""
    from clusters.engine import running_engine
    from clusters.image_loading import CTR, absent
    from clusters.kind_config import node_name

    spec = props["clusterSpec"]
    if spec["clusterProvider"] != "kind":
        return True
    engine = running_engine()
    listed = (
        engine.try_docker("exec", node_name(spec["clusterName"]), *CTR, "list", "--quiet") if engine else None
    )
    return listed is not None and not absent([str(props["reference"])], listed.split())


def build(name: str, prefix: str) -> str:
    """Have the engine hold the image of recipe `name`, and return its reference."""
    with _building:
        return _build(name, prefix)


def _build(name: str, prefix: str) -> str:
    from clusters.base_image import base_image
    from clusters.engine import ensure_engine

    engine = ensure_engine()
    ref = reference(name, prefix)
    if (engine.try_docker("images", "--quiet", ref) or "").strip():
        return ref
    if name == BASE:
        engine.docker("tag", base_image(engine), ref)
        return ref
    made = recipe(name)
    build_image(engine, made, _build(made.base, prefix), ref)
    return ref
