"""Bytes of the delta protocol. Responses are put together from resources that were serialised once.

A DeltaDiscoveryResponse is `resources`, `type_url` and `removed_resources`, the same for every proxy that
gets the same update, followed by the `nonce` of one stream. Protobuf lets fields come in any order, so only
the nonce is written anew.
"""

from collections import OrderedDict
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from envoy.service.discovery.v3 import discovery_pb2
from google.protobuf.message import DecodeError

from meshd.model.resource import Resource

_RESOURCES, _TYPE_URL, _NONCE, _REMOVED = 2, 4, 5, 6
"""Field numbers of DeltaDiscoveryResponse."""

CACHE_BYTES = 8 * 1024 * 1024


class MalformedRequest(Exception):
    """Bytes that are no DeltaDiscoveryRequest."""


class Request(NamedTuple):
    """A DeltaDiscoveryRequest. `error` is None unless the proxy refused the response `nonce`."""

    type_url: str
    node_id: str = ""
    subscribe: tuple[str, ...] = ()
    unsubscribe: tuple[str, ...] = ()
    known: Mapping[str, str] = MappingProxyType({})
    """initial_resource_versions: what the proxy holds from an earlier stream."""
    nonce: str = ""
    error: str | None = None


class Response(NamedTuple):
    """A DeltaDiscoveryResponse."""

    type_url: str
    nonce: str
    resources: tuple[Resource, ...] = ()
    removed: tuple[str, ...] = ()


def decode_request(raw: bytes) -> Request:
    """Raises MalformedRequest. Fields that are not there are not asked for: an ACK has two, and there are many."""
    try:
        message = discovery_pb2.DeltaDiscoveryRequest.FromString(raw)
    except DecodeError as error:
        raise MalformedRequest(str(error)) from None
    has = {field.name: value for field, value in message.ListFields()}
    return Request(
        has.get("type_url", ""),
        has["node"].id if "node" in has else "",
        tuple(has.get("resource_names_subscribe", ())),
        tuple(has.get("resource_names_unsubscribe", ())),
        dict(has.get("initial_resource_versions", ())),
        has.get("response_nonce", ""),
        has["error_detail"].message or "no detail" if "error_detail" in has else None,
    )


class Delta:
    """The dialect of delta ADS."""

    def __init__(self, encoder: "Encoder") -> None:
        self._encoder = encoder

    def decode(self, raw: bytes) -> list[Request]:
        """One request. Raises MalformedRequest."""
        return [decode_request(raw)]

    def encode(self, response: Response) -> bytes:
        return self._encoder.encode(response)

    def answer(self, response: Response) -> Request:
        return Request(response.type_url, nonce=response.nonce)


def decode_resource(resource: Resource) -> dict[str, Any]:
    """What a resource says, as JSON with Envoy's field names."""
    from google.protobuf import json_format  # only for people who look

    entry = discovery_pb2.Resource.FromString(resource.entry)
    decoded: dict[str, Any] = json_format.MessageToDict(entry.resource, preserving_proto_field_name=True)
    return decoded


class Encoder:
    """Responses to bytes; the part that streams have in common is made once and shared.

    Streams share resources as objects, so that these tell responses apart without being looked at. A body is kept with
    its resources: while it is there no other object can take their identity.
    """

    def __init__(self, cache_bytes: int = CACHE_BYTES) -> None:
        self._bodies: OrderedDict[tuple[object, ...], tuple[bytes, tuple[Resource, ...]]] = OrderedDict()
        self._room = cache_bytes

    def encode(self, response: Response) -> bytes:
        return self._body(response) + _text(_NONCE, response.nonce)

    def _body(self, response: Response) -> bytes:
        key = (response.type_url, tuple(map(id, response.resources)), response.removed)
        kept = self._bodies.get(key)
        if kept is None:
            return self._keep(key, _encode_body(response), response.resources)
        self._bodies.move_to_end(key)
        return kept[0]

    def _keep(self, key: tuple[object, ...], body: bytes, resources: tuple[Resource, ...]) -> bytes:
        self._bodies[key] = body, resources
        self._room -= len(body)
        while self._room < 0:
            _, (dropped, _) = self._bodies.popitem(last=False)
            self._room += len(dropped)
        return body


def _encode_body(response: Response) -> bytes:
    parts: list[bytes] = []
    for resource in response.resources:
        parts += (_header(_RESOURCES, len(resource.entry)), resource.entry)
    parts.append(_text(_TYPE_URL, response.type_url))
    parts += (_text(_REMOVED, name) for name in response.removed)
    return b"".join(parts)


def _text(number: int, value: str) -> bytes:
    data = value.encode()
    return _header(number, len(data)) + data


def _header(number: int, length: int) -> bytes:
    """Tag of a length-delimited field and its length as a varint (protobuf encoding, wire type 2)."""
    encoded = bytearray((number << 3 | 2,))
    while length > 0x7F:
        encoded.append(length & 0x7F | 0x80)
        length >>= 7
    encoded.append(length)
    return bytes(encoded)
