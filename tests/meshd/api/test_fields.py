"""Every message of Istio's API has its struct with the same fields of the same types."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from msgspec import inspect

from meshd.api.istio.message import DURATION_PATTERN
from meshd.api.kinds import KINDS, Kind

from .proto_fields import ProtoApi, ProtoMessage, json_name, read_proto_api

SCALARS: dict[str, type[inspect.Type]] = {
    "string": inspect.StrType,
    "bytes": inspect.StrType,
    "bool": inspect.BoolType,
    "double": inspect.FloatType,
    "google.protobuf.BoolValue": inspect.BoolType,
    "google.protobuf.DoubleValue": inspect.FloatType,
    "google.protobuf.Duration": inspect.StrType,
    **dict.fromkeys(("int32", "uint32", "uint64"), inspect.IntType),
    **{f"google.protobuf.{name}Value": inspect.IntType for name in ("Int32", "UInt32", "UInt64")},
}
# Of istio.type, whose protos are not in the list: label selectors and references of policies.
OUTSIDE = {
    "istio.type.v1beta1.WorkloadSelector": {"matchLabels"},
    "istio.type.v1beta1.PolicyTargetReference": {"group", "kind", "name", "namespace"},
}
AS_IN_PROTO = frozenset({"mirror_percent"})
"""Fields that Istio's CRDs have under both names: those that its protos mark with `altName`."""


@pytest.fixture(scope="module")
def proto_api() -> ProtoApi:
    return read_proto_api()


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.kind)
def test_struct_has_every_field_of_its_proto(proto_api: ProtoApi, kind: Kind) -> None:
    differences = list(compare(proto_api, proto_api.message(kind.kind), inspect.type_info(kind.spec), kind.kind))
    assert differences == []


def test_no_message_of_the_list_is_left_out(proto_api: ProtoApi) -> None:
    reached: set[int] = set()
    for kind in KINDS:
        _reach(proto_api, proto_api.message(kind.kind), reached)
    left_out = [m.name for file in proto_api.files.values() for m in _all(file) if id(m) not in reached]
    assert left_out == []


def _all(message: ProtoMessage) -> Iterator[ProtoMessage]:
    for inner in message.inner.values():
        yield inner
        yield from _all(inner)


def _reach(api: ProtoApi, message: ProtoMessage, reached: set[int]) -> None:
    if id(message) in reached:
        return
    reached.add(id(message))
    for type_name in message.fields.values():
        found = api.find(_element(type_name)[1], message)
        if isinstance(found, ProtoMessage):
            _reach(api, found, reached)


def _element(type_name: str) -> tuple[str, str]:
    """("list", "string") for "repeated string"; also ("map", …) and ("", …)."""
    if type_name.startswith("repeated "):
        return "list", type_name.removeprefix("repeated ")
    if type_name.startswith("map<"):
        return "map", type_name.removeprefix("map<").removesuffix(">").partition(", ")[2]
    return "", type_name


def compare(api: ProtoApi, proto: ProtoMessage, info: inspect.Type, path: str) -> Iterator[str]:
    """Every difference between a message of the list and a struct."""
    assert isinstance(info, inspect.StructType), f"{path} is no message"
    structs = {field.encode_name: field.type for field in info.fields}
    names = {json_name(name): type_name for name, type_name in proto.fields.items()}
    names |= {name: type_name for name, type_name in proto.fields.items() if name in AS_IN_PROTO}
    if structs.keys() != names.keys():
        yield f"{path}: {sorted(structs.keys() ^ names.keys())}"
    for name in structs.keys() & names.keys():
        yield from _compare_field(api, proto, names[name], structs[name], f"{path}.{name}")


def _compare_field(api: ProtoApi, proto: ProtoMessage, proto_type: str, info: inspect.Type, path: str) -> Iterator[str]:
    shape, element = _element(proto_type)
    if isinstance(info, inspect.UnionType):
        info = next(t for t in info.types if not isinstance(t, inspect.NoneType))
    wrapper = {"list": inspect.VarTupleType, "map": inspect.DictType}.get(shape)
    if wrapper is not None:
        if not isinstance(info, wrapper):
            yield f"{path} should be a {shape}"
            return
        info = info.item_type if isinstance(info, inspect.VarTupleType) else info.value_type
    found = api.find(element, proto)
    if isinstance(found, ProtoMessage):
        yield from compare(api, found, info, path)
    elif isinstance(found, list):
        if not isinstance(info, inspect.LiteralType) or set(info.values) != set(found):
            yield f"{path} should be one of {found}"
    elif element in OUTSIDE:
        assert isinstance(info, inspect.StructType)
        if {field.encode_name for field in info.fields} != OUTSIDE[element]:
            yield f"{path} should have {OUTSIDE[element]}"
    elif not isinstance(info, SCALARS[element]):
        yield f"{path} should be {element}"
    elif element == "google.protobuf.Duration" and getattr(info, "pattern", None) != DURATION_PATTERN:
        yield f"{path} should be a duration"


def field_names(kind: Kind) -> Iterator[str]:
    """Every field of a kind as "Kind.field.inner"."""
    yield from _field_names(inspect.type_info(kind.spec), kind.kind)


def _field_names(info: inspect.Type, path: str) -> Iterator[str]:
    if isinstance(info, inspect.UnionType):
        info = info.types[0] if not isinstance(info.types[0], inspect.NoneType) else info.types[1]
    if isinstance(info, inspect.VarTupleType):
        yield from _field_names(info.item_type, path)
    elif isinstance(info, inspect.DictType):
        yield from _field_names(info.value_type, path)
    elif isinstance(info, inspect.StructType):
        for field in info.fields:
            yield f"{path}.{field.encode_name}"
            yield from _field_names(field.type, f"{path}.{field.encode_name}")


def test_comparison_notices_a_lost_field(proto_api: ProtoApi) -> None:
    proto = ProtoMessage("PortSelector", fields={"number": "uint32", "name": "string"})
    struct = next(kind for kind in KINDS if kind.kind == "PeerAuthentication").spec
    assert list(compare(proto_api, proto, inspect.type_info(struct), "X")) != []
