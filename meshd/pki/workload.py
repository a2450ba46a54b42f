"""Certificates of workloads: one for each pod with an open stream, renewed at half of its life.

Half, because then a control plane that is away for up to half a life costs nothing; with jitter, so that a
mesh whose proxies all started at once does not renew all at once. Nothing is stored: a pod that connects to
another replica, or comes back, gets a new certificate for the same identity.
"""

import heapq
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from meshd.model.canonical import app_of, version_of
from meshd.model.mesh import spiffe_id
from meshd.model.service import Workload
from meshd.pki.authority import CLOCK_SKEW, CertificateAuthority, IssuedCertificate, subject_name

DEFAULT_TTL = timedelta(hours=24)
JITTER = 0.1
"""Renewal comes this part of the life earlier at most."""
MINIMUM_LIFE = timedelta(seconds=1)
"""The shortest time between two renewals, also when the root itself is about to end."""


def workload_subject(workload: Workload) -> x509.Name:
    """CN the workload's name, OU its app, O its version: what a peer's metrics call this workload.

    The identity is the SPIFFE URI alone; nothing is decided by the subject.
    """
    labels = dict(workload.labels)
    return subject_name(workload.workload_name, app_of(labels, workload.workload_name), version_of(labels))


def issue_workload_certificate(
    authority: CertificateAuthority,
    trust_domain: str,
    workload: Workload,
    ttl: timedelta,
    now: datetime | None = None,
) -> IssuedCertificate:
    """An X.509-SVID: exactly one URI name (SPIFFE X509-SVID, section 2), for both ends of a connection."""
    identity = spiffe_id(trust_domain, workload.namespace, workload.service_account)
    usages = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
    names = [x509.UniformResourceIdentifier(identity)]
    return authority.issue(workload_subject(workload), names, usages, ttl, now)


def renewal_time(certificate: IssuedCertificate, jitter: float) -> datetime:
    """When to renew: at half of the life, earlier by `jitter` (0 to 1) times a tenth of it."""
    issued = certificate.not_before + CLOCK_SKEW
    return issued + (certificate.not_after - issued) * (0.5 - JITTER * jitter)


@dataclass(slots=True)
class _Holder:
    workload: Workload
    certificate: IssuedCertificate
    renew_at: datetime
    leases: int = 0


class WorkloadCertificates:
    """The certificates of the pods that have a stream open, by the pod's uid."""

    def __init__(
        self,
        authority: CertificateAuthority,
        trust_domain: str,
        ttl: timedelta = DEFAULT_TTL,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self.root_pem = authority.root_pem
        self._authority = authority
        self._trust_domain = trust_domain
        self._ttl = ttl
        self._clock = clock
        self._jitter = jitter
        self._holders: dict[str, _Holder] = {}
        self._schedule: list[tuple[datetime, str]] = []

    def __len__(self) -> int:
        return len(self._holders)

    def acquire(self, workload: Workload) -> IssuedCertificate:
        """The pod's certificate, kept until as many `release`s.

        It is issued anew when labels changed its subject.
        """
        holder = self._holders.get(workload.uid)
        if holder is None:
            holder = self._holders[workload.uid] = self._issue(workload)
        holder.leases += 1
        self.follow(workload)
        return holder.certificate

    def follow(self, workload: Workload) -> bool:
        """Take note of the pod's present labels; True when its certificate had to be issued anew for them."""
        holder = self._holders.get(workload.uid)
        if holder is None or _subject_parts(holder.workload) == _subject_parts(workload):
            return False
        renewed = self._issue(workload)
        holder.workload, holder.certificate, holder.renew_at = workload, renewed.certificate, renewed.renew_at
        return True

    def certificate(self, uid: str) -> IssuedCertificate | None:
        holder = self._holders.get(uid)
        return holder.certificate if holder else None

    def release(self, workload: Workload) -> None:
        """The counterpart of `acquire`: with the last one the key is forgotten."""
        holder = self._holders[workload.uid]
        holder.leases -= 1
        if holder.leases == 0:
            del self._holders[workload.uid]

    def next_renewal(self) -> datetime | None:
        """When `renew` next has something to do."""
        self._drop_outdated()
        return self._schedule[0][0] if self._schedule else None

    def renew(self) -> list[str]:
        """Issue anew what is due; the uids of the pods that have a new certificate now."""
        now = self._clock()
        renewed: list[str] = []
        while (due := self.next_renewal()) is not None and due <= now:
            _, uid = heapq.heappop(self._schedule)
            self._renew(uid)
            renewed.append(uid)
        return renewed

    def renew_all(self) -> list[str]:
        """Issue all anew, due or not; the uids of their pods."""
        for uid in self._holders:
            self._renew(uid)
        return list(self._holders)

    def _renew(self, uid: str) -> None:
        fresh = self._issue(self._holders[uid].workload)
        fresh.leases = self._holders[uid].leases
        self._holders[uid] = fresh

    def _issue(self, workload: Workload) -> _Holder:
        now = self._clock()
        certificate = issue_workload_certificate(self._authority, self._trust_domain, workload, self._ttl, now)
        renew_at = max(renewal_time(certificate, self._jitter()), now + MINIMUM_LIFE)
        heapq.heappush(self._schedule, (renew_at, workload.uid))
        return _Holder(workload, certificate, renew_at)

    def _drop_outdated(self) -> None:
        """Entries of pods that left or were renewed out of turn stay in the heap until they come up."""
        while self._schedule:
            renew_at, uid = self._schedule[0]
            holder = self._holders.get(uid)
            if holder is not None and holder.renew_at == renew_at:
                return
            heapq.heappop(self._schedule)


def _subject_parts(workload: Workload) -> tuple[x509.Name, str]:
    return workload_subject(workload), workload.service_account
