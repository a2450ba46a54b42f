"""Whether a key pair that somebody else made can be served: one that cannot would make Envoy refuse its listener."""

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

_WEAKEST_RSA_BITS = 2048
"""BoringSSL in Envoy refuses shorter keys of servers."""


def key_pair_problem(certificate_pem: bytes, private_key_pem: bytes) -> str | None:
    """What is wrong with a certificate chain and its key in PEM, in words; None when nothing is."""
    try:
        leaf = x509.load_pem_x509_certificates(certificate_pem)[0]
    except ValueError:
        return "its certificate is not PEM"
    try:
        key = load_pem_private_key(private_key_pem, password=None)
    except (ValueError, TypeError):
        return "its private key is not PEM without a password"
    if key.public_key() != leaf.public_key():
        return "its private key does not belong to its certificate"
    if isinstance(key, rsa.RSAPrivateKey) and key.key_size < _WEAKEST_RSA_BITS:
        return f"its RSA key has {key.key_size} bits, {_WEAKEST_RSA_BITS} are needed"
    if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        return "its key is neither RSA nor of an elliptic curve"
    return None


def roots_problem(pem: bytes) -> str | None:
    """The same for certificates that clients are verified with."""
    try:
        x509.load_pem_x509_certificates(pem)
    except ValueError:
        return "its CA certificates are not PEM"
    return None


def crl_problem(pem: bytes) -> str | None:
    """The same for a list of revoked certificates."""
    try:
        x509.load_pem_x509_crl(pem)
    except ValueError:
        return "its ca.crl is not PEM"
    return None
