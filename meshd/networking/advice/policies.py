"""Of policies: workloads and extension providers that are not there, and others that go before."""

from collections.abc import Iterator

from meshd.model.labels import Labels, selects
from meshd.model.memo import Reader
from meshd.model.security import Action, AuthorizationPolicy, PeerAuthentication
from meshd.model.tables import PEER_AUTHENTICATIONS, WORKLOADS
from meshd.networking.advice.finding import Finding, older
from meshd.networking.authorization.custom import provider_of
from meshd.networking.lookup import mesh_config


def of_authorization(read: Reader, policy: AuthorizationPolicy) -> Iterator[Finding]:
    root = mesh_config(read).root_namespace
    places = None if policy.ref.namespace == root else policy.ref.namespace
    yield from _selector(read, policy.selector, places)
    yield from _provider(read, policy)


def of_peer_authentication(read: Reader, policy: PeerAuthentication) -> Iterator[Finding]:
    yield from _selector(read, policy.selector, policy.ref.namespace)
    for other in read.find(PEER_AUTHENTICATIONS, "namespace", policy.ref.namespace):
        if other.ref != policy.ref and other.selector == policy.selector:
            first = other if older(other, policy) else policy
            yield Finding("spec.selector", f"{other.ref} is for the same workloads: {first.ref} counts, being older")


def _selector(read: Reader, selector: Labels, namespace: str | None) -> Iterator[Finding]:
    """`namespace` None: pods of all namespaces. Where there are none at all, they are still to be deployed."""
    pods = read.all(WORKLOADS) if namespace is None else read.find(WORKLOADS, "namespace", namespace)
    if selector and pods and not any(selects(selector, pod.labels) for pod in pods):
        pairs = ", ".join(f"{key}={value}" for key, value in selector)
        where = "no pod" if namespace is None else f"no pod of namespace {namespace}"
        yield Finding("spec.selector", f"{where} has the labels {pairs}: it holds for nobody yet", missing=True)


def _provider(read: Reader, policy: AuthorizationPolicy) -> Iterator[Finding]:
    if policy.action is not Action.CUSTOM or policy.dry_run or provider_of(read, policy.provider) is not None:
        return
    known = mesh_config(read).ext_authz_provider(policy.provider)
    what = f"no extension provider {policy.provider}"
    if known is not None:
        what = f"no service {known.host} with port {known.port} for extension provider {policy.provider}"
    text = f"there is {what}: until it comes, the workloads selected deny every request"
    yield Finding("spec.provider", text, missing=True)
