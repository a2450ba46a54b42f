"""Decides once per host and process whether a vendor's site answers, within three seconds.

Closed networks fail in many ways: no name, a refused or swallowed connection, a connection that is accepted
and then silent. So the test covers name, connection and TLS handshake together, in a thread that is given up
on when the time is over (a name lookup has no time limit of its own).
"""

from __future__ import annotations

import socket
import ssl
import threading
import urllib.error
import urllib.parse
import urllib.request
from http.client import HTTPException, HTTPResponse
from typing import cast

from toolchain.errors import UserError

CONNECT_SECONDS = 3.0
READ_SECONDS = 30.0

_verdicts: dict[tuple[str, int], str] = {}
_lock = threading.Lock()


class Unreachable(UserError):
    """The vendor's site, or the file on it, cannot be had; another source may still have the tool."""


def open_url(url: str) -> HTTPResponse:
    """Start to read `url`, through the machine's proxy settings and redirects. Raises Unreachable."""
    _require_answer(url)
    request = urllib.request.Request(url, headers={"User-Agent": "mesh-stack"})
    opener = urllib.request.build_opener(_CheckedRedirects)
    try:
        return cast(HTTPResponse, opener.open(request, timeout=READ_SECONDS))
    except urllib.error.HTTPError as error:
        error.close()
        raise Unreachable(f"{url}: the site answers {error.code}") from None
    except (OSError, HTTPException) as error:
        raise Unreachable(f"{url}: {error}") from None


class _CheckedRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args, **kwargs):  # type: ignore[no-untyped-def]
        request = super().redirect_request(*args, **kwargs)
        if request is not None:
            _require_answer(request.full_url)
        return request


def _require_answer(url: str) -> None:
    """Raise Unreachable when the host of `url`, or the proxy on the way, does not answer. Asked only once."""
    parts = urllib.parse.urlsplit(url)
    host, secure = parts.hostname or "", parts.scheme == "https"
    port = parts.port or (443 if secure else 80)
    proxy = None if urllib.request.proxy_bypass(host) else urllib.request.getproxies().get(parts.scheme)
    if proxy:
        way = urllib.parse.urlsplit(proxy if "//" in proxy else f"//{proxy}")
        host, port, secure = way.hostname or "", way.port or 8080, False
    with _lock:
        if (host, port) not in _verdicts:
            _verdicts[host, port] = _try(host, port, secure)
        failure = _verdicts[host, port]
    if failure:
        raise Unreachable(f"{host} cannot be reached: {failure}")


def _try(host: str, port: int, secure: bool) -> str:
    """What went wrong, or an empty text."""
    outcome = [f"no answer within {CONNECT_SECONDS:g} s"]

    def connect() -> None:
        try:
            with socket.create_connection((host, port), CONNECT_SECONDS) as plain:
                if secure:
                    with ssl.create_default_context().wrap_socket(plain, server_hostname=host):
                        pass
            outcome[0] = ""
        except OSError as error:
            outcome[0] = str(error)

    attempt = threading.Thread(target=connect, daemon=True, name=f"reach {host}")
    attempt.start()
    attempt.join(CONNECT_SECONDS)
    return outcome[0]
