"""To what a policy applies: selectors and references to objects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from meshd.api.istio.selector import PolicyTargetReference, WorkloadSelector
from meshd.api.problem import Problem, child

_TARGETS = (
    ("", "Service"),
    ("networking.istio.io", "ServiceEntry"),
    ("gateway.networking.k8s.io", "Gateway"),
    ("gateway.networking.k8s.io", "GatewayClass"),
)


def check_selector(selector: WorkloadSelector | None, path: str = "spec.selector") -> Iterator[Problem]:
    """Labels to find pods by."""
    if selector is not None:
        yield from check_match_labels(selector.match_labels, child(path, "matchLabels"))


def check_match_labels(labels: Mapping[str, str], path: str) -> Iterator[Problem]:
    """Keys and values that are compared as they are."""
    for key, value in labels.items():
        if not key:
            yield Problem(path, key, "a label's key must not be empty")
        if "*" in key or "*" in value:
            yield Problem(child(path, key), value, "a selector knows no wildcards; give the whole label")


def warn_of_empty_selector(selector: WorkloadSelector | None, path: str = "spec.selector") -> Iterator[Problem]:
    """A selector that selects everything is rarely meant."""
    if selector is not None and not selector.match_labels:
        yield Problem(path, None, "has no labels and selects every workload; leave it out if that is meant")


def check_target_refs(
    target_ref: PolicyTargetReference | None, target_refs: tuple[PolicyTargetReference, ...]
) -> Iterator[Problem]:
    """References to objects of the policy's own namespace."""
    places = [(f"spec.targetRefs[{index}]", target) for index, target in enumerate(target_refs)]
    if target_ref is not None:
        places.append(("spec.targetRef", target_ref))
    for path, target in places:
        if target.namespace:
            yield Problem(f"{path}.namespace", target.namespace, "must be left out: no target elsewhere")
        if (target.group.removeprefix("core"), target.kind) not in _TARGETS:
            kinds = ", ".join(kind for _, kind in _TARGETS)
            yield Problem(f"{path}.kind", f"{target.group}/{target.kind}", f"must be one of {kinds}")
