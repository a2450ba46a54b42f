"""To which workloads a policy applies: those of its selector, or those of the gateways it refers to."""

from typing import Protocol

from meshd.model.labels import Labels, label, selects
from meshd.model.reference import ObjectRef

GATEWAY_NAME = "gateway.networking.k8s.io/gateway-name"
"""A pod that serves a Gateway of the Kubernetes Gateway API carries its name.

https://gateway-api.sigs.k8s.io/geps/gep-1762/#resource-attachment
"""


class Targeted(Protocol):
    """With `gateways`, names of the policy's own namespace, the selector is empty and says nothing."""

    @property
    def ref(self) -> ObjectRef: ...
    @property
    def selector(self) -> Labels: ...
    @property
    def gateways(self) -> tuple[str, ...]: ...


def applies_to(policy: Targeted, namespace: str, labels: Labels) -> bool:
    """Whether a workload with `labels` in `namespace` is meant, among those a policy can be for.

    https://istio.io/latest/docs/reference/config/security/authorization-policy/#AuthorizationPolicy-target_refs
    """
    if policy.gateways:
        return namespace == policy.ref.namespace and label(labels, GATEWAY_NAME) in policy.gateways
    return selects(policy.selector, labels)


def is_for_all(policy: Targeted) -> bool:
    """Whether it is for every workload of its namespace, or of the mesh."""
    return not policy.selector and not policy.gateways
