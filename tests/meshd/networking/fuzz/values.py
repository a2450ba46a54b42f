"""Random values that make sense in the shop, by the fields that they are for."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from msgspec import inspect

from meshd.api.istio.message import DURATION_PATTERN
from tests.meshd.networking.fuzz.spots import struct_of

Values = st.SearchStrategy[Any]

DURATIONS = st.builds("{}{}".format, st.integers(2, 50), st.sampled_from(["ms", "s", "m"]))
PATHS = st.sampled_from(["/b", "/c/d", "/other"])
HOSTS = st.sampled_from(["reviews", "frontend", "reviews.shop.svc.cluster.local", "database"])
ADDRESSES = st.sampled_from(["192.0.2.7", "10.1.0.0/16", "198.51.100.0/24"])
WORDS = st.sampled_from(["blue", "green", "red-ish"])
NAMES = st.sampled_from(["x-team", "x-user"])
LABELS = st.fixed_dictionaries({"app": st.sampled_from(["frontend", "reviews"])})

BY_NAME: dict[str, Values] = {
    "host": HOSTS,
    "subset": st.just("v1"),
    "uri": PATHS,
    "authority": st.sampled_from(["one.example", "two.example"]),
    "port": st.sampled_from([80, 9080, 5432, 5433]),
    "number": st.sampled_from([80, 9080, 5432, 5433]),
    "targetPort": st.sampled_from([8080, 9080]),
    "gateways": st.sampled_from([["mesh"], ["edge"]]),
    "exportTo": st.just(["other"]),
    "hosts": st.sampled_from([["a.example"], ["*.b.example"]]),
    "sourceNamespace": st.sampled_from(["shop", "other"]),
    "sourceSubnet": ADDRESSES,
    "destinationSubnets": ADDRESSES.map(lambda one: [one]),
    "sniHosts": st.just(["pass.example"]),
    "labels": LABELS,
    "sourceLabels": LABELS,
    "matchLabels": LABELS,
    "selector": LABELS,
    "weight": st.integers(1, 9),
    "status": st.sampled_from([200, 404, 503]),
    "httpStatus": st.sampled_from([404, 503]),
    "grpcStatus": st.sampled_from(["UNAVAILABLE", "INTERNAL"]),
    "redirectCode": st.sampled_from([302, 307, 308]),
    "retryOn": st.sampled_from(["5xx", "reset,503"]),
    "percent": st.integers(1, 99),
    "value": WORDS,
    "address": st.sampled_from(["192.0.2.1", "192.0.2.2"]),
    "addresses": st.sampled_from([["192.0.2.77"], ["198.51.100.0/24"]]),
    "locality": st.sampled_from(["eu/north", "us"]),
    "bind": st.sampled_from(["127.0.0.1", "0.0.0.0"]),
    "defaultEndpoint": st.just("127.0.0.1:8888"),
    "jwksUri": st.just("https://keys.example/jwks.json"),
    "key": st.sampled_from(["request.headers[x-team]", "source.namespace", "destination.port"]),
    "values": st.just(["9080"]),
    "ports": st.just(["9080"]),
    "notPorts": st.just(["9081"]),
    "methods": st.just(["POST"]),
    "notMethods": st.just(["PUT"]),
    "outlierDetectionHttpErrorCodes": st.just([418]),
    "credentialName": st.just("secret"),
    "cipherSuites": st.just(["ECDHE-RSA-AES128-GCM-SHA256"]),
    "expression": st.just("response.code >= 400"),
}
for _name in ("ipBlocks", "notIpBlocks", "remoteIpBlocks", "notRemoteIpBlocks"):
    BY_NAME[_name] = ADDRESSES.map(lambda one: [one])
"""For text and numbers, by the name of the field that holds them."""


def value_of(field: inspect.Field) -> Values:
    """Any but its default."""
    return _value(field.type, BY_NAME.get(field.encode_name)).filter(lambda value: value != field.default)


def message(struct: inspect.StructType) -> Values:
    """Some of its fields, at least one where it has any."""
    required = [f for f in struct.fields if f.required]
    optional = [f for f in struct.fields if not f.required]
    if not optional:
        return st.fixed_dictionaries({f.encode_name: value_of(f) for f in required})
    chosen = st.lists(st.sampled_from(optional), min_size=0 if required else 1, max_size=2, unique_by=lambda f: f.name)
    return chosen.flatmap(lambda some: st.fixed_dictionaries({f.encode_name: value_of(f) for f in (*required, *some)}))


def _value(held: inspect.Type, known: Values | None) -> Values:
    match held:
        case inspect.StructType(cls=cls):
            return st.deferred(lambda: message(struct_of(cls)))
        case inspect.UnionType(types=types):
            return _value(next(t for t in types if not isinstance(t, inspect.NoneType)), known)
        case inspect.VarTupleType(item_type=item) if known is None or _holds_message(item):
            return _value(item, known).map(lambda one: [one])
        case inspect.DictType(value_type=inner) if known is None or _holds_message(inner):
            return st.builds(lambda name, one: {name: one}, NAMES, _value(inner, None))
    if known is not None:
        return known
    match held:
        case inspect.LiteralType(values=values):
            return st.sampled_from(list(values))
        case inspect.BoolType():
            return st.booleans()
        case inspect.StrType(pattern=pattern):
            return DURATIONS if pattern == DURATION_PATTERN else WORDS
        case inspect.IntType():
            return st.integers(2, 99)
        case inspect.FloatType():
            return st.sampled_from([12.5, 40.0])
    raise TypeError(f"no values for {held}")


def _holds_message(held: inspect.Type) -> bool:
    return isinstance(held, inspect.StructType)
