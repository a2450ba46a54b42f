"""A key pair that Envoy would refuse is told apart before it reaches a listener."""

from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from meshd.pki.authority import create_root
from meshd.pki.key_pair import key_pair_problem, roots_problem

CERTIFICATE, KEY = create_root("a.example", timedelta(days=1))
_, OTHER_KEY = create_root("b.example", timedelta(days=1))
RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=1024).private_bytes(
    Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
)


@pytest.mark.parametrize(
    ("certificate", "key", "problem"),
    [
        (CERTIFICATE, KEY, None),
        (b"garbage", KEY, "its certificate is not PEM"),
        (CERTIFICATE, b"garbage", "its private key is not PEM without a password"),
        (CERTIFICATE, OTHER_KEY, "its private key does not belong to its certificate"),
        (CERTIFICATE, RSA_KEY, "its private key does not belong to its certificate"),
    ],
)
def test_key_pair_problem(certificate: bytes, key: bytes, problem: str | None) -> None:
    assert key_pair_problem(certificate, key) == problem


def test_roots_problem() -> None:
    assert roots_problem(CERTIFICATE) is None
    assert roots_problem(b"garbage") == "its CA certificates are not PEM"
