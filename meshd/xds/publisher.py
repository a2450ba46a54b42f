"""Between the engine and the streams: which stream sees which scope, and what each change means for it.

A round takes everything that came since the last one, so a burst batches itself and a lone change waits for
nothing. The streams only note names; their own tasks make and send the bytes, so a slow proxy holds up
nobody.
"""

import asyncio
import logging
import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from meshd.model.delegation import Delegation
from meshd.model.hold import Hold
from meshd.model.resource import SECRET, Resource
from meshd.model.service import Proxy, Workload
from meshd.model.tables import WORKLOADS, Change
from meshd.networking.engine import Engine
from meshd.networking.names import ROOT_CERTIFICATE, WORKLOAD_CERTIFICATE
from meshd.networking.secrets import tls_certificate_secret, validation_context_secret
from meshd.pki.authority import IssuedCertificate
from meshd.pki.workload import WorkloadCertificates
from meshd.xds.arrivals import Arrivals
from meshd.xds.audiences import Audiences
from meshd.xds.stream import Stream
from meshd.xds.view import differences

log = logging.getLogger(__name__)

RENEWAL_CHECK = timedelta(seconds=30)


class Publisher:
    """All open streams, kept up to date."""

    def __init__(self, engine: Engine, certificates: WorkloadCertificates, hold: Hold | None = None) -> None:
        """Without `hold` a rule takes effect whether or not what it names is there."""
        self.engine = engine
        self.arrivals = Arrivals(lambda key: engine.store.get(WORKLOADS, key))
        self.last_change = 0.0
        """When something changed for proxies last (monotonic seconds)."""
        self._delegation = Delegation()
        self._hold = hold
        self._said: dict[str, tuple[str, ...]] = {}
        self._certificates = certificates
        self._root = validation_context_secret(ROOT_CERTIFICATE, certificates.root_pem)
        self._audiences = Audiences(engine.resources)
        self._streams: dict[Stream, None] = {}
        self._by_workload: dict[str, dict[Stream, None]] = {}
        self._queue: list[Change] = []
        self._queued_since = 0.0
        self._queued = asyncio.Event()

    @property
    def streams(self) -> Sequence[Stream]:
        return tuple(self._streams)

    # --- streams

    def connect(self, proxy: Proxy) -> Stream:
        """A stream for `proxy`, kept up to date until `disconnect`."""
        stream = Stream(proxy, self._audiences.view(self.engine.acquire(proxy)))
        stream.view.own = {
            WORKLOAD_CERTIFICATE: _certificate_secret(self._certificates.acquire(proxy.workload)),
            ROOT_CERTIFICATE: self._root,
        }
        self._streams[stream] = None
        self._by_workload.setdefault(proxy.workload.key, {})[stream] = None
        self._audiences.listen(stream)
        return stream

    def disconnect(self, stream: Stream) -> None:
        del self._streams[stream]
        workload = stream.proxy.workload
        streams = self._by_workload[workload.key]
        del streams[stream]
        if not streams:
            del self._by_workload[workload.key]
        self._audiences.leave(stream)
        self.engine.release(stream.view.lease)
        self._certificates.release(workload)

    # --- changes

    def submit(self, changes: Sequence[Change]) -> None:
        """Queue changes for the next round."""
        if not self._queue:
            self._queued_since = time.monotonic()
        self._queue.extend(changes)
        self._queued.set()

    async def caught_up(self) -> None:
        """Return when nothing that was submitted is waiting."""
        while self._queue:
            await asyncio.sleep(0)

    async def run(self) -> None:
        """Apply what is submitted, round after round."""
        while True:
            await self._queued.wait()
            self._queued.clear()
            changes, self._queue = self._queue, []
            try:
                self.apply(changes, self._queued_since)
            except Exception:  # the next round must come; what failed stays as it was
                log.exception("cannot apply %d changes", len(changes))

    def apply(self, changes: Sequence[Change], since: float | None = None) -> None:
        """One round. `since` is when the first of the changes was queued (monotonic seconds)."""
        changes = self._delegation.admit(changes)
        if self._hold is not None:
            changes = self._hold.admit(changes)
            if self._hold.waiting or self._said:
                self._tell_what_waits(self._hold)
        done = self.engine.apply(changes)
        if done.deltas or done.regrouped:
            self.last_change = time.monotonic()
        for delta in done.deltas:
            self._audiences.publish(delta, since)
        for group in done.regrouped:
            for stream in self._audiences.group(group):
                self._move(stream, stream.proxy.workload, since)
        for table, key, workload in changes:
            if table is WORKLOADS:
                self._workload_changed(key, workload, since)

    async def renew_certificates(self, check: timedelta = RENEWAL_CHECK) -> None:
        """Renew workload certificates when they are due, looking every `check` at least."""
        while True:
            due = self._certificates.next_renewal()
            wait = check if due is None else min(check, due - datetime.now(UTC))
            await asyncio.sleep(max(wait.total_seconds(), 0.01))
            self._certificates_renewed(self._certificates.renew())

    def rotate_certificates(self) -> int:
        """Renew all workload certificates now; how many."""
        renewed = self._certificates.renew_all()
        self._certificates_renewed(renewed)
        return len(renewed)

    # --- inside

    def _tell_what_waits(self, hold: Hold) -> None:
        """A line when a rule begins to wait, waits for something else, or is let in."""
        waiting = {str(rules.ref): hold.missing(rules) for rules in hold.waiting}
        for name, missing in waiting.items():
            if self._said.get(name) != missing:
                log.warning("%s waits for %s; what was in force before stays", name, ", ".join(missing))
        for name in self._said.keys() - waiting.keys():
            log.info("%s waits no more", name)
        self._said = waiting

    def _workload_changed(self, key: str, workload: Workload | None, since: float | None) -> None:
        self.arrivals.changed(key)
        if workload is None:
            return  # a pod that ends keeps its last configuration until its proxy is gone
        for stream in tuple(self._by_workload.get(key, ())):
            if workload.uid == stream.proxy.workload.uid and workload != stream.proxy.workload:
                self._move(stream, workload, since)

    def _move(self, stream: Stream, workload: Workload, since: float | None) -> None:
        """The pod's labels changed, or what is told apart by them: other policies and routes may hold for it now."""
        before = stream.view
        stream.proxy = replace(stream.proxy, workload=workload)
        stream.view = self._audiences.view(self.engine.acquire(stream.proxy))
        stream.view.own = before.own
        self._audiences.listen(stream)
        for type_url, marks in differences(before, stream.view).items():
            stream.changed(type_url, marks.items(), since)
        self._audiences.moved(stream, before)
        self.engine.release(before.lease)
        if self._certificates.follow(workload):
            self._certificate_changed(stream)

    def _certificates_renewed(self, uids: Iterable[str]) -> None:
        renewed = set(uids)
        for stream in self.streams if renewed else ():
            if stream.proxy.workload.uid in renewed:
                self._certificate_changed(stream)

    def _certificate_changed(self, stream: Stream) -> None:
        certificate = self._certificates.certificate(stream.proxy.workload.uid)
        if certificate is not None:
            stream.view.own[WORKLOAD_CERTIFICATE] = _certificate_secret(certificate)
            stream.changed(SECRET, [(WORKLOAD_CERTIFICATE, False)])


def _certificate_secret(certificate: IssuedCertificate) -> Resource:
    return tls_certificate_secret(WORKLOAD_CERTIFICATE, certificate.certificate_pem, certificate.private_key_pem)
