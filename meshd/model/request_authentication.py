"""Whose JSON Web Tokens a workload accepts."""

from dataclasses import dataclass

from meshd.model.labels import Labels
from meshd.model.reference import ObjectRef


@dataclass(frozen=True, slots=True)
class JwtRule:
    """One issuer. Its keys are in `jwks`, at `jwks_uri`, or where the issuer itself says.

    `from_headers` are (name, what goes before the token), `claim_headers` (header, claim); `timeout` is in seconds.
    """

    issuer: str
    audiences: tuple[str, ...] = ()
    jwks: str = ""
    jwks_uri: str = ""
    from_headers: tuple[tuple[str, str], ...] = ()
    from_params: tuple[str, ...] = ()
    from_cookies: tuple[str, ...] = ()
    forward: bool = False
    payload_header: str = ""
    claim_headers: tuple[tuple[str, str], ...] = ()
    space_delimited_claims: tuple[str, ...] = ()
    timeout: float | None = None

    @property
    def asks_issuer(self) -> bool:
        return not self.jwks and not self.jwks_uri


@dataclass(frozen=True, slots=True)
class RequestAuthentication:
    """A request without a token passes, one with a token that fits no rule does not."""

    ref: ObjectRef
    selector: Labels = ()
    gateways: tuple[str, ...] = ()
    rules: tuple[JwtRule, ...] = ()
