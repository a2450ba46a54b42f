"""Workload certificates live as long as streams do and are renewed at half of their life."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from meshd.model.service import Workload
from meshd.pki.authority import CertificateAuthority, create_root
from meshd.pki.workload import WorkloadCertificates

POD = Workload("shop", "cart-1", "u1", "10.0.0.1", (("app", "cart"),), "cart", "cart", True)


class Clock:
    def __init__(self) -> None:
        self.now = datetime.now(UTC).replace(microsecond=0)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def certificates(clock: Clock) -> WorkloadCertificates:
    authority = CertificateAuthority(*create_root("root", timedelta(days=30)))
    return WorkloadCertificates(authority, "cluster.local", timedelta(hours=24), clock=clock, jitter=lambda: 0.0)


def test_streams_of_one_pod_share_a_certificate_until_the_last_leaves(
    certificates: WorkloadCertificates,
) -> None:
    first = certificates.acquire(POD)
    assert certificates.acquire(POD) is first
    certificates.release(POD)
    assert certificates.certificate("u1") is first
    certificates.release(POD)
    assert certificates.certificate("u1") is None
    assert certificates.next_renewal() is None
    assert certificates.acquire(POD) is not first


def test_renewal_is_due_at_half_of_the_life(certificates: WorkloadCertificates, clock: Clock) -> None:
    first = certificates.acquire(POD)
    begun = clock.now
    assert certificates.next_renewal() == begun + timedelta(hours=12)
    clock.now = begun + timedelta(hours=12) - timedelta(seconds=1)
    assert certificates.renew() == []
    clock.now = begun + timedelta(hours=12)
    assert certificates.renew() == ["u1"]
    second = certificates.certificate("u1")
    assert second is not None
    assert second.private_key_pem != first.private_key_pem
    assert certificates.next_renewal() == begun + timedelta(hours=24)
    certificates.release(POD)
    assert len(certificates) == 0


def test_all_can_be_renewed_before_they_are_due(certificates: WorkloadCertificates) -> None:
    first = certificates.acquire(POD)
    assert certificates.renew_all() == ["u1"]
    second = certificates.certificate("u1")
    assert second is not None
    assert second.certificate_pem != first.certificate_pem
    certificates.release(POD)
    assert len(certificates) == 0


def test_jitter_brings_renewal_forward_by_a_tenth_at_most(clock: Clock) -> None:
    authority = CertificateAuthority(*create_root("root", timedelta(days=30)))
    early = WorkloadCertificates(authority, "d", timedelta(hours=20), clock=clock, jitter=lambda: 1.0)
    early.acquire(POD)
    assert early.next_renewal() == clock.now + timedelta(hours=8)


def test_a_pod_whose_labels_change_its_subject_gets_a_new_certificate(
    certificates: WorkloadCertificates,
) -> None:
    first = certificates.acquire(POD)
    assert not certificates.follow(replace(POD, labels=(("app", "cart"), ("unrelated", "x"))))
    assert certificates.follow(replace(POD, labels=(("app", "basket"),)))
    assert certificates.certificate("u1") is not first


def test_a_root_about_to_end_does_not_make_renewal_spin(clock: Clock) -> None:
    authority = CertificateAuthority(*create_root("root", timedelta(seconds=1)))
    ending = WorkloadCertificates(authority, "d", clock=clock)
    ending.acquire(POD)
    clock.now += timedelta(seconds=30)
    assert ending.renew() == ["u1"]
