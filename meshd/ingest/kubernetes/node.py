"""Node → where its pods run.

Of a node's updates nearly all are heartbeats of its kubelet: they change no label and so no row.
https://kubernetes.io/docs/reference/labels-annotations-taints/#topologykubernetesiozone
"""

from __future__ import annotations

import msgspec

from meshd.ingest.kind import Rows, WatchedKind
from meshd.model.locality import REGION, SUB_ZONE, ZONE, Locality
from meshd.model.tables import NODES


class _Metadata(msgspec.Struct, frozen=True):
    name: str
    labels: dict[str, str] = {}


class _Node(msgspec.Struct, frozen=True):
    metadata: _Metadata


_DECODER = msgspec.json.Decoder(_Node)


def watched() -> WatchedKind:
    return WatchedKind("Node", "/api/v1/nodes", rows)


def rows(raw: bytes) -> Rows:
    """One row, or none for a node without any of the labels."""
    metadata = _DECODER.decode(raw).metadata
    locality = Locality(*(metadata.labels.get(key, "") for key in (REGION, ZONE, SUB_ZONE)))
    return ((NODES, metadata.name, locality),) if locality else ()
