"""The simulator is right: a real Envoy does the same with the same configuration and requests."""

from collections.abc import Iterator

import pytest

from tests.meshd.networking.mesh_of import resources_of
from tests.meshd.networking.simulator.actions import weighted
from tests.meshd.networking.simulator.cases import CLIENT, TOPICS, Topic, engine_with, virtual_service
from tests.meshd.networking.simulator.proxy import Proxy
from tests.meshd.networking.simulator.real_envoy import Answer, RealEnvoy, real_envoy
from tests.meshd.networking.simulator.request import Outcome, Request

COUNTED = "counted"
PROXIES = {topic.name: resources_of(topic.engine(), CLIENT) for topic in TOPICS}


@pytest.fixture(scope="module")
def envoy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealEnvoy]:
    match = {"uri": {"prefix": "/counted"}, "statPrefix": "seen"}
    to_reviews = {"route": [{"destination": {"host": "reviews"}}]}
    counted = engine_with(virtual_service([{"match": [match], **to_reviews}, to_reviews]))
    proxies = {**PROXIES, COUNTED: resources_of(counted, CLIENT)}
    with real_envoy(proxies, tmp_path_factory.mktemp("envoy")) as running:
        yield running


def must_agree(predicted: Outcome, answer: Answer) -> None:
    """`predicted` names one cluster at most."""
    assert {name: answer.headers.get(name) for name in predicted.response_headers} == predicted.response_headers
    if not predicted.clusters:
        assert answer.status == predicted.status
        assert not predicted.location or answer.headers["location"] == predicted.location
        assert answer.body == predicted.body
        return
    assert answer.cluster in predicted.clusters
    arrived = answer.arrived
    assert arrived["path"] == predicted.path
    assert arrived["headers"]["host"] == predicted.host
    own = ("x-forwarded-proto", "x-request-id", "x-envoy")
    sent = {name: value for name, value in arrived["headers"].items() if not name.startswith(own) and name != "host"}
    assert sent == predicted.headers


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.name)
def test_envoy_does_as_predicted(topic: Topic, envoy: RealEnvoy) -> None:
    proxy = Proxy(PROXIES[topic.name])
    for request, _ in topic.cases:
        answer, predicted = envoy.send(topic.name, request), proxy.send(request)
        if len(predicted.clusters) > 1:
            assert answer.cluster in predicted.clusters, f"{request}"
            route = proxy.route_of(request)
            assert route is not None
            predicted = weighted(route, request, answer.cluster)
        try:
            must_agree(predicted, answer)
        except AssertionError as wrong:
            raise AssertionError(f"{request}: {wrong}") from None


def test_only_routes_with_a_prefix_of_their_own_are_counted(envoy: RealEnvoy) -> None:
    for path in ("/counted", "/counted/more", "/other"):
        assert envoy.send(COUNTED, Request("reviews", 9080, path)).status == 200
    found = envoy.statistics("^vhost")
    prefix = "vhost.9080/reviews.shop.svc.cluster.local.route.seen."
    assert {name for name in found if not name.startswith(prefix)} == set()
    assert found[f"{prefix}upstream_rq_200"] == 2
