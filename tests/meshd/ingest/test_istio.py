"""Istio's objects on their way into the model."""

from __future__ import annotations

import json
from typing import Any

import pytest

from meshd.ingest import istio
from meshd.ingest.kind import Rejected, WatchedKind
from meshd.ingest.watches import watched_kinds
from meshd.model.mesh import MeshConfig
from meshd.model.tables import ROUTE_RULES


def _kind(name: str) -> WatchedKind:
    return next(kind for kind in istio.watched(MeshConfig()) if kind.name == name)


def _virtual_service(spec: dict[str, Any]) -> bytes:
    metadata = {"name": "reviews", "namespace": "shop"}
    head = {"apiVersion": "networking.istio.io/v1", "kind": "VirtualService", "metadata": metadata}
    return json.dumps(head | {"spec": spec}).encode()


def test_one_watch_for_each_kind() -> None:
    paths = {kind.name: kind.path for kind in watched_kinds(MeshConfig())}
    assert paths["VirtualService"] == "/apis/networking.istio.io/v1/virtualservices"
    assert paths["AuthorizationPolicy"] == "/apis/security.istio.io/v1/authorizationpolicies"
    assert len(set(paths.values())) == len(paths)


def test_virtual_service_becomes_route_rules() -> None:
    spec = {"hosts": ["reviews"], "http": [{"route": [{"destination": {"host": "reviews"}}]}]}
    ((table, key, rules),) = _kind("VirtualService").rows(_virtual_service(spec))
    assert (table, key) == (ROUTE_RULES, "shop/reviews")
    assert rules.hosts == ("reviews.shop.svc.cluster.local",)


def test_rejects_what_does_not_decode_with_field_and_reason() -> None:
    spec = {"hosts": ["reviews"], "http": [{"timeout": 5}]}
    with pytest.raises(Rejected, match=r"VirtualService shop/reviews: spec\.http\[0\]\.timeout: "):
        _kind("VirtualService").rows(_virtual_service(spec))


def test_rejects_what_does_not_make_sense_with_field_and_reason() -> None:
    spec = {"hosts": ["reviews"], "http": [{"route": [{"destination": {"host": "a"}, "weight": -1}]}]}
    with pytest.raises(Rejected, match=r"VirtualService shop/reviews: spec\.http\[0\]"):
        _kind("VirtualService").rows(_virtual_service(spec))
