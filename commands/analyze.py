"""`./mesh analyze`: what is wrong with objects, or without effect, before they are applied or as they are."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from typing import Any

import msgspec
import yaml

from commands.names import DEFAULT_NAMESPACE
from commands.objects import Json, Read, from_cluster, from_files
from meshd.api.kinds import KINDS
from meshd.model.mesh import MeshConfig
from meshd.runtime.analysis import ERROR, Analysed, analyse, is_judged, object_name
from meshd.runtime.settings import Settings
from toolchain.errors import UserError

KUBERNETES = ("services", "pods")
MESH_CONFIG = ("istio-system", "meshd", "mesh.yaml")
"""Namespace and name of the ConfigMap with meshd's settings, and its key."""


def run(options: argparse.Namespace) -> int:
    """1 when some object would be refused, else 0. Raises UserError."""
    if not options.files and not options.namespace and not options.all_namespaces:
        raise UserError("say what to judge: files, -n NAMESPACE, or -A for the whole cluster")
    read = from_files(options.folder, options.files, options.namespace or DEFAULT_NAMESPACE)
    others: list[Json] = []
    mesh = MeshConfig()
    if options.namespace or options.all_namespaces:
        others, mesh = from_cluster(_kinds()), _mesh_config()
        if not options.files:
            read = [Read(item, "") for item in others if options.all_namespaces or _is_in(item, options.namespace)]
    places = {object_name(each.item): each.place for each in read}
    judged = with_ages([each.item for each in read], others)
    found = analyse(judged, [item for item in others if object_name(item) not in places], mesh)
    print(json.dumps(_as_json(found, places), indent=2) if options.output == "json" else as_text(found, places))
    return 1 if any(each.severity == ERROR for each in found) else 0


def with_ages(judged: Sequence[Json], others: Sequence[Json]) -> list[Json]:
    """`judged`, each as old as the object of its name in `others`: of rules for one host the oldest counts."""
    ages = {object_name(item): item["metadata"].get("creationTimestamp") for item in others}
    return [
        {**item, "metadata": {"creationTimestamp": age, **item["metadata"]}}
        if (age := ages.get(object_name(item)))
        else item
        for item in judged
    ]


def as_text(found: Sequence[Analysed], places: dict[str, str]) -> str:
    """A line for each finding, and how many there are."""
    lines = [f"{each.severity:<7}  {_where(each, places)}: {each.field}: {each.reason}" for each in found]
    errors = sum(each.severity == ERROR for each in found)
    return "\n".join([*lines, f"{errors} errors, {len(found) - errors} warnings in {len(places)} objects"])


def _where(each: Analysed, places: dict[str, str]) -> str:
    place = places.get(each.object)
    return f"{each.object} ({place})" if place else each.object


def _as_json(found: Sequence[Analysed], places: dict[str, str]) -> list[dict[str, Any]]:
    return [{**msgspec.to_builtins(each), "file": places.get(each.object, "")} for each in found]


def _is_in(item: Json, namespace: str) -> bool:
    return is_judged(item) and bool(item["metadata"]["namespace"] == namespace)


def _kinds() -> list[str]:
    return [*KUBERNETES, *(kind.crd_name for kind in KINDS)]


def _mesh_config() -> MeshConfig:
    """The settings of the cluster's meshd."""
    namespace, name, key = MESH_CONFIG
    for item in from_cluster(["configmaps"]):
        if (item["metadata"]["namespace"], item["metadata"]["name"]) == (namespace, name):
            return msgspec.convert(yaml.safe_load(item["data"][key]), Settings).mesh
    raise UserError("the cluster has no mesh: ./mesh up, or judge files alone, without -n and -A")
