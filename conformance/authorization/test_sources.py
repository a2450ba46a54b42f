"""Who may do what by each way to name the source of a request, and by what it does not ask for."""

from __future__ import annotations

from pathlib import Path
from string import Template

import pytest

from conformance.authorization.test_conditions import forbidden, must_answer
from conformance.backends import Backends
from conformance.kubernetes import Kubernetes
from conformance.manifests import Manifests

pytestmark = pytest.mark.authorization
POLICY = Path(__file__).parent / "authorization.yaml"


def names(backends: Backends, kubernetes: Kubernetes) -> dict[str, str]:
    """What the rules below name: the two clients' namespaces and addresses, and the trust domain."""

    def address(namespace: str) -> str:
        (pod,) = kubernetes.get("pods", "-n", namespace, "-l", "app=client")["items"]
        return str(pod["status"]["podIP"])

    near, far = backends.settings.namespace, backends.settings.far_namespace
    return {
        "near": near,
        "far": far,
        "near_ip": address(near),
        "far_ip": address(far),
        "domain": backends.settings.trust_domain,
    }


@pytest.mark.parametrize(
    "source",
    [
        "notPrincipals: ['${domain}/ns/${near}/sa/client']",
        "notNamespaces: ['${near}']",
        "serviceAccounts: ['${far}/client']",
        "notServiceAccounts: ['${near}/client']",
        "ipBlocks: ['${far_ip}/32']",
        "notIpBlocks: ['${near_ip}']",
        "trustDomains: ['${domain}'], namespaces: ['${far}']",
        "notTrustDomains: [other.test], namespaces: ['${far}']",
    ],
)
def test_one_client_is_shut_out(manifests: Manifests, backends: Backends, kubernetes: Kubernetes, source: str) -> None:
    source = Template(source).substitute(names(backends, kubernetes))
    with manifests.applied(POLICY, action="DENY", rule=f"{{from: [{{source: {{{source}}}}}]}}"):
        backends.service("echo-v1", caller=backends.far).must_become(forbidden, "403 for the source denied")
        must_answer(backends.service("echo-v1"), 200)


@pytest.mark.parametrize("source", ["trustDomains: [other.test]", "notTrustDomains: ['${domain}']"])
def test_nobody_of_the_trust_domain_is_shut_out_with_others(
    manifests: Manifests, backends: Backends, source: str
) -> None:
    source = Template(source).substitute(domain=backends.settings.trust_domain)
    rule = f"{{from: [{{source: {{{source}}}}}]}}, {{to: [{{operation: {{paths: [/marker]}}}}]}}"
    with manifests.applied(POLICY, action="DENY", rule=rule):
        backends.service("echo-v1").must_become(forbidden, "403 by the second rule", path="/marker")
        must_answer(backends.service("echo-v1"), 200)


@pytest.mark.parametrize("source", ["remoteIpBlocks: [192.0.2.0/24]", "notRemoteIpBlocks: [198.51.100.0/24]"])
def test_the_first_client_is_shut_out(manifests: Manifests, backends: Backends, source: str) -> None:
    target = backends.service("echo-v1")
    with manifests.applied(POLICY, action="DENY", rule=f"{{from: [{{source: {{{source}}}}}]}}"):
        target.must_become(forbidden, "403 for who called first", headers={"x-forwarded-for": "192.0.2.7"})
        must_answer(target, 200, headers={"x-forwarded-for": "198.51.100.7"})


def test_all_hosts_or_ports_but_one_are_shut(manifests: Manifests, backends: Backends) -> None:
    target = backends.service("echo-v1", caller=backends.outside)
    with manifests.applied(POLICY, action="DENY", rule="{to: [{operation: {notHosts: [open.test]}}]}"):
        target.must_become(forbidden, "403 for another host")
        must_answer(target, 200, headers={"host": "open.test"})
    with manifests.applied(POLICY, action="DENY", rule="{to: [{operation: {notPorts: ['8080']}}]}"):
        backends.service("echo-v1", caller=backends.outside, port=8081).must_become(forbidden, "403 on another port")
        must_answer(target, 200)
