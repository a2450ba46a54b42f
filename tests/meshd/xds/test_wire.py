"""The bytes made by hand are what protobuf reads, and streams share them."""

import pytest
from envoy.config.route.v3 import route_components_pb2
from envoy.service.discovery.v3 import discovery_pb2
from hypothesis import given
from hypothesis import strategies as st

from meshd.model.resource import VIRTUAL_HOST
from meshd.networking.proto import resource
from meshd.xds.wire import Encoder, MalformedRequest, Request, Response, decode_request

NAMES = st.text(min_size=1, max_size=300)


@given(names=st.lists(NAMES, unique=True, max_size=5), removed=st.lists(NAMES, max_size=5), nonce=st.text())
def test_protobuf_reads_what_the_encoder_writes(names: list[str], removed: list[str], nonce: str) -> None:
    resources = [resource(n, route_components_pb2.VirtualHost(name=n, domains=[n] * 3)) for n in names]
    raw = Encoder().encode(Response(VIRTUAL_HOST, nonce, tuple(resources), tuple(removed)))
    message = discovery_pb2.DeltaDiscoveryResponse.FromString(raw)
    assert (message.type_url, message.nonce) == (VIRTUAL_HOST, nonce)
    assert list(message.removed_resources) == removed
    assert [(r.name, r.version) for r in message.resources] == [(r.name, r.version) for r in resources]


def test_the_same_update_is_put_together_once_for_all_streams() -> None:
    encoder = Encoder()
    made = resource("80/a", route_components_pb2.VirtualHost(name="80/a"))
    bodies = {id(encoder._body(Response(VIRTUAL_HOST, str(n), (made,)))) for n in range(3)}
    assert len(bodies) == 1
    other = resource("80/a", route_components_pb2.VirtualHost(name="80/a", domains=["a"]))
    assert id(encoder._body(Response(VIRTUAL_HOST, "4", (other,)))) not in bodies


def test_the_cache_of_bodies_is_bounded() -> None:
    encoder = Encoder(cache_bytes=1000)
    for number in range(100):
        name = f"80/{number}"
        encoder.encode(Response(VIRTUAL_HOST, "1", (resource(name, route_components_pb2.VirtualHost(name=name)),)))
    assert sum(len(body) for body, _ in encoder._bodies.values()) <= 1000


def test_requests_are_decoded() -> None:
    message = discovery_pb2.DeltaDiscoveryRequest(
        type_url=VIRTUAL_HOST,
        resource_names_subscribe=["a"],
        resource_names_unsubscribe=["b"],
        initial_resource_versions={"c": "1"},
        response_nonce="7",
    )
    message.node.id = "n"
    assert decode_request(message.SerializeToString()) == Request(VIRTUAL_HOST, "n", ("a",), ("b",), {"c": "1"}, "7")
    message.error_detail.message = "no"
    assert decode_request(message.SerializeToString()).error == "no"
    with pytest.raises(MalformedRequest):
        decode_request(b"\xff\xff\xff")
