"""Of what has a selector or refers to gateways: pods that are not there."""

from collections.abc import Iterator

from meshd.model.labels import Labels, label, selects
from meshd.model.memo import Reader
from meshd.model.tables import WORKLOADS
from meshd.model.target import GATEWAY_NAME, Targeted
from meshd.networking.advice.finding import Finding
from meshd.networking.lookup import mesh_config


def of_targets(read: Reader, policy: Targeted, of_namespace: bool = False) -> Iterator[Finding]:
    """In the root namespace a selector is for pods of all namespaces, unless it is `of_namespace` even there."""
    namespace = policy.ref.namespace
    everywhere = namespace == mesh_config(read).root_namespace and not of_namespace
    yield from of_selector(read, policy.selector, None if everywhere else namespace)
    serving = {label(pod.labels, GATEWAY_NAME) for pod in read.find(WORKLOADS, "namespace", namespace)}
    for name in policy.gateways:
        if name not in serving:
            text = f"no pod of namespace {namespace} has the label {GATEWAY_NAME}={name}: nobody serves this gateway"
            yield Finding("spec.targetRefs", text, missing=True)


def of_selector(read: Reader, selector: Labels, namespace: str | None) -> Iterator[Finding]:
    """`namespace` None: pods of all namespaces. Where there are none at all, they are still to be deployed."""
    pods = read.all(WORKLOADS) if namespace is None else read.find(WORKLOADS, "namespace", namespace)
    if selector and pods and not any(selects(selector, pod.labels) for pod in pods):
        pairs = ", ".join(f"{key}={value}" for key, value in selector)
        where = "no pod" if namespace is None else f"no pod of namespace {namespace}"
        yield Finding("spec.selector", f"{where} has the labels {pairs}: it holds for nobody yet", missing=True)
