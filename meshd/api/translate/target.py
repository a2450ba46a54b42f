"""References to gateways -> their names."""

from typing import Protocol

from meshd.api.istio.selector import PolicyTargetReference

GATEWAY = ("gateway.networking.k8s.io", "Gateway")


class Attached(Protocol):
    @property
    def target_ref(self) -> PolicyTargetReference | None: ...
    @property
    def target_refs(self) -> tuple[PolicyTargetReference, ...]: ...


def gateways_of(spec: Attached) -> tuple[str, ...] | None:
    """Names in the object's own namespace: none where it refers to nothing, None where to other things alone."""
    targets = (spec.target_ref,) if spec.target_ref is not None else spec.target_refs
    names = tuple(target.name for target in targets if (target.group, target.kind) == GATEWAY)
    return names if names or not targets else None
