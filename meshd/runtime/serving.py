"""The certificate that meshd shows to proxies and to the API server, renewed while it runs."""

import asyncio
import os
import ssl
import threading
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from meshd.pki.authority import CertificateAuthority, IssuedCertificate, serving_certificate

TTL = timedelta(hours=24)
CHECK_SECONDS = 600.0


class ServingCertificate:
    """Renewed at half of its life, when it is next asked for. Safe to ask from any thread."""

    def __init__(self, authority: CertificateAuthority, dns_names: Sequence[str], ttl: timedelta = TTL) -> None:
        self._authority = authority
        self._names = tuple(dns_names)
        self._ttl = ttl
        self._lock = threading.Lock()
        self._current: IssuedCertificate | None = None

    def pem(self) -> tuple[bytes, bytes]:
        """(chain, key)."""
        with self._lock:
            if self._current is None or datetime.now(UTC) > self._current.not_after - self._ttl / 2:
                self._current = serving_certificate(self._authority, self._names, self._ttl)
            return self._current.certificate_pem, self._current.private_key_pem


def server_context(certificate: ServingCertificate) -> ssl.SSLContext:
    """TLS 1.2 and later with the certificate of this moment."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    _load(context, *certificate.pem())
    return context


async def keep_fresh(context: ssl.SSLContext, certificate: ServingCertificate) -> None:
    """Give `context` the renewed certificate: new connections see it."""
    shown = certificate.pem()
    while True:
        await asyncio.sleep(CHECK_SECONDS)
        now = certificate.pem()
        if now != shown:
            _load(context, *now)
            shown = now


def _load(context: ssl.SSLContext, chain: bytes, key: bytes) -> None:
    """`ssl` reads files only; the container's disk is read-only and the key shall touch none: use memory."""
    descriptor = os.memfd_create("meshd-serving", os.MFD_CLOEXEC)
    try:
        with os.fdopen(os.dup(descriptor), "wb") as file:
            file.write(chain + key)
        context.load_cert_chain(f"/proc/self/fd/{descriptor}")
    finally:
        os.close(descriptor)
