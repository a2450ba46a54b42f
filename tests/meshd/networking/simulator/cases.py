"""The cases of cases.yaml and the mesh that each topic's rules make."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from meshd.networking.engine import Engine
from tests.meshd.networking.mesh_of import MESHES, engine_of
from tests.meshd.networking.simulator.request import Request

CLIENT = "shop/frontend-1"


@dataclass(frozen=True)
class Topic:
    """Rules for the host `reviews`, and lines of `request -> outcome`."""

    name: str
    http: list[dict[str, Any]]
    cases: tuple[tuple[Request, str], ...]

    def engine(self) -> Engine:
        return engine_with(virtual_service(self.http))


def virtual_service(http: list[dict[str, Any]], **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "networking.istio.io/v1",
        "kind": "VirtualService",
        "metadata": {"name": "reviews", "namespace": "shop"},
        "spec": {"hosts": ["reviews"], "http": http, **spec},
    }


def engine_with(*objects: dict[str, Any]) -> Engine:
    return engine_of("\n---\n".join(((MESHES / "shop.yaml").read_text(), *map(json.dumps, objects))))


def _case(line: str) -> tuple[Request, str]:
    request, _, outcome = line.partition("->")
    return Request.parse(request), " ".join(outcome.split())


TOPICS = tuple(
    Topic(name, topic["http"], tuple(map(_case, topic["cases"].splitlines())))
    for name, topic in yaml.safe_load((Path(__file__).parent / "cases.yaml").read_text()).items()
)
