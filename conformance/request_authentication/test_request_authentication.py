"""Whose tokens count: 401 for wrong ones, 200 for right ones and for none at all, and what is told of them.

A rule has come into force once a token that nobody vouches for is refused; the rest is judged at once.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from conformance.backends import Backends
from conformance.calls import Response, Target
from conformance.kubernetes import Kubernetes
from conformance.manifests import Manifests
from conformance.settings import Settings
from conformance.timeouts import TIMEOUTS
from conformance.tokens import Issuer, bearer

pytestmark = pytest.mark.request_authentication
HERE = Path(__file__).parent
WORKLOAD = HERE / "workload.yaml"

RSA = Issuer("https://rsa.test", "RS256")
EC = Issuer("https://ec.test", "ES256")
FORGER = Issuer("https://rsa.test", "RS256")


def rule(issuer: Issuer, more: str = "") -> str:
    return f"{{issuer: '{issuer.name}', jwks: '{issuer.jwks}'{more}}}"


def refused(response: Response) -> bool:
    return response.status == 401


@contextmanager
def in_force(
    manifests: Manifests, target: Target, rules: str, name: str = "tokens", forged: dict[str, str] | None = None
) -> Iterator[None]:
    with manifests.applied(WORKLOAD, name=name, rules=rules):
        target.must_become(refused, "401 for a forged token", headers=forged or bearer(FORGER.token()))
        yield


def must_answer(target: Target, status: int, headers: dict[str, str] | None = None, path: str = "/") -> None:
    tally = target.load(10, concurrency=2, headers=headers, path=path)
    assert tally.statuses == {str(status): 10}, str(tally)


@pytest.mark.smoke
def test_no_token_passes_and_a_wrong_one_does_not(manifests: Manifests, backends: Backends) -> None:
    target = backends.service("echo-v1")
    forged = bearer(FORGER.token(aud="shop"))
    with in_force(manifests, target, rule(RSA, ", audiences: [shop, others]"), forged=forged):
        must_answer(target, 200)
        must_answer(target, 200, bearer(RSA.token(aud="shop")))
        must_answer(target, 200, bearer(RSA.token(aud=["unknown", "others"])))
        must_answer(target, 401, bearer(RSA.token(aud="shop", lasts=-600)))
        must_answer(target, 403, bearer(RSA.token(aud="unknown")))
        must_answer(target, 401, bearer(EC.token(aud="shop")))
        must_answer(target, 401, bearer("no token at all"))
        must_answer(backends.service("echo-v2"), 200, bearer(FORGER.token()))


def test_rules_of_several_issuers_and_objects_add_up(manifests: Manifests, backends: Backends) -> None:
    target = backends.service("echo-v1")
    third = Issuer("https://third.test", "ES256")
    with in_force(manifests, target, f"{rule(RSA)}, {rule(third)}"):
        must_answer(target, 401, bearer(EC.token()))
        with manifests.applied(HERE / "namespace.yaml", rules=rule(EC)):
            backends.service("echo-v2").must_become(refused, "401 elsewhere too", headers=bearer(RSA.token()))
            target.must_become(lambda r: r.status == 200, "200 by the second object", headers=bearer(EC.token()))
            for issuer in (RSA, EC, third):
                must_answer(target, 200, bearer(issuer.token()))
            must_answer(target, 401, bearer(FORGER.token()))
            must_answer(target, 200)


def test_tokens_are_looked_for_where_told_and_only_there(manifests: Manifests, backends: Backends) -> None:
    target = backends.service("echo-v1")
    places = ", fromHeaders: [{name: x-token, prefix: 'Token '}], fromParams: [token], fromCookies: [session]"
    with in_force(manifests, target, rule(RSA, places), forged={"x-token": f"Token {FORGER.token()}"}):
        for token, status in ((RSA.token(), 200), (FORGER.token(), 401)):
            must_answer(target, status, {"x-token": f"Token {token}"})
            must_answer(target, status, {"cookie": f"a=b; session={token}"})
            must_answer(target, status, path=f"/?token={token}")
        must_answer(target, 200, bearer(FORGER.token()))


def test_the_application_is_told_what_was_verified(manifests: Manifests, backends: Backends) -> None:
    target = backends.service("echo-v1")
    outputs = (
        ", forwardOriginalToken: true, outputPayloadToHeader: x-payload"
        ", outputClaimToHeaders: [{header: x-team, claim: user.team}, {header: x-level, claim: level}]"
    )
    token = RSA.token("ann", user={"team": "blue"}, level=7)
    with in_force(manifests, target, rule(RSA, outputs)):
        sent = target.send(headers=bearer(token)).seen["headers"]
        assert sent["authorization"] == f"Bearer {token}"
        assert json.loads(base64.urlsafe_b64decode(sent["x-payload"] + "=="))["sub"] == "ann"
        assert (sent["x-team"], sent["x-level"]) == ("blue", "7")
        forged = target.send(headers={"x-team": "red", "x-payload": "e30"}).seen["headers"]
        assert not {"x-team", "x-payload"} & forged.keys(), forged
    with in_force(manifests, target, rule(RSA), name="plain"):
        assert "authorization" not in target.send(headers=bearer(token)).seen["headers"]


def test_keys_are_fetched_and_missing_ones_harm_nobody_else(
    manifests: Manifests, backends: Backends, kubernetes: Kubernetes, settings: Settings
) -> None:
    target = backends.service("echo-v1")
    place = settings.namespace
    uris = {
        RSA: f"http://keys.{place}.svc.cluster.local/keys.json",
        EC: f"http://one.pods.{place}.svc.cluster.local:8000/keys.json",
        Issuer("https://gone.test"): "https://keys.gone.test/keys.json",
    }
    rules = ", ".join(f"{{issuer: '{issuer.name}', jwksUri: '{uri}'}}" for issuer, uri in uris.items())
    asked = Issuer(f"http://keys.{place}.svc.cluster.local")
    rules += f", {{issuer: '{asked.name}'}}"
    every = json.dumps({"keys": [key for issuer in (RSA, EC, asked) for key in json.loads(issuer.jwks)["keys"]]})
    with manifests.applied(HERE / "keys.yaml", jwks=every):
        kubernetes.rollout(place, ["keys"], TIMEOUTS.pods_ready)
        with in_force(manifests, target, rules):
            must_answer(target, 200)
            for issuer in (RSA, EC, asked):
                target.must_become(lambda r: r.status == 200, issuer.name, headers=bearer(issuer.token()))
            must_answer(target, 401, bearer(Issuer("https://gone.test").token()))
            must_answer(target, 401, bearer(FORGER.token()))
            must_answer(target, 200)


def test_at_a_gateway_a_token_lets_in_and_chooses_the_route(
    manifests: Manifests, backends: Backends, kubernetes: Kubernetes, settings: Settings
) -> None:
    def host(name: str) -> Target:
        entrance = backends.service("edge", caller=backends.outside)
        return replace(entrance, host=f"{name}.tokens.test")

    members, visitors = host("members"), host("visitors")
    with manifests.applied(HERE / "gateway.yaml", rules=rule(RSA)):
        kubernetes.rollout(settings.namespace, ["edge"], TIMEOUTS.pods_ready)
        members.must_become(lambda r: r.status == 403, "403 without a token")
        visitors.must_become(refused, "401 for a forged token", headers=bearer(FORGER.token()))
        must_answer(visitors, 200)
        for target in (members, visitors):
            for name, version in (("testers", "v2"), ("others", "v1")):
                tally = target.load(10, concurrency=2, headers=bearer(RSA.token(group={"Name": name})))
                assert tally.values == {version: 10}, str(tally)
