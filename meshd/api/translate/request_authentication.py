"""RequestAuthentication -> the model's."""

import msgspec

from meshd.api.istio import request_authentication as istio
from meshd.api.istio.message import seconds
from meshd.api.object import IstioObject
from meshd.api.translate.names import ref_of, selector_labels
from meshd.api.translate.target import gateways_of
from meshd.model.mesh import MeshConfig
from meshd.model.request_authentication import JwtRule, RequestAuthentication


def translate_request_authentication(
    istio_object: IstioObject[istio.RequestAuthentication], mesh: MeshConfig
) -> RequestAuthentication | None:
    """None for one that is attached to nothing this mesh has."""
    spec = istio_object.spec
    gateways = gateways_of(spec)
    if gateways is None:
        return None
    return RequestAuthentication(
        ref=ref_of(istio_object),
        selector=selector_labels(spec.selector),
        gateways=gateways,
        rules=tuple(map(_rule, spec.jwt_rules)),
    )


def _rule(rule: istio.JWTRule) -> JwtRule:
    return JwtRule(
        issuer=rule.issuer,
        audiences=rule.audiences,
        jwks=_plain(rule.jwks),
        jwks_uri=rule.jwks_uri,
        from_headers=tuple((header.name, header.prefix) for header in rule.from_headers),
        from_params=rule.from_params,
        from_cookies=rule.from_cookies,
        forward=rule.forward_original_token,
        payload_header=rule.output_payload_to_header,
        claim_headers=tuple((each.header, each.claim) for each in rule.output_claim_to_headers),
        space_delimited_claims=rule.space_delimited_claims,
        timeout=seconds(rule.timeout) if rule.timeout is not None else None,
    )


def _plain(jwks: str) -> str:
    """The same key set without a name that is there twice: Envoy takes that for no JSON."""
    return msgspec.json.encode(msgspec.json.decode(jwks)).decode() if jwks else ""
