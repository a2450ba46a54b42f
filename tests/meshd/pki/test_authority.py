"""Certificates that the authority signs stand up to an independent verifier."""

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from meshd.model.service import Workload
from meshd.pki.authority import (
    CLOCK_SKEW,
    AuthorityError,
    CertificateAuthority,
    create_root,
    serving_certificate,
)
from meshd.pki.workload import issue_workload_certificate

REVIEWS = Workload(
    namespace="shop",
    name="reviews-1",
    uid="u1",
    ip="10.0.0.1",
    labels=(("app", "reviews"), ("version", "v2")),
    service_account="reviews",
    workload_name="reviews-v2",
    in_mesh=True,
)


@pytest.fixture(scope="module")
def authority() -> CertificateAuthority:
    return CertificateAuthority(*create_root("test root", timedelta(days=10)))


def trusting(authority: CertificateAuthority) -> PolicyBuilder:
    return PolicyBuilder().store(Store([x509.load_pem_x509_certificate(authority.root_pem)]))


def test_workload_certificate_verifies_as_a_client_with_its_spiffe_id(
    authority: CertificateAuthority,
) -> None:
    issued = issue_workload_certificate(authority, "cluster.local", REVIEWS, timedelta(hours=24))
    (leaf,) = x509.load_pem_x509_certificates(issued.certificate_pem)
    verified = trusting(authority).build_client_verifier().verify(leaf, [])
    assert verified.subjects is not None
    assert [name.value for name in verified.subjects] == ["spiffe://cluster.local/ns/shop/sa/reviews"]


def test_a_certificate_of_another_root_is_refused(authority: CertificateAuthority) -> None:
    other = CertificateAuthority(*create_root("test root", timedelta(days=10)))
    issued = issue_workload_certificate(other, "cluster.local", REVIEWS, timedelta(hours=24))
    leaf = x509.load_pem_x509_certificate(issued.certificate_pem)
    with pytest.raises(VerificationError):
        trusting(authority).build_client_verifier().verify(leaf, [])


def test_subject_names_workload_app_and_version(authority: CertificateAuthority) -> None:
    issued = issue_workload_certificate(authority, "cluster.local", REVIEWS, timedelta(hours=24))
    subject = x509.load_pem_x509_certificate(issued.certificate_pem).subject
    assert subject.rfc4514_string() == "CN=reviews-v2,OU=reviews,O=v2"


def test_long_names_are_cut_to_what_x509_allows(authority: CertificateAuthority) -> None:
    long = Workload("shop", "p", "u", "", (("app.kubernetes.io/name", "a" * 63),), "sa", "w" * 200, True)
    issued = issue_workload_certificate(authority, "cluster.local", long, timedelta(hours=1))
    subject = x509.load_pem_x509_certificate(issued.certificate_pem).subject
    assert subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value == "w" * 64
    assert subject.get_attributes_for_oid(NameOID.ORGANIZATIONAL_UNIT_NAME)[0].value == "a" * 63
    assert subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)[0].value == "latest"


def test_validity_begins_in_the_past_and_never_outlives_the_root(authority: CertificateAuthority) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    short = issue_workload_certificate(authority, "cluster.local", REVIEWS, timedelta(hours=24), now)
    assert (short.not_before, short.not_after) == (now - CLOCK_SKEW, now + timedelta(hours=24))
    long = issue_workload_certificate(authority, "cluster.local", REVIEWS, timedelta(days=999), now)
    root = x509.load_pem_x509_certificate(authority.root_pem)
    assert long.not_after == root.not_valid_after_utc


def test_serving_certificate_verifies_for_each_of_its_names(authority: CertificateAuthority, tmp_path: Path) -> None:
    names = ["meshd.istio-system.svc", "localhost"]
    issued = serving_certificate(authority, names, timedelta(hours=24))
    leaf = x509.load_pem_x509_certificate(issued.certificate_pem)
    for name in names:
        trusting(authority).build_server_verifier(x509.DNSName(name)).verify(leaf, [])
    with pytest.raises(VerificationError):
        trusting(authority).build_server_verifier(x509.DNSName("kubernetes.default.svc")).verify(leaf, [])
    (tmp_path / "chain.pem").write_bytes(issued.certificate_pem)
    (tmp_path / "key.pem").write_bytes(issued.private_key_pem)
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(tmp_path / "chain.pem", tmp_path / "key.pem")


def test_a_root_whose_key_is_another_ones_is_refused(tmp_path: Path) -> None:
    certificate, _ = create_root("a", timedelta(days=1))
    _, key = create_root("a", timedelta(days=1))
    with pytest.raises(AuthorityError, match="does not belong"):
        CertificateAuthority(certificate, key)
    with pytest.raises(AuthorityError, match="meshd-ca"):
        CertificateAuthority.load(tmp_path)
