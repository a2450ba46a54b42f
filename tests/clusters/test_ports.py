"""Ports of this machine: free or taken, by whom, and what the reader is told."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from clusters.ports import holder, is_free, must_be_free, taken
from toolchain.errors import UserError


@contextmanager
def listening(address: str, family: socket.AddressFamily = socket.AF_INET) -> Iterator[int]:
    with socket.socket(family) as server:
        server.bind((address, 0))
        server.listen()
        yield int(server.getsockname()[1])


@pytest.mark.parametrize("address", ["127.0.0.1", "0.0.0.0"])
def test_port_is_taken_while_a_server_listens(address: str) -> None:
    with listening(address) as port:
        assert not is_free(port)
    assert is_free(port)


def test_server_on_another_loopback_address_does_not_matter() -> None:
    with listening("127.0.0.2") as port:
        assert is_free(port)


def test_closed_connection_does_not_keep_a_port() -> None:
    """The side that closes first holds the port in TIME_WAIT, which a new server may ignore."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)) as client:
            server.accept()[0].close()
            client.recv(1)
    assert is_free(port)


@pytest.mark.skipif(not socket.has_ipv6, reason="no IPv6")
def test_server_that_takes_both_families_is_found() -> None:
    with listening("::", socket.AF_INET6) as port:
        assert not is_free(port)
        assert holder(port) == us()


def test_holder_is_named_with_its_process_id() -> None:
    with listening("127.0.0.1") as port:
        assert holder(port) == us()


def test_free_port_has_no_holder() -> None:
    with listening("127.0.0.1") as port:
        pass
    assert holder(port) is None


def test_taken_port_is_one_line_with_the_way_out() -> None:
    with listening("127.0.0.1") as port, pytest.raises(UserError) as caught:
        must_be_free({"httpPort": port})
    wanted = f"port {port} is taken by {us()}: free it, or choose another: pulumi config set mesh:httpPort PORT"
    assert str(caught.value) == wanted


def test_line_says_nothing_of_a_holder_that_cannot_be_known() -> None:
    assert taken("httpPort", 80, None).startswith("port 80 is taken: ")


def test_free_ports_raise_nothing() -> None:
    with listening("127.0.0.1") as one, listening("127.0.0.1") as other:
        pass
    must_be_free({"httpPort": one, "httpsPort": other})


def us() -> str:
    return f"{Path('/proc/self/comm').read_text().strip()} (pid {os.getpid()})"
