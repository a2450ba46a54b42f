"""Istio's objects: decoded, validated and translated by the api room."""

from __future__ import annotations

from functools import partial

from meshd.api.decode import DecodeError, decode
from meshd.api.kinds import KINDS
from meshd.api.translate import translate
from meshd.api.validate import errors_of
from meshd.ingest.kind import Rejected, Rows, WatchedKind
from meshd.model.mesh import MeshConfig

WITH_ROWS = frozenset(
    (
        *("VirtualService", "DestinationRule", "Gateway", "Sidecar", "ServiceEntry", "WorkloadEntry"),
        *("PeerAuthentication", "RequestAuthentication", "AuthorizationPolicy", "Telemetry", "ProxyConfig"),
    )
)
"""Kinds that the model has tables for."""


def watched(mesh: MeshConfig) -> tuple[WatchedKind, ...]:
    """One watch for each kind, in its preferred version: the API server converts the others."""
    return tuple(
        WatchedKind(kind.kind, kind.path(), partial(_rows, mesh), spec_only=True)
        for kind in KINDS
        if kind.kind in WITH_ROWS
    )


def _rows(mesh: MeshConfig, raw: bytes) -> Rows:
    """Rows of one object. Raises Rejected when it got past the webhook and still is wrong."""
    try:
        istio_object = decode(raw)
    except DecodeError as error:
        raise Rejected(str(error)) from None
    if errors := errors_of(istio_object):
        raise Rejected(f"{istio_object}: " + "; ".join(map(str, errors)))
    return translate(istio_object, mesh)
