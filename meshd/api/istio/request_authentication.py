"""RequestAuthentication: whose JSON Web Tokens a workload accepts."""

from __future__ import annotations

from .message import Duration, Message
from .selector import PolicyTargetReference, WorkloadSelector


class JWTHeader(Message, frozen=True, kw_only=True):
    """A header that carries the token after `prefix`."""

    name: str
    prefix: str = ""


class ClaimToHeader(Message, frozen=True, kw_only=True):
    """A claim copied into a header of the request."""

    header: str
    claim: str


class JWTRule(Message, frozen=True, kw_only=True):
    """One issuer, the keys that verify its tokens, and where in a request they are looked for."""

    issuer: str = ""
    audiences: tuple[str, ...] = ()
    jwks_uri: str = ""
    jwks: str = ""
    from_headers: tuple[JWTHeader, ...] = ()
    from_params: tuple[str, ...] = ()
    output_payload_to_header: str = ""
    from_cookies: tuple[str, ...] = ()
    forward_original_token: bool = False
    output_claim_to_headers: tuple[ClaimToHeader, ...] = ()
    timeout: Duration | None = None
    space_delimited_claims: tuple[str, ...] = ()


class RequestAuthentication(Message, frozen=True, kw_only=True):
    """The tokens that workloads accept. A request without any is let through; one with a bad one is not."""

    selector: WorkloadSelector | None = None
    target_ref: PolicyTargetReference | None = None
    target_refs: tuple[PolicyTargetReference, ...] = ()
    jwt_rules: tuple[JWTRule, ...] = ()
