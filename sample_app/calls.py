"""Calls from one service to another over kept-alive connections, of which the idle ones wait in a pool."""

from __future__ import annotations

import http.client
import json
from collections import defaultdict, deque
from collections.abc import Mapping
from contextlib import closing
from typing import Any, Protocol

CALL_SECONDS = 5.0
KEPT_IDLE = 4
"""Connections to a service that wait for the next call, however many there were at once."""


class CallError(Exception):
    """A called service could not be reached (status 0), or answered with an error status."""

    def __init__(self, service: str, status: int, message: str) -> None:
        super().__init__(f"{service} answered {status}: {message}" if status else f"{service}: {message}")
        self.service = service
        self.status = status


class Caller(Protocol):
    """What a service needs to call others; tests give their own."""

    def get(self, service: str, path: str, headers: Mapping[str, str]) -> Any:
        """The JSON content at `path` of `service`. Raises CallError for anything but a 2xx answer."""

    def post(self, service: str, path: str, headers: Mapping[str, str], content: object) -> Any:
        """The JSON answer to posting `content` as JSON. Raises CallError likewise; never sent twice."""


class HttpCaller:
    """Calls `http://<service>` by its plain name; `addresses` overrides host and port of services by name."""

    def __init__(self, addresses: Mapping[str, tuple[str, int]]) -> None:
        self._addresses = addresses
        self._idle: defaultdict[str, deque[http.client.HTTPConnection]] = defaultdict(deque)

    def get(self, service: str, path: str, headers: Mapping[str, str]) -> Any:
        """See `Caller.get`. A kept-alive connection that the other side has closed is replaced once."""
        try:
            connection = self._idle[service].pop()
        except IndexError:
            return self._get_anew(service, path, headers)
        try:
            return self._exchange(service, connection, "GET", path, headers)
        except (http.client.HTTPException, OSError):
            connection.close()
            return self._get_anew(service, path, headers)
        finally:
            self._keep(service, connection)

    def post(self, service: str, path: str, headers: Mapping[str, str], content: object) -> Any:
        """See `Caller.post`. Always on a connection of its own, so it cannot be lost on a stale one."""
        sent = {**headers, "content-type": "application/json"}
        body = json.dumps(content).encode()
        with closing(self._new_connection(service)) as connection:
            return self._once(service, connection, "POST", path, sent, body)

    def close(self) -> None:
        """Close the connections that are kept alive."""
        for connections in self._idle.values():
            while connections:
                connections.pop().close()

    def _new_connection(self, service: str) -> http.client.HTTPConnection:
        host, port = self._addresses.get(service, (service, 80))
        return http.client.HTTPConnection(host, port, timeout=CALL_SECONDS)

    def _get_anew(self, service: str, path: str, headers: Mapping[str, str]) -> Any:
        connection = self._new_connection(service)
        try:
            return self._once(service, connection, "GET", path, headers)
        finally:
            self._keep(service, connection)

    def _keep(self, service: str, connection: http.client.HTTPConnection) -> None:
        """For the next GET, if it is open (http.client closes it itself when the answer says so) and few are kept."""
        if connection.sock is not None and len(self._idle[service]) < KEPT_IDLE:
            self._idle[service].append(connection)
        else:
            connection.close()

    def _once(
        self,
        service: str,
        connection: http.client.HTTPConnection,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes | None = None,
    ) -> Any:
        try:
            return self._exchange(service, connection, method, path, headers, body)
        except (http.client.HTTPException, OSError) as error:
            connection.close()
            raise CallError(service, 0, f"{type(error).__name__}: {error}") from error

    def _exchange(
        self,
        service: str,
        connection: http.client.HTTPConnection,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes | None = None,
    ) -> Any:
        connection.request(method, path, body=body, headers=dict(headers))
        response = connection.getresponse()
        content = response.read()
        if not 200 <= response.status < 300:
            raise CallError(service, response.status, content[:200].decode(errors="replace"))
        return json.loads(content)
