"""PeerAuthentication: selectors and ports."""

from __future__ import annotations

from collections.abc import Iterator

from meshd.api.istio.peer_authentication import PeerAuthentication
from meshd.api.object import IstioObject
from meshd.api.problem import Problem

from .names import check_port
from .target import check_selector, warn_of_empty_selector


def check_peer_authentication(policy: IstioObject[PeerAuthentication]) -> Iterator[Problem]:
    """Why this PeerAuthentication must be refused."""
    spec = policy.spec
    yield from check_selector(spec.selector)
    has_labels = spec.selector is not None and bool(spec.selector.match_labels)
    if spec.port_level_mtls and not has_labels:
        reason = "needs a selector: ports are those of workloads, not of a namespace or the mesh"
        yield Problem("spec.portLevelMtls", None, reason)
    for port in spec.port_level_mtls:
        yield from check_port(port, f"spec.portLevelMtls.{port}")


def warn_peer_authentication(policy: IstioObject[PeerAuthentication]) -> Iterator[Problem]:
    """What is allowed but surely not meant."""
    yield from warn_of_empty_selector(policy.spec.selector)
