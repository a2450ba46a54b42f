"""What becomes of requests, as the simulator predicts it."""

import pytest

from tests.meshd.networking.mesh_of import resources_of
from tests.meshd.networking.simulator.actions import weighted
from tests.meshd.networking.simulator.cases import CLIENT, TOPICS, Topic
from tests.meshd.networking.simulator.proxy import Proxy
from tests.meshd.networking.simulator.request import Request

BY_NAME = {topic.name: topic for topic in TOPICS}


def proxy_under(topic: Topic) -> Proxy:
    return Proxy(resources_of(topic.engine(), CLIENT))


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.name)
def test_requests_go_where_the_rules_say(topic: Topic) -> None:
    proxy = proxy_under(topic)
    wrong = [
        f"{request}: {found} instead of {outcome}"
        for request, outcome in topic.cases
        if (found := str(proxy.send(request))) != outcome
    ]
    assert not wrong, "\n".join(wrong)


def test_a_rules_headers_reach_the_destination_and_the_client() -> None:
    sent = {"x-set": "old", "x-added": "old", "x-gone": "a", "x-kept": "b"}
    outcome = proxy_under(BY_NAME["operations"]).send(Request("reviews", 9080, "/rule", headers=sent))
    assert outcome.headers == {"x-set": "new", "x-added": "old,new", "x-kept": "b"}
    assert outcome.response_headers == {"x-answered": "yes"}


def test_a_single_destinations_headers_come_last() -> None:
    outcome = proxy_under(BY_NAME["operations"]).send(Request("reviews", 9080, "/destination"))
    assert outcome.headers == {"x-set": "destination", "x-added": "rule,destination"}
    assert outcome.response_headers == {"x-answered": "destination"}


def test_of_several_destinations_each_has_headers_of_its_own_and_the_rules_come_last() -> None:
    proxy, request = proxy_under(BY_NAME["operations"]), Request("reviews", 9080, "/split", headers={"x-gone": "a"})
    route = proxy.route_of(request)
    assert route is not None
    reviews = weighted(route, request, "outbound|9080||reviews.shop.svc.cluster.local")
    frontend = weighted(route, request, "outbound|80||frontend.shop.svc.cluster.local")
    assert reviews.host == "reviews.example"
    assert reviews.headers == {"x-set": "rule", "x-added": "reviews,rule"}
    assert frontend.host == "reviews"
    assert frontend.headers == {"x-set": "rule", "x-added": "frontend,rule", "x-gone": "a"}
    assert frontend.response_headers == {"x-answered": "frontend"}


def test_answers_of_the_proxy_carry_headers() -> None:
    outcome = proxy_under(BY_NAME["answers"]).send(Request("reviews", 9080, "/text"))
    assert outcome.response_headers == {"x-kind": "teapot", "x-more": "100%"}


def test_copies_go_to_mirrors() -> None:
    outcome = proxy_under(BY_NAME["destinations"]).send(Request("reviews", 9080, "/mirror"))
    assert outcome.mirrors == ("outbound|80||frontend.shop.svc.cluster.local",)
