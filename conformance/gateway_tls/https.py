"""HTTPS to one address under any name: what a browser does, with the name resolution left out."""

from __future__ import annotations

import http.client
import socket
import ssl
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from conformance.certificates import KeyPair
from conformance.convergence import eventually
from conformance.timeouts import TIMEOUTS


@dataclass(frozen=True)
class HttpsAnswer:
    """Status and backend version of an answer; the server's certificate (DER), the names in it; cipher and version."""

    status: int
    version: str
    names: frozenset[str]
    certificate: bytes
    cipher: str
    protocol: str


def tls_context(authority: str, client: KeyPair | None = None) -> ssl.SSLContext:
    """Trusts `authority` (PEM) alone; shows `client`'s certificate when asked."""
    context = ssl.create_default_context(cadata=authority)
    if client is not None:
        with tempfile.TemporaryDirectory() as folder:
            certificate, key = Path(folder) / "certificate.pem", Path(folder) / "key.pem"
            certificate.write_text(client.certificate)
            key.write_text(client.key)
            context.load_cert_chain(certificate, key)
    return context


def get(address: str, host: str, context: ssl.SSLContext, timeout: float) -> HttpsAnswer:
    """GET / of `host` at `address` (HOST:PORT). OSError (ssl.SSLError among it) when there is no answer."""
    target, _, port = address.rpartition(":")
    with (
        socket.create_connection((target, int(port)), timeout) as plain,
        context.wrap_socket(plain, server_hostname=host) as encrypted,
    ):
        certificate = encrypted.getpeercert() or {}
        encrypted.sendall(f"GET / HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n".encode())
        response = http.client.HTTPResponse(encrypted)
        try:
            response.begin()
            response.read()
        except http.client.HTTPException as error:
            raise ConnectionError(f"no HTTP answer: {error}") from error
        names = frozenset(str(pair[1]) for pair in certificate.get("subjectAltName", ()))
        shown = encrypted.getpeercert(binary_form=True) or b""
        cipher, protocol = (encrypted.cipher() or ("", "", 0))[0], encrypted.version() or ""
        return HttpsAnswer(response.status, response.headers.get("x-echo-version", ""), names, shown, cipher, protocol)


def must_answer(ask: Callable[[], HttpsAnswer], what: str) -> HttpsAnswer:
    """Wait until it is 200."""

    def check() -> HttpsAnswer:
        try:
            answer = ask()
        except OSError as error:
            raise AssertionError(f"{type(error).__name__}: {error}") from error
        assert answer.status == 200, f"status {answer.status}"
        return answer

    return eventually(check, within=TIMEOUTS.config_takes_effect, what=what)
