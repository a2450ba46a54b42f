"""A DestinationRule's load balancing, limits and outlier detection, judged by who answers what."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.backends import Backends
from conformance.calls import Response, Target
from conformance.convergence import eventually
from conformance.kubernetes import Kubernetes
from conformance.manifests import Manifests
from conformance.timeouts import TIMEOUTS

pytestmark = pytest.mark.destination_policy
HERE = Path(__file__).parent
REPEATS = 20
"""Two endpoints taken at random agree 20 times in a row once in half a million times."""


def answered(response: Response) -> bool:
    return response.status == 200


@pytest.mark.parametrize("key", ["httpHeaderName: x-user", "httpHeaderName: x-user, maglev: {tableSize: 1009}"])
def test_a_header_leads_to_one_endpoint(manifests: Manifests, backends: Backends, key: str) -> None:
    echo = backends.service("echo")
    with manifests.applied(HERE / "hash.yaml", key=f"{{{key}}}"):
        same = [echo.request("/", headers={"x-user": "user-0"})] * REPEATS

        def sticks() -> None:
            assert len({response.pod for response in echo.send_all(same)}) == 1, "several endpoints for one key"

        eventually(sticks, within=TIMEOUTS.config_takes_effect, what="one endpoint for one key")
        users = [echo.request("/", headers={"x-user": f"user-{number}"}) for number in range(REPEATS)]
        first = [response.pod for response in echo.send_all(users)]
        assert first == [response.pod for response in echo.send_all(users)]
        assert len(set(first)) == 2, "all keys lead to one endpoint"


def test_the_clients_address_leads_to_one_endpoint(manifests: Manifests, backends: Backends) -> None:
    echo = backends.service("echo")
    with manifests.applied(HERE / "hash.yaml", key="{useSourceIp: true}"):

        def sticks() -> None:
            assert len({response.pod for response in echo.send_all([echo.request("/")] * REPEATS)}) == 1

        eventually(sticks, within=TIMEOUTS.config_takes_effect, what="one endpoint for one client")


@pytest.mark.parametrize("ring", ["ringHash: {minimumRingSize: 64}", "minimumRingSize: 64"])
def test_a_query_parameter_leads_to_one_endpoint(manifests: Manifests, backends: Backends, ring: str) -> None:
    echo = backends.service("echo")
    with manifests.applied(HERE / "hash.yaml", key=f"{{httpQueryParameterName: user, {ring}}}"):

        def sticks() -> None:
            same = [echo.request("/?user=mara")] * REPEATS
            assert len({response.pod for response in echo.send_all(same)}) == 1, "several endpoints for one key"

        eventually(sticks, within=TIMEOUTS.config_takes_effect, what="one endpoint for one key")
        users = [echo.request(f"/?user={number}") for number in range(REPEATS)]
        assert len({response.pod for response in echo.send_all(users)}) == 2, "all keys lead to one endpoint"


def test_a_cookie_is_made_and_followed(manifests: Manifests, backends: Backends) -> None:
    echo = backends.service("echo")
    cookie = "{httpCookie: {name: session, path: /, ttl: 60s, attributes: [{name: SameSite, value: Strict}]}}"
    with manifests.applied(HERE / "hash.yaml", key=cookie):
        answer = echo.must_become(lambda r: answered(r) and "set-cookie" in r.headers, "a cookie", together=1)
        made = answer.headers["set-cookie"]
        assert made.startswith("session="), made
        assert {"SameSite=Strict", "Max-Age=60", "Path=/"} <= set(made.split("; ")), made
        again = [echo.request("/", headers={"cookie": made.partition(";")[0]})] * REPEATS
        answers = echo.send_all(again)
        assert {response.pod for response in answers} == {answer.pod}
        assert not any("set-cookie" in response.headers for response in answers), "a cookie for who has one"


THREADS = 2
"""Most worker threads that a proxy is taken to have."""


def test_what_a_full_pool_does_not_hold_is_refused(manifests: Manifests, backends: Backends) -> None:
    echo = backends.service("echo-v1")

    def burst() -> dict[str, int]:
        return dict(echo.load(10, concurrency=10, headers={"x-echo-delay": "1"}).statuses)

    assert burst() == {"200": 10}, "without limits"
    with manifests.applied(HERE / "pool.yaml"):

        def full() -> None:
            found = burst()
            # One under way and one waiting; each thread of a proxy may have a connection of its own beyond the limit.
            assert found.keys() == {"200", "503"}, str(found)
            assert 2 <= found["200"] <= 2 + THREADS, str(found)

        eventually(full, within=TIMEOUTS.config_takes_effect, what="a full pool", successes=2)


def test_requests_over_the_limit_are_refused(manifests: Manifests, backends: Backends) -> None:
    echo = backends.service("echo-v1")
    with manifests.applied(HERE / "requests.yaml"):

        def full() -> None:
            found = echo.load(10, concurrency=10, headers={"x-echo-delay": "1"}).statuses
            assert found.keys() == {"200", "503"}, str(found)
            assert 1 <= found["200"] <= THREADS, str(found)

        eventually(full, within=TIMEOUTS.config_takes_effect, what="requests over the limit", successes=2)


def must_be_taken_out(target: Target, failing_with: str) -> None:
    """Five answers of that status in a row, and the proxy has no endpoint left to ask."""

    def check() -> None:
        target.send_all([target.request("/", headers={"x-echo-status": failing_with})] * 5)
        refused = target.send()
        assert (refused.status, refused.pod) == (503, ""), str(refused)

    eventually(check, within=TIMEOUTS.config_takes_effect, what="an endpoint taken out", successes=1)


def test_only_errors_of_gateways_count_where_told(manifests: Manifests, backends: Backends) -> None:
    echo = backends.service("echo-v1")
    with manifests.applied(HERE / "gateway-errors.yaml"):
        must_be_taken_out(echo, failing_with="502")
        echo.must_become(answered, "the endpoint back")
        echo.send_all([echo.request("/", headers={"x-echo-status": "500"})] * 10)
        assert answered(echo.send()), "500 is no error of a gateway"


def test_an_endpoint_where_nobody_listens_is_taken_out(
    manifests: Manifests, backends: Backends, kubernetes: Kubernetes
) -> None:
    (pod,) = kubernetes.get("pods", "-n", backends.settings.outside_namespace, "-l", "app=client")["items"]
    target = Target(backends.client, "http://192.0.2.34", "half.test")
    with manifests.applied(HERE / "local-origin.yaml", address=pod["status"]["podIP"]):

        def check() -> None:
            found = [answer.status for answer in target.send_all([target.request()] * 20)]
            assert found == [200] * 20, str(found)

        eventually(check, within=TIMEOUTS.config_takes_effect, what="the endpoint that listens alone")


def test_an_endpoint_that_fails_is_taken_out_and_comes_back(manifests: Manifests, backends: Backends) -> None:
    echo = backends.service("echo-v1")
    with manifests.applied(HERE / "outlier.yaml"):
        must_be_taken_out(echo, failing_with="418")
        echo.must_become(answered, "the endpoint back")
        echo.send_all([echo.request("/", headers={"x-echo-status": "503"})] * 5)
        assert answered(echo.send()), "503 is not among the statuses that count"


def test_a_rule_may_be_for_clients_that_it_selects_alone(manifests: Manifests, backends: Backends) -> None:
    selected, other = backends.service("echo"), backends.service("echo", caller=backends.echo_v2)
    with manifests.applied(HERE / "selector.yaml"):

        def sticks() -> None:
            same = [selected.request("/", headers={"x-user": "mara"})] * REPEATS
            assert len({response.pod for response in selected.send_all(same)}) == 1

        eventually(sticks, within=TIMEOUTS.config_takes_effect, what="one endpoint for one key")
        of_other = [other.request("/", headers={"x-user": "mara"})] * REPEATS
        assert len({response.pod for response in other.send_all(of_other)}) == 2, "the rule acts on others too"


def sticks_at(target: Target) -> bool:
    """Whether requests of one user all get to one endpoint."""
    same = [target.request("/", headers={"x-user": "mara"})] * REPEATS
    return len({response.pod for response in target.send_all(same)}) == 1


def must_stick(target: Target) -> None:
    def check() -> None:
        assert sticks_at(target), "several endpoints for one key"

    eventually(check, within=TIMEOUTS.config_takes_effect, what="one endpoint for one key")


def test_a_port_may_have_a_policy_of_its_own(manifests: Manifests, backends: Backends) -> None:
    with manifests.applied(HERE / "ports.yaml"):
        must_stick(backends.service("echo", port=8081))
        assert not sticks_at(backends.service("echo")), "the policy acts on other ports too"


def test_a_rule_may_be_for_its_own_namespace_alone(manifests: Manifests, backends: Backends) -> None:
    with manifests.applied(HERE / "private.yaml"):
        must_stick(backends.service("echo"))
        assert not sticks_at(backends.service("echo", caller=backends.far)), "the rule acts on other namespaces too"
