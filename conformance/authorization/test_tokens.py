"""Who may do what by the token of a request: 403 for what a policy shuts out, 200 for the others."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from conformance.backends import Backends
from conformance.calls import Response, Target
from conformance.manifests import Manifests
from conformance.tokens import Issuer, bearer

pytestmark = pytest.mark.authorization
HERE = Path(__file__).parent
POLICY = HERE / "authorization.yaml"
ISSUER = Issuer("https://issuer.test/realm", "ES256")
OTHER = Issuer("https://other.test", "ES256")


@pytest.fixture(scope="module")
def target(manifests: Manifests, backends: Backends) -> Iterator[Target]:
    """echo v1, where tokens of both issuers are read."""
    rules = ", ".join(
        f"{{issuer: '{each.name}', jwks: '{each.jwks}', spaceDelimitedClaims: [roles]}}" for each in (ISSUER, OTHER)
    )
    service = backends.service("echo-v1")
    with manifests.applied(HERE / "tokens.yaml", rules=rules):
        forged = bearer(Issuer(ISSUER.name, "ES256").token())
        service.must_become(lambda r: r.status == 401, "401 for a forged token", headers=forged)
        yield service


def forbidden(response: Response) -> bool:
    return response.status == 403


def must_let_in(target: Target, issuer: Issuer = ISSUER, subject: str = "ann", path: str = "/", **claims: Any) -> None:
    tally = target.load(10, concurrency=2, path=path, headers=bearer(issuer.token(subject, **claims)))
    assert tally.statuses == {"200": 10}, str(tally)


def must_keep_out(target: Target, issuer: Issuer = ISSUER, subject: str = "ann", **claims: Any) -> None:
    tally = target.load(10, concurrency=2, headers=bearer(issuer.token(subject, **claims)))
    assert tally.statuses == {"403": 10}, str(tally)


@pytest.mark.parametrize(
    ("principals", "excluded"),
    [
        ("['https://issuer.test/realm/ann']", "[]"),
        ("['https://issuer.test/realm/*']", "['*/bob']"),
        ("['*/ann']", "['https://other.test/*']"),
    ],
)
def test_request_principals(manifests: Manifests, target: Target, principals: str, excluded: str) -> None:
    rule = f"{{from: [{{source: {{requestPrincipals: {principals}, notRequestPrincipals: {excluded}}}}}]}}"
    with manifests.applied(POLICY, action="ALLOW", rule=rule):
        target.must_become(forbidden, "403 without a token")
        must_let_in(target)
        must_keep_out(target, subject="bob")
        must_keep_out(target, OTHER)


def test_who_has_no_token_is_kept_out_of_one_place(manifests: Manifests, target: Target) -> None:
    rule = "{from: [{source: {notRequestPrincipals: ['*']}}], to: [{operation: {paths: [/private]}}]}"
    with manifests.applied(POLICY, action="DENY", rule=rule):
        target.must_become(forbidden, "403 without a token", path="/private")
        must_let_in(target, path="/private")
        assert target.load(10, concurrency=2).statuses == {"200": 10}


@pytest.mark.parametrize(
    ("condition", "fits", "fits_not"),
    [
        ("key: 'request.auth.claims[team]', values: [red, 'bl*']", {"team": "blue"}, {"team": "green"}),
        ("key: 'request.auth.claims[team]', values: [blue]", {"team": ["red", "blue"]}, {"team": ["red"]}),
        ("key: 'request.auth.claims[team]', notValues: [red]", {"team": "blue"}, {"team": "red"}),
        ("key: 'request.auth.claims[user][team]', values: [blue]", {"user": {"team": "blue"}}, {"team": "blue"}),
        ("key: 'request.auth.claims[scope]', values: [write]", {"scope": "read write"}, {"scope": "read"}),
        ("key: 'request.auth.claims[roles]', values: [write]", {"roles": "read write"}, {"roles": "read"}),
        ("key: request.auth.audiences, values: [shop]", {"aud": ["a", "shop"]}, {"aud": "a"}),
        ("key: request.auth.presenter, values: [app]", {"azp": "app"}, {"azp": "other"}),
        ("key: request.auth.principal, values: ['*/ann']", {}, {"sub": "bob"}),
    ],
)
def test_conditions(
    manifests: Manifests, target: Target, condition: str, fits: dict[str, Any], fits_not: dict[str, Any]
) -> None:
    with manifests.applied(POLICY, action="ALLOW", rule=f"{{when: [{{{condition}}}]}}"):
        target.must_become(forbidden, "403 without the claim", headers=bearer(ISSUER.token(**fits_not)))
        must_let_in(target, **fits)
