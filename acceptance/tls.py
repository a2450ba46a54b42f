"""TLS as a client of one root sees it."""

from __future__ import annotations

import socket
import ssl

ANSWER_SECONDS = 10.0


def serves_with(port: int, server_name: str, root_pem: str) -> bool:
    """Whether the port of this machine shows a certificate for `server_name` that leads to `root_pem`.

    Raises ssl.SSLCertVerificationError, which says why not.
    """
    context = ssl.create_default_context(cadata=root_pem)
    with (
        socket.create_connection(("127.0.0.1", port), ANSWER_SECONDS) as connection,
        context.wrap_socket(connection, server_hostname=server_name) as secured,
    ):
        return secured.version() is not None
