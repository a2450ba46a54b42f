"""JSON Web Tokens made for one test run: an issuer with a key, and tokens signed by it (RFC 7515, 7517, 7519)."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Mapping
from typing import Any, Literal

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

Algorithm = Literal["RS256", "ES256"]
VALID_SECONDS = 6 * 3600


class Issuer:
    """Signs tokens. Two issuers of one name have different keys."""

    def __init__(self, name: str, algorithm: Algorithm = "RS256") -> None:
        self.name = name
        self._algorithm = algorithm
        self._rsa = rsa.generate_private_key(public_exponent=65537, key_size=2048) if algorithm == "RS256" else None
        self._ec = ec.generate_private_key(ec.SECP256R1()) if algorithm == "ES256" else None

    @property
    def jwks(self) -> str:
        """The key set that verifies its tokens, as JSON on one line."""
        return json.dumps({"keys": [{"kid": self._kid, "alg": self._algorithm, "use": "sig", **self._public()}]})

    def token(self, subject: str = "someone", *, lasts: float = VALID_SECONDS, **claims: Any) -> str:
        """A token for `subject` with further claims; one that has run out already with a negative `lasts`."""
        now = int(time.time())
        content = {"iss": self.name, "sub": subject, "iat": now, "exp": now + int(lasts), **claims}
        signed = f"{_encode({'alg': self._algorithm, 'kid': self._kid, 'typ': 'JWT'})}.{_encode(content)}"
        return f"{signed}.{_base64(self._sign(signed.encode()))}"

    @property
    def _kid(self) -> str:
        return f"{self.name}-{self._algorithm}"

    def _public(self) -> dict[str, str]:
        if self._rsa is not None:
            numbers = self._rsa.public_key().public_numbers()
            return {"kty": "RSA", "n": _number(numbers.n, 256), "e": _number(numbers.e, 3)}
        assert self._ec is not None
        point = self._ec.public_key().public_numbers()
        return {"kty": "EC", "crv": "P-256", "x": _number(point.x, 32), "y": _number(point.y, 32)}

    def _sign(self, data: bytes) -> bytes:
        if self._rsa is not None:
            return self._rsa.sign(data, padding.PKCS1v15(), hashes.SHA256())
        assert self._ec is not None
        r, s = decode_dss_signature(self._ec.sign(data, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def bearer(token: str) -> dict[str, str]:
    """The usual header for `token`."""
    return {"authorization": f"Bearer {token}"}


def _encode(content: Mapping[str, Any]) -> str:
    return _base64(json.dumps(content).encode())


def _number(value: int, size: int) -> str:
    return _base64(value.to_bytes(size, "big"))


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
