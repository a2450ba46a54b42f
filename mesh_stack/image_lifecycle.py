"""Builds an image and hands it to the cluster. Works on plain properties, as Pulumi hands them over."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Any

from mesh_stack import cluster_lifecycle
from mesh_stack.recipes import BASE, base_digest, recipe
from toolchain.errors import UserError

PUSH_SECONDS = 1800
IMAGES = ("base", "meshd", "proxy", "prometheus", "zipkin", "shop")
OUTPUTS = ("recipe", "reference", "cluster", "clusterSpec")


# Pulumi makes several images at once: whoever comes first makes them all.
_making = threading.Lock()


def reference(name: str, prefix: str) -> str:
    """Reference of the image that recipe `name` makes, known before it is made."""
    tag = base_digest() if name == BASE else recipe(name).digest
    return f"{prefix}/{name}:{tag}"


def create(props: Mapping[str, Any]) -> dict[str, Any]:
    """Have the engine and the cluster hold the image. Returns the resource's outputs.

    All images go in one stream, in which the layers they share travel once; those there already cost nothing.
    """
    ref = str(props["reference"])
    prefix = ref.rpartition("/")[0]
    with _making:
        made = [build(name, prefix) for name in IMAGES]
        if ref not in made:
            raise UserError(f"image {ref} is not what the code makes any more: run pulumi up again")
        hand_over(made, props["clusterSpec"])
    return {key: props[key] for key in OUTPUTS}


def hand_over(refs: Sequence[str], spec: Mapping[str, Any]) -> None:
    """Bring built images to where the cluster's nodes find it."""
    from clusters.engine import ensure_engine

    if spec["clusterProvider"] == "gke":
        for ref in refs:
            ensure_engine().docker("push", ref, timeout=PUSH_SECONDS)
        return
    handle = cluster_lifecycle.handle_of(spec)
    if handle is None:
        raise UserError(f"cluster {spec['clusterName']} does not answer: run ./mesh up, which heals it")
    cluster_lifecycle.provider_of(spec).load_images(handle, refs)


def is_there(props: Mapping[str, Any]) -> bool:
    """Whether the cluster's nodes still have the image; a registry is trusted to keep what was pushed."""
    from clusters.engine import running_engine
    from clusters.image_loading import CTR, absent
    from clusters.kind_config import node_name

    spec = props["clusterSpec"]
    if spec["clusterProvider"] != "kind":
        return True
    engine = running_engine()
    listed = engine.try_docker("exec", node_name(spec["clusterName"]), *CTR, "list", "--quiet") if engine else None
    return listed is not None and not absent([str(props["reference"])], listed.split())


def build(name: str, prefix: str) -> str:
    """Have the engine hold the image of recipe `name`, and return its reference."""
    from clusters.base_image import base_image
    from clusters.engine import ensure_engine
    from clusters.images import build_image

    engine = ensure_engine()
    ref = reference(name, prefix)
    if (engine.try_docker("images", "--quiet", ref) or "").strip():
        return ref
    if name == BASE:
        made = base_image(engine)
    else:
        wanted = recipe(name)
        below = build(wanted.base, prefix)
        made = build_image(name, wanted.files(), base=below, config=wanted.config(), prefix=prefix)
    # Under the name that was known beforehand: nobody needs to hash an image's files to know whether it is there.
    engine.docker("tag", made, ref)
    return ref
