"""The root: what it is, and that a leaf it signs verifies against it."""

from __future__ import annotations

import datetime

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from mesh_stack import root_certificate


def test_it_is_a_p256_root_for_ten_years_that_signs_and_does_nothing_else() -> None:
    made = root_certificate.create("example.org", 3650)
    certificate = x509.load_pem_x509_certificate(made.certificate.encode())
    key = serialization.load_pem_private_key(made.key.encode(), password=None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    assert isinstance(key.curve, ec.SECP256R1)
    assert key.public_key() == certificate.public_key()
    assert certificate.issuer == certificate.subject
    certificate.verify_directly_issued_by(certificate)
    assert certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    assert usage.key_cert_sign
    assert not usage.digital_signature
    life = certificate.not_valid_after_utc - datetime.datetime.now(datetime.UTC)
    assert datetime.timedelta(days=3649) < life <= datetime.timedelta(days=3650)


def test_two_roots_differ() -> None:
    first, second = root_certificate.create("a", 1), root_certificate.create("a", 1)
    assert first.key != second.key
    assert first.serial != second.serial
