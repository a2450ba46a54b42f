"""Who may do what: 403 for those a policy shuts out, 200 for the others, on the same policy.

Each test waits for the side that the policy changes and then judges the other side on a count, at once.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.backends import Backends
from conformance.calls import Response, Target
from conformance.manifests import Manifests
from conformance.timeouts import TIMEOUTS

pytestmark = pytest.mark.authorization
HERE = Path(__file__).parent
POLICY = HERE / "authorization.yaml"


def forbidden(response: Response) -> bool:
    return response.status == 403


def must_stay_allowed(target: Target, path: str = "/", method: str = "GET") -> None:
    tally = target.load(30, concurrency=2, path=path, method=method)
    assert tally.statuses == {"200": 30}, str(tally)


@pytest.mark.smoke
def test_allow_by_principal(manifests: Manifests, backends: Backends) -> None:
    principal = backends.spiffe_id("client").removeprefix("spiffe://")
    rule = f'{{from: [{{source: {{principals: ["{principal}"]}}}}]}}'
    with manifests.applied(POLICY, action="ALLOW", rule=rule):
        wrong_account = backends.service("echo-v1", caller=backends.echo_v2)
        wrong_account.must_become(forbidden, "403 for another service account")
        same_name_elsewhere = backends.service("echo-v1", caller=backends.far)
        same_name_elsewhere.must_become(forbidden, "403 for the account's namesake in another namespace")
        must_stay_allowed(backends.service("echo-v1"))


def test_allow_by_principal_shuts_out_those_without(manifests: Manifests, backends: Backends) -> None:
    principal = backends.spiffe_id("client").removeprefix("spiffe://")
    rule = f'{{from: [{{source: {{principals: ["{principal}"]}}}}]}}'
    with manifests.applied(POLICY, action="ALLOW", rule=rule):
        outside = backends.service("echo-v1", caller=backends.outside)
        # Plaintext has no principal; a mesh that is strict refuses it before any policy is asked.
        outside.must_become(lambda r: r.status in (403, None), "no entry without a certificate")


def test_deny_by_principal(manifests: Manifests, backends: Backends) -> None:
    principal = backends.spiffe_id("client", backends.settings.far_namespace).removeprefix("spiffe://")
    rule = f'{{from: [{{source: {{principals: ["{principal}"]}}}}]}}'
    with manifests.applied(POLICY, action="DENY", rule=rule):
        backends.service("echo-v1", caller=backends.far).must_become(forbidden, "403 for the principal denied")
        must_stay_allowed(backends.service("echo-v1"))


def test_allow_by_namespace(manifests: Manifests, backends: Backends) -> None:
    rule = f'{{from: [{{source: {{namespaces: ["{backends.settings.namespace}"]}}}}]}}'
    with manifests.applied(POLICY, action="ALLOW", rule=rule):
        backends.service("echo-v1", caller=backends.far).must_become(forbidden, "403 for another namespace")
        must_stay_allowed(backends.service("echo-v1"))


def test_allow_by_method(manifests: Manifests, backends: Backends) -> None:
    target = backends.service("echo-v1")
    with manifests.applied(POLICY, action="ALLOW", rule="{to: [{operation: {methods: [GET]}}]}"):
        target.must_become(forbidden, "403 for POST", method="POST")
        must_stay_allowed(target)


def test_allow_by_path(manifests: Manifests, backends: Backends) -> None:
    target = backends.service("echo-v1")
    rule = '{to: [{operation: {paths: ["/public", "/open/*", "*.txt"]}}]}'
    with manifests.applied(POLICY, action="ALLOW", rule=rule):
        target.must_become(forbidden, "403 for a path not listed", path="/secret")
        target.must_become(forbidden, "403 below an exact path", path="/public/below")
        for path in ("/public", "/open/door", "/read/me.txt", "/public?query=1"):
            must_stay_allowed(target, path)


def test_deny_by_host(manifests: Manifests, backends: Backends) -> None:
    target = backends.service("echo-v1")
    named = Target(target.caller, target.base, headers={"host": f"echo-v1.{backends.settings.namespace}.svc"})
    rule = f'{{to: [{{operation: {{hosts: ["echo-v1.{backends.settings.namespace}.svc"]}}}}]}}'
    with manifests.applied(POLICY, action="DENY", rule=rule):
        named.must_become(forbidden, "403 for the host denied")
        must_stay_allowed(target)


def test_deny_by_port(manifests: Manifests, backends: Backends) -> None:
    with manifests.applied(POLICY, action="DENY", rule='{to: [{operation: {ports: ["8081"]}}]}'):
        backends.service("echo-v1", port=8081).must_become(forbidden, "403 on the port denied")
        must_stay_allowed(backends.service("echo-v1"))


def test_source_and_operation_must_both_fit(manifests: Manifests, backends: Backends) -> None:
    far = backends.settings.far_namespace
    rule = f'{{from: [{{source: {{namespaces: ["{far}"]}}}}], to: [{{operation: {{paths: ["/admin"]}}}}]}}'
    with manifests.applied(POLICY, action="DENY", rule=rule):
        backends.service("echo-v1", caller=backends.far).must_become(forbidden, "403", path="/admin")
        must_stay_allowed(backends.service("echo-v1", caller=backends.far))
        must_stay_allowed(backends.service("echo-v1"), path="/admin")


def test_deny_wins_over_allow(manifests: Manifests, backends: Backends) -> None:
    target = backends.service("echo-v1")
    with manifests.applied(HERE / "deny-over-allow.yaml"):
        target.must_become(forbidden, "403 for what is denied", path="/private/x")
        must_stay_allowed(target)


def test_allow_without_rules_allows_nothing_and_only_there(manifests: Manifests, backends: Backends) -> None:
    with manifests.applied(HERE / "allow-nothing.yaml"):
        backends.service("echo-v1").must_become(forbidden, "403 for everybody")
        must_stay_allowed(backends.service("echo-v2"))
    backends.service("echo-v1").must_become(lambda r: r.status == 200, "200 again without the policy")


def test_tcp_is_denied_by_port(manifests: Manifests, backends: Backends) -> None:
    target = backends.service("echo-v1", port=9000, scheme="tcp")
    greeted = target.send_all([target.request(body="hello")])[0]
    assert greeted.body.endswith("v1 hello"), str(greeted)
    with manifests.applied(POLICY, action="DENY", rule='{to: [{operation: {ports: ["9000"]}}]}'):
        backends.service("echo-v1", port=9000, scheme="tcp").must_become(
            lambda r: "hello" not in r.body, "TCP closed on the port denied", together=3
        )
        must_stay_allowed(backends.service("echo-v1"))


def test_tcp_is_allowed_by_principal(manifests: Manifests, backends: Backends) -> None:
    principal = backends.spiffe_id("client").removeprefix("spiffe://")
    rule = f'{{from: [{{source: {{principals: ["{principal}"]}}}}]}}'
    with manifests.applied(POLICY, action="ALLOW", rule=rule):
        far = backends.service("echo-v1", caller=backends.far, port=9000, scheme="tcp")
        impatient = Target(far.caller, far.base, timeout=TIMEOUTS.refused_request)
        backends.service("echo-v1", caller=backends.far).must_become(forbidden, "403 for another namespace")
        (shut_out,) = impatient.send_all([impatient.request(body="hello")])
        assert "hello" not in shut_out.body, str(shut_out)
        near = backends.service("echo-v1", port=9000, scheme="tcp")
        (let_in,) = near.send_all([near.request(body="hello")])
        assert let_in.body.endswith("v1 hello"), str(let_in)
