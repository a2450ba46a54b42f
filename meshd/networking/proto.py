"""Small converters to protobuf's well-known types, and the packing of finished resources."""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

from envoy.service.discovery.v3 import discovery_pb2
from google.protobuf.any_pb2 import Any as ProtoAny
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.protobuf.struct_pb2 import Struct, Value
from google.protobuf.wrappers_pb2 import BoolValue, UInt32Value

from meshd.model.reference import ObjectRef
from meshd.model.resource import Resource

ADS: dict[str, Any] = {"ads": {}, "resource_api_version": "V3"}
"""ConfigSource: the aggregated stream the proxy already has."""


def any_of(message: Message) -> ProtoAny:
    value = message.SerializeToString(deterministic=True)
    return ProtoAny(type_url=f"type.googleapis.com/{message.DESCRIPTOR.full_name}", value=value)


def extension(name: str, message: Message) -> dict[str, Any]:
    """A TypedExtensionConfig (also the shape of filters, transport sockets and access loggers)."""
    return {"name": name, "typed_config": any_of(message)}


def duration(seconds: float) -> Duration:
    nanos = round(seconds * 1_000_000_000)
    return Duration(seconds=nanos // 1_000_000_000, nanos=nanos % 1_000_000_000)


def uint32(value: int) -> UInt32Value:
    return UInt32Value(value=value)


def boolean(value: bool) -> BoolValue:
    return BoolValue(value=value)


def struct(texts: Mapping[str, str]) -> Struct:
    """Each value made by itself: Struct's own `update` walks through them in Python, and every endpoint has one."""
    return Struct(fields={name: Value(string_value=text) for name, text in texts.items()})


def fraction(percent: float) -> dict[str, Any]:
    """FractionalPercent with four decimals of a percent."""
    return {"numerator": round(percent * 10_000), "denominator": "MILLION"}


def resource(name: str, message: Message, sources: Iterable[ObjectRef] = ()) -> Resource:
    """Serialise `message` once; the version is a hash of its bytes.

    https://www.envoyproxy.io/docs/envoy/latest/api-v3/service/discovery/v3/discovery.proto#service-discovery-v3-resource
    """
    packed = any_of(message)
    version = hashlib.blake2b(packed.value, digest_size=8).hexdigest()
    entry = discovery_pb2.Resource(name=name, version=version, resource=packed)
    return Resource(name, version, entry.SerializeToString(), tuple(sources))
