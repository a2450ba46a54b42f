"""Which features of the conformance suite set which fields of Istio's API: read from the manifests beside its tests."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from msgspec import structs

from conformance.features import FEATURES
from conformance.manifests import Object, render, values_of
from meshd.api import KINDS, decode
from meshd.api.istio.message import Message
from tests.conformance.test_conformance_manifests import MORE, SETTINGS, SUITE
from tests.docs.filled_in import FILLED_IN

KIND_NAMES = frozenset(kind.kind for kind in KINDS)
SAME = (
    ("DestinationRule.subsets.trafficPolicy", "DestinationRule.trafficPolicy"),
    ("DestinationRule.trafficPolicy.portLevelSettings", "DestinationRule.trafficPolicy"),
    ("Sidecar.inboundConnectionPool", "DestinationRule.trafficPolicy.connectionPool"),
    ("Sidecar.ingress.connectionPool", "DestinationRule.trafficPolicy.connectionPool"),
    ("Sidecar.ingress.tls", "Gateway.servers.tls"),
)
"""Messages that stand in several places and mean the same in each: what is in them is to be proven in one place."""


@cache
def features_by_field() -> dict[str, frozenset[str]]:
    """The features that set each field, by its name as in SUPPORTED; values are entries too: "Kind.field=VALUE"."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for feature in FEATURES:
        for path in sorted((SUITE / feature).glob("*.yaml")):
            for item in _objects(path):
                for field in fields_of(item):
                    found[field].add(feature)
    return {field: frozenset(features) for field, features in found.items()}


def fields_of(item: Object) -> Iterator[str]:
    """Every field that an object sets, also by the name that stands for it in all places (see SAME)."""
    if item["kind"] in KIND_NAMES:
        for name in _fields(decode(item).spec, item.get("spec") or {}, item["kind"]):
            yield from dict.fromkeys((name, common(name)))


def common(name: str) -> str:
    """The name that a field shares with those which mean the same elsewhere."""
    for place, instead in SAME:
        if name.startswith(f"{place}."):
            name = instead + name.removeprefix(place)
    return name


def _objects(path: Path) -> list[Object]:
    filled_in = FILLED_IN.get(f"{path.parent.name}/{path.stem}", {})
    return render(path, {**values_of(SETTINGS), **MORE, **filled_in})


def _fields(message: Message, written: Mapping[str, Any], owner: str) -> Iterator[str]:
    """What is written counts, also where it is the default; the message tells its fields from the keys of maps."""
    for field in structs.fields(message):
        if field.encode_name in written:
            name = f"{owner}.{field.encode_name}"
            yield name
            for value, part in _pairs(getattr(message, field.name), written[field.encode_name]):
                if isinstance(value, Message):
                    yield from _fields(value, part, name)
                elif isinstance(value, str):
                    yield f"{name}={value.partition('[')[0]}"


def _pairs(value: object, written: Any) -> Iterator[tuple[object, Any]]:
    if isinstance(value, tuple):
        yield from zip(value, written, strict=True)
    elif isinstance(value, dict):
        yield from zip(value.values(), written.values(), strict=True)
    else:
        yield value, written
