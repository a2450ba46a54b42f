"""State-of-the-world requests and responses as delta's, played through without gRPC."""

import pytest
from envoy.config.route.v3 import route_components_pb2, route_pb2
from envoy.service.discovery.v3 import discovery_pb2

from meshd.model.resource import CLUSTER, ENDPOINT, ROUTE, VIRTUAL_HOST, Resource
from meshd.networking.proto import ADS, resource
from meshd.xds.sotw import Sotw
from meshd.xds.wire import MalformedRequest, Request, Response
from tests.meshd.xds.fake_proxy import NODE

ROUTES = resource("80", route_pb2.RouteConfiguration(name="80", vhds={"config_source": ADS}))


def request(type_url: str, *names: str, nonce: str = "", error: str = "") -> bytes:
    message = discovery_pb2.DiscoveryRequest(type_url=type_url, resource_names=names, response_nonce=nonce)
    message.node.id = NODE
    if error:
        message.error_detail.message = error
    return bytes(message.SerializeToString())


def host(name: str, domain: str) -> Resource:
    return resource(f"80/{name}", route_components_pb2.VirtualHost(name=f"80/{name}", domains=[domain]))


def plain(name: str) -> Resource:
    return resource(name, route_components_pb2.VirtualHost(name=name))


def sent(sotw: Sotw, response: Response) -> discovery_pb2.DiscoveryResponse:
    raw = sotw.encode(response)
    assert raw is not None
    return discovery_pb2.DiscoveryResponse.FromString(raw)


def domains(response: discovery_pb2.DiscoveryResponse) -> list[str]:
    (packed,) = response.resources
    configuration = route_pb2.RouteConfiguration.FromString(packed.value)
    assert not configuration.HasField("vhds")
    return [domain for each in configuration.virtual_hosts for domain in each.domains]


def test_names_become_what_is_asked_for_and_given_up() -> None:
    sotw = Sotw()
    assert sotw.decode(request(ENDPOINT, "a", "b")) == [Request(ENDPOINT, NODE, ("a", "b"))]
    assert sotw.decode(request(ENDPOINT, "b", "c", nonce="1")) == [Request(ENDPOINT, NODE, ("c",), ("a",), nonce="1")]


def test_whole_types_are_sent_whole_and_without_what_went() -> None:
    sotw = Sotw()
    sotw.decode(request(CLUSTER))
    assert len(sent(sotw, Response(CLUSTER, "1", (plain("a"), plain("b")))).resources) == 2
    assert len(sent(sotw, Response(CLUSTER, "2", (plain("c"),))).resources) == 3
    assert len(sent(sotw, Response(CLUSTER, "3", removed=("a",))).resources) == 2


def test_virtual_hosts_are_told_in_their_route_configuration() -> None:
    sotw = Sotw()
    assert sotw.decode(request(ROUTE, "80")) == [Request(ROUTE, NODE, ("80",)), Request(VIRTUAL_HOST)]
    assert domains(sent(sotw, Response(ROUTE, "1", (ROUTES,)))) == []
    told = sent(sotw, Response(VIRTUAL_HOST, "2", (host("a", "a"), host("b", "b"))))
    assert (told.type_url, domains(told)) == (ROUTE, ["a", "b"])
    assert sotw.decode(request(ROUTE, "80", nonce="2")) == [Request(VIRTUAL_HOST, nonce="2")]
    assert domains(sent(sotw, Response(VIRTUAL_HOST, "3", removed=("80/a",)))) == ["b"]


def test_what_was_refused_is_as_if_never_sent() -> None:
    sotw = Sotw()
    sotw.decode(request(ROUTE, "80"))
    sent(sotw, Response(ROUTE, "1", (ROUTES,)))
    sent(sotw, Response(VIRTUAL_HOST, "2", (host("a", "good"),)))
    sotw.decode(request(ROUTE, "80", nonce="2"))
    assert domains(sent(sotw, Response(VIRTUAL_HOST, "3", (host("a", "bad"), host("b", "b"))))) == ["bad", "b"]
    refusal = sotw.decode(request(ROUTE, "80", nonce="3", error="no"))
    assert refusal == [Request(VIRTUAL_HOST, nonce="3", error="no")]
    assert domains(sent(sotw, Response(VIRTUAL_HOST, "4", (host("b", "b"),)))) == ["good", "b"]


def test_what_the_client_need_not_see_is_answered_for_it() -> None:
    sotw = Sotw()
    response = Response(VIRTUAL_HOST, "1", removed=("80/none",))
    assert sotw.encode(response) is None
    assert sotw.answer(response) == Request(VIRTUAL_HOST, nonce="1")


def test_a_route_configuration_given_up_takes_its_virtual_hosts_along() -> None:
    sotw = Sotw()
    sotw.decode(request(ROUTE, "80"))
    sent(sotw, Response(ROUTE, "1", (ROUTES,)))
    sent(sotw, Response(VIRTUAL_HOST, "2", (host("a", "a"),)))
    sotw.decode(request(ROUTE, nonce="2"))
    sotw.decode(request(ROUTE, "80"))
    assert domains(sent(sotw, Response(ROUTE, "3", (ROUTES,)))) == []


def test_bytes_that_are_no_request_are_refused() -> None:
    with pytest.raises(MalformedRequest):
        Sotw().decode(b"\xff")
