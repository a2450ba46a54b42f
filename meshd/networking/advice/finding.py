"""One thing an author should know, and who of several objects goes before."""

from typing import NamedTuple

from meshd.model.reference import Dated
from meshd.model.service import Service


class Finding(NamedTuple):
    """`field` is its path without indexes ("spec.http.route.destination"); `text` says what and the way out.

    `missing`: something it names is not there, and may still come.
    """

    field: str
    text: str
    missing: bool = False


def no_port(host: str, service: Service, number: int) -> str:
    """That `host`, which is `service`, lacks a port."""
    return f"service {host} has no port {number}; it has {', '.join(str(port.port) for port in service.ports)}"


def older(first: Dated, second: Dated) -> bool:
    """Whether `first` goes before `second`. One without a time is about to be created."""
    return (not first.created, first.created, first.ref) < (not second.created, second.created, second.ref)
