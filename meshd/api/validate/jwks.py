"""Key sets (RFC 7517) that Envoy takes: it refuses a listener with a set in which it finds no key to verify with."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric import ec, rsa

_CURVES: dict[str, tuple[ec.EllipticCurve, str]] = {
    "P-256": (ec.SECP256R1(), "ES256"),
    "P-384": (ec.SECP384R1(), "ES384"),
    "P-521": (ec.SECP521R1(), "ES512"),
}
_ED25519_BYTES = 32


def has_usable_key(text: str) -> bool:
    """Whether `text` is a key set in which at least one key verifies signatures; others beside it do no harm."""
    try:
        content = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError):
        return False
    keys = content.get("keys") if isinstance(content, dict) else None
    return isinstance(keys, list) and any(isinstance(key, dict) and _is_usable(key) for key in keys)


def _is_usable(key: Mapping[str, Any]) -> bool:
    judge = {"RSA": _rsa, "EC": _ec, "OKP": _okp, "oct": _oct}.get(str(key.get("kty")))
    try:
        return judge is not None and judge(key, str(key.get("alg", "")))
    except (ValueError, KeyError, TypeError, binascii.Error):
        return False


def _rsa(key: Mapping[str, Any], algorithm: str) -> bool:
    rsa.RSAPublicNumbers(_number(key["e"]), _number(key["n"])).public_key()
    return algorithm.startswith(("RS", "PS")) or not algorithm


def _ec(key: Mapping[str, Any], algorithm: str) -> bool:
    curve, own = _CURVES[key["crv"]]
    ec.EllipticCurvePublicNumbers(_number(key["x"]), _number(key["y"]), curve).public_key()
    return algorithm in ("", own)


def _okp(key: Mapping[str, Any], algorithm: str) -> bool:
    return key["crv"] == "Ed25519" and len(_bytes(key["x"])) == _ED25519_BYTES and algorithm in ("", "EdDSA")


def _oct(key: Mapping[str, Any], algorithm: str) -> bool:
    return bool(_bytes(key["k"])) and algorithm in ("", "HS256", "HS384", "HS512")


def _number(text: str) -> int:
    return int.from_bytes(_bytes(text), "big")


def _bytes(text: str) -> bytes:
    bare = text.rstrip("=")
    return base64.b64decode(bare + "=" * (-len(bare) % 4), altchars=b"-_", validate=True)
