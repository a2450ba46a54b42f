"""An Istio object as Kubernetes holds it: type, metadata and a typed spec."""

from __future__ import annotations

from typing import Generic, TypeVar

from msgspec import Struct, field

from .istio.message import Message

SpecT = TypeVar("SpecT", bound=Message, covariant=True)


class ObjectMeta(Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """The part of Kubernetes' metadata that is read. Other fields are skipped."""

    name: str = ""
    generate_name: str = ""
    namespace: str = ""
    labels: dict[str, str] = field(default_factory=dict)
    annotations: dict[str, str] = field(default_factory=dict)
    generation: int = 0
    resource_version: str = ""
    creation_timestamp: str | None = None
    uid: str = ""


class IstioObject(Struct, Generic[SpecT], frozen=True, kw_only=True, rename="camel"):
    """One object. Its status is meshd's own writing and not part of it."""

    api_version: str
    kind: str
    metadata: ObjectMeta
    spec: SpecT

    def __str__(self) -> str:
        return describe(self.kind, self.metadata)


def describe(kind: str, metadata: ObjectMeta) -> str:
    """How messages name an object: "VirtualService shop/reviews"."""
    name = metadata.name or (f"{metadata.generate_name}*" if metadata.generate_name else "without a name")
    return f"{kind} {metadata.namespace}/{name}" if metadata.namespace else f"{kind} {name}"
