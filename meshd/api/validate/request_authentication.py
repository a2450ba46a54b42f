"""RequestAuthentication: issuers, where their keys are, where tokens are looked for and what is told of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from meshd.api.istio.request_authentication import JWTRule, RequestAuthentication
from meshd.api.object import IstioObject
from meshd.api.problem import Problem

from .http_header import check_one_line, is_authority, is_token
from .jwks import has_usable_key
from .target import check_selector, check_target_refs, warn_of_empty_selector
from .url import is_url


def check_request_authentication(policy: IstioObject[RequestAuthentication]) -> Iterator[Problem]:
    """Why this RequestAuthentication must be refused."""
    spec = policy.spec
    yield from check_selector(spec.selector)
    yield from check_target_refs(spec.target_ref, spec.target_refs)
    for index, rule in enumerate(spec.jwt_rules):
        yield from _check_rule(rule, f"spec.jwtRules[{index}]")


def warn_request_authentication(policy: IstioObject[RequestAuthentication]) -> Iterator[Problem]:
    """What is allowed but surely not meant."""
    yield from warn_of_empty_selector(policy.spec.selector)
    for index, rule in enumerate(policy.spec.jwt_rules):
        if not rule.jwks and not rule.jwks_uri and not is_url(rule.issuer):
            reason = "is no URL, and cannot be asked where its keys are: every token of it is refused; set jwksUri"
            yield Problem(f"spec.jwtRules[{index}].issuer", rule.issuer, reason)
        if rule.jwks and rule.timeout:
            yield Problem(
                f"spec.jwtRules[{index}].timeout", rule.timeout, "has no effect: no keys are fetched for jwks"
            )


def _check_rule(rule: JWTRule, path: str) -> Iterator[Problem]:
    if not rule.issuer:
        yield Problem(f"{path}.issuer", None, "is required")
    yield from _check_keys(rule, path)
    for name, values in (
        ("audiences", rule.audiences),
        ("fromParams", rule.from_params),
        ("fromCookies", rule.from_cookies),
        ("spaceDelimitedClaims", rule.space_delimited_claims),
    ):
        yield from _check_filled(values, f"{path}.{name}")
    for index, header in enumerate(rule.from_headers):
        yield from _check_header(header.name, f"{path}.fromHeaders[{index}].name")
        yield from check_one_line(header.prefix, f"{path}.fromHeaders[{index}].prefix")
    if rule.output_payload_to_header:
        yield from _check_header(rule.output_payload_to_header, f"{path}.outputPayloadToHeader")
    for index, output in enumerate(rule.output_claim_to_headers):
        place = f"{path}.outputClaimToHeaders[{index}]"
        yield from _check_header(output.header, f"{place}.header")
        yield from _check_filled((output.claim,), f"{place}.claim")


def _check_keys(rule: JWTRule, path: str) -> Iterator[Problem]:
    if rule.jwks_uri and not is_url(rule.jwks_uri):
        yield Problem(f"{path}.jwksUri", rule.jwks_uri, "must be a URL such as https://issuer.example/keys")
    if rule.jwks and not has_usable_key(rule.jwks):
        reason = 'must be a key set as JSON, {"keys": [...]}, with a public key of type RSA, EC, OKP or oct'
        yield Problem(f"{path}.jwks", rule.jwks, reason)


def _check_filled(values: Sequence[str], path: str) -> Iterator[Problem]:
    for index, value in enumerate(values):
        if not value:
            yield Problem(f"{path}[{index}]", value, "must not be empty")


def _check_header(name: str, path: str) -> Iterator[Problem]:
    if not is_token(name) or is_authority(name):
        yield Problem(path, name, "must be the name of an HTTP header other than Host")
