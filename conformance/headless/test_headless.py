"""Services without a virtual address, and those whose endpoints or names are given by hand."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.backends import Backends, GatewayEntrance
from conformance.calls import Response
from conformance.convergence import eventually
from conformance.kubernetes import Kubernetes
from conformance.manifests import Manifests
from conformance.mtls.xfcc import HEADER, last_caller
from conformance.settings import Settings
from conformance.timeouts import TIMEOUTS

pytestmark = pytest.mark.headless
HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def services(
    kubernetes: Kubernetes, settings: Settings, manifests: Manifests, backends: Backends
) -> Iterator[Backends]:
    namespace, _, pod = backends.outside.name.partition("/")
    outside_ip = kubernetes.get("pod", pod, "-n", namespace)["status"]["podIP"]
    with manifests.applied(HERE / "headless.yaml", outside_ip=outside_ip):
        limit = f"--timeout={TIMEOUTS.pods_ready:g}s"
        rollout = ("rollout", "status", "statefulset/store", "-n", settings.namespace, limit)
        kubernetes.kubectl(*rollout, timeout=TIMEOUTS.pods_ready + TIMEOUTS.kubectl)
        yield backends


def meshed(response: Response) -> bool:
    return response.status == 200 and HEADER in response.seen["headers"]


@pytest.mark.parametrize("pod", ["store-0", "store-1"])
def test_a_pod_of_a_stateful_set_is_reached_by_its_name(services: Backends, pod: str) -> None:
    answer = services.service(f"{pod}.store", port=8080).must_become(
        lambda r: meshed(r) and r.pod == pod, f"{pod} answering by mutual TLS"
    )
    assert last_caller(answer.seen["headers"]) == services.spiffe_id("client")
    assert answer.seen["headers"].get("x-store") == "told", "the rule for the service acts on its pods' names"


@pytest.mark.parametrize("pod", ["store-0", "store-1"])
def test_tcp_reaches_the_pod_that_was_looked_up(services: Backends, pod: str) -> None:
    target = services.service(f"{pod}.store", port=9000, scheme="tcp")

    def check() -> None:
        found = [response.body for response in target.send_all([target.request(body="hello")] * 4)]
        assert all(text.startswith(f"{pod} ") for text in found), str(found)

    eventually(check, within=TIMEOUTS.config_takes_effect, what=f"TCP reaching {pod}")


def test_the_services_name_stands_for_any_pod_and_its_rules_hold(services: Backends) -> None:
    target = services.service("store", port=8080)
    target.must_become(lambda r: meshed(r) and r.pod in ("store-0", "store-1"), "a pod answering")
    assert target.send("/elsewhere").version == "v2"


def test_the_gateway_spreads_requests_over_the_pods(
    services: Backends, gateway: GatewayEntrance, manifests: Manifests
) -> None:
    with manifests.applied(HERE / "gateway-store.yaml"):
        target = gateway.host("store")
        target.must_become(lambda r: r.status == 200, "a pod answering through the gateway")
        tally = target.load(40, by="x-echo-pod")
        assert set(tally.values) == {"store-0", "store-1"}, str(tally)


def test_an_external_name_is_another_name_of_the_service(services: Backends) -> None:
    answer = services.service("other-name").must_become(
        lambda r: meshed(r) and r.version == "v1", "the service answering by mutual TLS"
    )
    assert last_caller(answer.seen["headers"]) == services.spiffe_id("client")


def test_endpoints_may_be_listed_by_hand(services: Backends) -> None:
    services.service("by-hand").must_become(
        lambda r: r.status == 200 and r.pod.startswith("client-"), "the pod outside answering"
    )
    target = services.service("by-hand", port=9000, scheme="tcp")
    assert target.send(body="hello").body.startswith("client-")


def test_a_service_may_be_for_its_own_namespace_alone(services: Backends) -> None:
    services.service("private").must_become(meshed, "mutual TLS from its own namespace")
    answer = services.service("private", caller=services.far).send()
    assert answer.status == 200, str(answer)
    assert HEADER not in answer.seen["headers"], "the other namespace's proxy knows the service"
