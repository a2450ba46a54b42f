"""Conditions on headers, sources and destinations, spellings of a path, and policies that are only tried."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.backends import Backends
from conformance.calls import Response, Target
from conformance.kubernetes import Kubernetes
from conformance.manifests import Manifests

pytestmark = pytest.mark.authorization
HERE = Path(__file__).parent
POLICY = HERE / "authorization.yaml"


def forbidden(response: Response) -> bool:
    return response.status == 403


def must_answer(target: Target, status: int, path: str = "/", headers: dict[str, str] | None = None) -> None:
    tally = target.load(10, concurrency=2, path=path, headers=headers)
    assert tally.statuses == {str(status): 10}, f"{path} {headers}: {tally}"


def test_headers(manifests: Manifests, backends: Backends) -> None:
    target = backends.service("echo-v1")
    condition = "{key: 'request.headers[x-team]', values: [blue, 'gr*', '*-ish'], notValues: [green]}"
    with manifests.applied(POLICY, action="DENY", rule=f"{{when: [{condition}]}}"):
        target.must_become(forbidden, "403 for a value denied", headers={"x-team": "blue"})
        for team in ("grey", "red-ish"):
            must_answer(target, 403, headers={"x-team": team})
        for team in ("green", "red"):
            must_answer(target, 200, headers={"x-team": team})
        must_answer(target, 200)


@pytest.mark.parametrize(
    "condition",
    [
        "key: source.namespace, values: ['${far}']",
        "key: source.principal, values: ['${trust_domain}/ns/${far}/sa/client']",
        "key: source.serviceAccount, values: ['${far}/client']",
        "key: source.namespace, notValues: ['${namespace}']",
    ],
)
def test_sources(manifests: Manifests, backends: Backends, condition: str) -> None:
    settings = backends.settings
    for name, value in (
        ("namespace", settings.namespace),
        ("far", settings.far_namespace),
        ("trust_domain", settings.trust_domain),
    ):
        condition = condition.replace(f"${{{name}}}", value)
    with manifests.applied(POLICY, action="DENY", rule=f"{{when: [{{{condition}}}]}}"):
        backends.service("echo-v1", caller=backends.far).must_become(forbidden, "403 for the source denied")
        must_answer(backends.service("echo-v1"), 200)


def test_trust_domains(manifests: Manifests, backends: Backends) -> None:
    target = backends.service("echo-v1")
    condition = f"{{key: source.trustDomain, values: ['{backends.settings.trust_domain}']}}"
    with manifests.applied(POLICY, action="DENY", rule=f"{{when: [{condition}]}}"):
        target.must_become(forbidden, "403 for the mesh's own")
    with manifests.applied(POLICY, action="DENY", rule="{when: [{key: source.trustDomain, values: [other.test]}]}"):
        target.must_become(lambda r: r.status == 200, "200 when another one is denied")


def test_server_names(manifests: Manifests, backends: Backends) -> None:
    """A sidecar asks for the service by name: the same pods are open to those who come by another service."""
    name = f"*echo-v1.{backends.settings.namespace}.svc.cluster.local"
    with manifests.applied(POLICY, action="DENY", rule=f"{{when: [{{key: connection.sni, values: ['{name}']}}]}}"):
        backends.service("echo-v1").must_become(forbidden, "403 for the name denied")
        must_answer(backends.service("echo"), 200)
    backends.settle()


def test_addresses(manifests: Manifests, backends: Backends, kubernetes: Kubernetes) -> None:
    def address(namespace: str, selector: str) -> str:
        (pod,) = kubernetes.get("pods", "-n", namespace, "-l", selector)["items"]
        return str(pod["status"]["podIP"])

    settings = backends.settings
    far = address(settings.far_namespace, "app=client")
    with manifests.applied(POLICY, action="DENY", rule=f"{{when: [{{key: source.ip, values: ['{far}']}}]}}"):
        backends.service("echo-v1", caller=backends.far).must_become(forbidden, "403 for the address denied")
        must_answer(backends.service("echo-v1"), 200)
    own = address(settings.namespace, "app=echo,version=v1")
    conditions = f"{{key: destination.ip, values: ['{own}']}}, {{key: destination.port, notValues: ['8080']}}"
    with manifests.applied(POLICY, action="DENY", rule=f"{{when: [{conditions}]}}"):
        backends.service("echo-v1", port=8081).must_become(forbidden, "403 on every port but one")
        must_answer(backends.service("echo-v1"), 200)


def test_address_of_the_first_client(manifests: Manifests, backends: Backends) -> None:
    target = backends.service("echo-v1")
    with manifests.applied(POLICY, action="DENY", rule="{when: [{key: remote.ip, values: [192.0.2.0/24]}]}"):
        target.must_become(forbidden, "403 for who called first", headers={"x-forwarded-for": "192.0.2.7"})
        must_answer(target, 200, headers={"x-forwarded-for": "198.51.100.7"})
        must_answer(target, 200)


def test_paths_by_template_and_negation(manifests: Manifests, backends: Backends) -> None:
    target = backends.service("echo-v1")
    operation = "{paths: ['/team/{*}/secret', '/deep/{**}'], notPaths: ['/deep/open*'], notMethods: [HEAD]}"
    with manifests.applied(POLICY, action="DENY", rule=f"{{to: [{{operation: {operation}}}]}}"):
        target.must_become(forbidden, "403 for what fits the template", path="/team/blue/secret")
        must_answer(target, 403, "/deep/a/b/c")
        for path in ("/team/blue/green/secret", "/team/secret", "/deep/open/a", "/deep"):
            must_answer(target, 200, path)


def test_a_path_and_a_host_have_one_spelling(manifests: Manifests, backends: Backends) -> None:
    """From a pod without a proxy, so that nobody but the server's makes the path simple."""
    target = backends.service("echo-v1", caller=backends.outside)
    rule = "{to: [{operation: {paths: [/admin]}}, {operation: {hosts: ['Hidden.test']}}]}"
    with manifests.applied(POLICY, action="DENY", rule=rule):
        target.must_become(forbidden, "403 for the path denied", path="/admin")
        for path in ("/open/../admin", "/./admin", r"/open\..\admin", "/%61dmin", "/admin?query=1"):
            must_answer(target, 403, path)
        for path in ("/admin/x", "/Admin", "/admin%2fx"):
            must_answer(target, 200, path)
        for host in ("hidden.test", "HIDDEN.TEST"):
            must_answer(target, 403, headers={"host": host})
        must_answer(target, 200, headers={"host": "shown.test"})


def test_dry_runs_and_audits_change_no_verdict(manifests: Manifests, backends: Backends) -> None:
    target = backends.service("echo-v1")
    with manifests.applied(HERE / "tried.yaml"):
        target.must_become(forbidden, "403 by the policy in force", path="/marker")
        must_answer(target, 200)


def test_without_a_provider_nobody_is_let_in(manifests: Manifests, backends: Backends) -> None:
    with manifests.applied(HERE / "custom.yaml", provider="nobody-knows-it"):
        backends.service("echo-v1").must_become(forbidden, "403 where nobody can be asked", path="/asked")
        must_answer(backends.service("echo-v2"), 200, "/asked")
    backends.service("echo-v1").must_become(lambda r: r.status == 200, "200 without the policy", path="/asked")
