"""Validation of RequestAuthentication, and which key sets are taken: those that Envoy takes, tried on Envoy itself."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from conformance.tokens import Issuer
from meshd.api.validate.jwks import has_usable_key
from toolchain import ensure

from .samples import errors, warnings

RSA: dict[str, Any] = json.loads(Issuer("a").jwks)["keys"][0]
EC: dict[str, Any] = json.loads(Issuer("a", "ES256").jwks)["keys"][0]
OKP = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
TYPES = "type.googleapis.com/envoy.extensions.filters"


def without(key: dict[str, Any], name: str) -> dict[str, Any]:
    return {field: value for field, value in key.items() if field != name}


KEY_SETS: dict[str, tuple[list[Any], bool]] = {
    "rsa": ([RSA], True),
    "ec": ([EC], True),
    "okp": ([OKP], True),
    "oct": ([{"kty": "oct", "k": "AAAA", "alg": "HS256"}], True),
    "rsa without alg": ([without(RSA, "alg")], True),
    "one to encrypt with": ([{**RSA, "alg": "RSA-OAEP", "use": "enc"}], True),
    "one of several": ([{"kty": "XX"}, without(EC, "x"), RSA, "text"], True),
    "none": ([], False),
    "unknown type": ([{"kty": "XX"}], False),
    "no type": ([without(RSA, "kty")], False),
    "no modulus": ([without(RSA, "n")], False),
    "modulus that is no base64": ([{**RSA, "n": "!!!"}], False),
    "small modulus": ([{**RSA, "n": "AQAB"}], False),
    "rsa for another algorithm": ([{**RSA, "alg": "ES256"}], False),
    "ec for another algorithm": ([{**EC, "alg": "RS256"}], False),
    "ec of another curve": ([{**EC, "crv": "P-384"}], False),
    "ec off its curve": ([{**EC, "x": EC["y"]}], False),
    "okp of another curve": ([{**OKP, "crv": "X25519"}], False),
    "oct for encryption": ([{"kty": "oct", "k": "AAAA", "alg": "A128GCM"}], False),
}


@pytest.mark.parametrize(("keys", "taken"), KEY_SETS.values(), ids=KEY_SETS.keys())
def test_key_sets_are_taken_as_envoy_takes_them(keys: list[Any], taken: bool, tmp_path: Path) -> None:
    text = json.dumps({"keys": keys})
    bootstrap = tmp_path / "bootstrap.json"
    bootstrap.write_text(json.dumps(with_keys(text)))
    done = subprocess.run([ensure("envoy"), "--mode", "validate", "-c", bootstrap, "-l", "off"], capture_output=True)
    assert (done.returncode == 0) is taken
    assert has_usable_key(text) is taken


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"keys": {}}', "{", "null", '{"keys": [null, 1, [], {"kty": 1}]}'])
def test_what_is_no_key_set_has_no_key(text: str) -> None:
    assert not has_usable_key(text)


def with_keys(jwks: str) -> dict[str, Any]:
    """An Envoy that verifies tokens with `jwks`."""
    provider = {"issuer": "a", "local_jwks": {"inline_string": jwks}}
    filters = [
        {
            "name": "jwt",
            "typed_config": {"@type": f"{TYPES}.http.jwt_authn.v3.JwtAuthentication", "providers": {"a": provider}},
        },
        {"name": "router", "typed_config": {"@type": f"{TYPES}.http.router.v3.Router"}},
    ]
    kind = f"{TYPES}.network.http_connection_manager.v3.HttpConnectionManager"
    manager = {"@type": kind, "stat_prefix": "a", "route_config": {}, "http_filters": filters}
    chain = {"filters": [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]}
    address = {"socket_address": {"address": "127.0.0.1", "port_value": 0}}
    return {"static_resources": {"listeners": [{"name": "a", "address": address, "filter_chains": [chain]}]}}


@pytest.mark.parametrize(
    ("rule", "error"),
    [
        ("{}", "jwtRules[0].issuer: is required"),
        ("{issuer: a, jwksUri: keys}", "jwksUri: must be a URL"),
        ("{issuer: a, jwksUri: 'ftp://a/b'}", "jwksUri: must be a URL"),
        ("{issuer: a, jwksUri: 'http://me:secret@a/b'}", "jwksUri: must be a URL"),
        ("{issuer: a, jwksUri: 'http://a:99999/b'}", "jwksUri: must be a URL"),
        ("{issuer: a, jwks: '{}'}", "jwks: must be a key set"),
        ("{issuer: a, audiences: ['']}", "audiences[0]: must not be empty"),
        ("{issuer: a, fromParams: ['']}", "fromParams[0]: must not be empty"),
        ("{issuer: a, fromCookies: ['']}", "fromCookies[0]: must not be empty"),
        ("{issuer: a, spaceDelimitedClaims: ['']}", "spaceDelimitedClaims[0]: must not be empty"),
        ("{issuer: a, fromHeaders: [{name: 'x y'}]}", "fromHeaders[0].name: must be the name of an HTTP header"),
        ('{issuer: a, fromHeaders: [{name: x, prefix: "a\\nb"}]}', "prefix: must not hold control characters"),
        ("{issuer: a, outputPayloadToHeader: ':path'}", "outputPayloadToHeader: must be the name of an HTTP header"),
        ("{issuer: a, outputClaimToHeaders: [{header: host, claim: a}]}", "header: must be the name of an HTTP header"),
        ("{issuer: a, outputClaimToHeaders: [{header: x, claim: ''}]}", "claim[0]: must not be empty"),
    ],
)
def test_refuses_request_authentication(rule: str, error: str) -> None:
    found = errors("RequestAuthentication", f"{{jwtRules: [{rule}]}}")
    assert any(error in text for text in found), found


def test_warns_of_a_timeout_when_nothing_is_fetched() -> None:
    told = "spec.jwtRules[0].timeout: has no effect"
    assert told in "".join(warnings("RequestAuthentication", "{jwtRules: [{issuer: a, jwks: '{}', timeout: 1s}]}"))
    fetched = "{jwtRules: [{issuer: a, jwksUri: 'https://a.b/keys', timeout: 1s}]}"
    assert told not in "".join(warnings("RequestAuthentication", fetched))


def test_warns_of_an_issuer_without_keys() -> None:
    (found,) = warnings("RequestAuthentication", "{jwtRules: [{issuer: a}]}")
    assert "every token of it is refused" in found
