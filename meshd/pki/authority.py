"""The certificate authority: signs what proxies and meshd itself show to their peers.

Keys are EC P-256: small certificates, fast handshakes, accepted everywhere. Signing is done in this process
with a root that Pulumi made; meshd never creates a root of its own, so that replicas agree without talking to
each other.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

CLOCK_SKEW = timedelta(minutes=1)
"""How far a certificate's beginning lies in the past, for peers whose clock is behind."""

MAX_NAME_LENGTH = 64
"""Upper bound of the common name, organization and unit (RFC 5280, appendix A.1)."""


class AuthorityError(Exception):
    """The root's files cannot be used; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class IssuedCertificate:
    """`certificate_pem` is the leaf alone: peers have the root, and connections would hold copies. Times are UTC."""

    certificate_pem: bytes
    private_key_pem: bytes
    not_before: datetime
    not_after: datetime


class CertificateAuthority:
    """Signs leaf certificates with the root key."""

    def __init__(self, certificate_pem: bytes, private_key_pem: bytes) -> None:
        """Raises AuthorityError when the key is not an EC key that belongs to the certificate."""
        try:
            self._certificate = x509.load_pem_x509_certificate(certificate_pem)
            key = serialization.load_pem_private_key(private_key_pem, password=None)
        except (ValueError, TypeError) as error:
            raise AuthorityError(f"the root certificate or its key is not valid PEM: {error}") from None
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise AuthorityError("the root's key is not an elliptic-curve key: create the root anew with P-256")
        if key.public_key() != self._certificate.public_key():
            raise AuthorityError("the root's key does not belong to its certificate: tls.crt and tls.key differ")
        self._key = key
        self.root_pem = self._certificate.public_bytes(serialization.Encoding.PEM)

    @classmethod
    def load(cls, folder: Path) -> "CertificateAuthority":
        """The authority of `tls.crt` and `tls.key` in `folder`, as a mounted Secret has them."""
        try:
            certificate, key = (folder / "tls.crt").read_bytes(), (folder / "tls.key").read_bytes()
        except OSError as error:
            raise AuthorityError(f"cannot read the root of the mesh: {error}: mount the Secret meshd-ca") from None
        return cls(certificate, key)

    def issue(
        self,
        subject: x509.Name,
        names: Sequence[x509.GeneralName],
        usages: Iterable[x509.ObjectIdentifier],
        ttl: timedelta,
        now: datetime | None = None,
    ) -> IssuedCertificate:
        """A new key and a certificate for it, valid from shortly before `now` for `ttl` at most.

        It never outlives the root. X.509 wants the alternative names critical when the subject is empty.
        """
        now = now or datetime.now(UTC)
        not_after = min(now + ttl, self._certificate.not_valid_after_utc)
        key = ec.generate_private_key(ec.SECP256R1())
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._certificate.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - CLOCK_SKEW)
            .not_valid_after(not_after)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_LEAF_USAGE, critical=True)
            .add_extension(x509.ExtendedKeyUsage(usages), critical=False)
            .add_extension(x509.SubjectAlternativeName(names), critical=not list(subject))
            .add_extension(self._authority_key_identifier(), critical=False)
        )
        leaf = builder.sign(self._key, hashes.SHA256())
        return IssuedCertificate(
            leaf.public_bytes(serialization.Encoding.PEM),
            _key_pem(key),
            leaf.not_valid_before_utc,
            leaf.not_valid_after_utc,
        )

    def _authority_key_identifier(self) -> x509.AuthorityKeyIdentifier:
        try:
            own = self._certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
        except x509.ExtensionNotFound:
            return x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(own.value)


def subject_name(common_name: str, unit: str = "", organization: str = "") -> x509.Name:
    """A distinguished name of the parts that are not empty, each cut to what X.509 allows."""
    parts = (
        (NameOID.ORGANIZATION_NAME, organization),
        (NameOID.ORGANIZATIONAL_UNIT_NAME, unit),
        (NameOID.COMMON_NAME, common_name),
    )
    return x509.Name([x509.NameAttribute(oid, value[:MAX_NAME_LENGTH]) for oid, value in parts if value])


def serving_certificate(
    authority: CertificateAuthority, dns_names: Sequence[str], ttl: timedelta, now: datetime | None = None
) -> IssuedCertificate:
    """A certificate for a server that is called by `dns_names`."""
    names = [x509.DNSName(name) for name in dns_names]
    return authority.issue(subject_name(dns_names[0]), names, [ExtendedKeyUsageOID.SERVER_AUTH], ttl, now)


def create_root(common_name: str, ttl: timedelta) -> tuple[bytes, bytes]:
    """(certificate, key) in PEM of a new self-signed root, for tests and for a meshd outside a cluster."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = subject_name(common_name)
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCK_SKEW)
        .not_valid_after(now + ttl)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_ROOT_USAGE, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.PEM), _key_pem(key)


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _usage(leaf: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=leaf,
        key_cert_sign=not leaf,
        crl_sign=not leaf,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


_LEAF_USAGE = _usage(leaf=True)
_ROOT_USAGE = _usage(leaf=False)
