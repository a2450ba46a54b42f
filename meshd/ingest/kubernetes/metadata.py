"""The part of Kubernetes' metadata that translations read."""

from __future__ import annotations

import msgspec


class OwnerReference(msgspec.Struct, frozen=True):
    kind: str
    name: str
    controller: bool | None = None


class ObjectMeta(msgspec.Struct, frozen=True, rename="camel"):
    name: str
    namespace: str
    uid: str = ""
    deletion_timestamp: str | None = None
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    owner_references: list[OwnerReference] = []

    @property
    def key(self) -> str:
        return f"{self.namespace}/{self.name}"
