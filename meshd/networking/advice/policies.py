"""Of policies: extension providers that are not there, and others that go before."""

from collections.abc import Iterator

from meshd.model.memo import Reader
from meshd.model.security import Action, AuthorizationPolicy, PeerAuthentication
from meshd.model.tables import PEER_AUTHENTICATIONS
from meshd.networking.advice.finding import Finding, older
from meshd.networking.advice.targets import of_selector, of_targets
from meshd.networking.authorization.custom import provider_of
from meshd.networking.lookup import mesh_config


def of_authorization(read: Reader, policy: AuthorizationPolicy) -> Iterator[Finding]:
    yield from of_targets(read, policy)
    yield from _provider(read, policy)


def of_peer_authentication(read: Reader, policy: PeerAuthentication) -> Iterator[Finding]:
    yield from of_selector(read, policy.selector, policy.ref.namespace)
    for other in read.find(PEER_AUTHENTICATIONS, "namespace", policy.ref.namespace):
        if other.ref != policy.ref and other.selector == policy.selector:
            first = other if older(other, policy) else policy
            yield Finding("spec.selector", f"{other.ref} is for the same workloads: {first.ref} counts, being older")


def _provider(read: Reader, policy: AuthorizationPolicy) -> Iterator[Finding]:
    if policy.action is not Action.CUSTOM or policy.dry_run or provider_of(read, policy.provider) is not None:
        return
    known = mesh_config(read).ext_authz_provider(policy.provider)
    what = f"no extension provider {policy.provider}"
    if known is not None:
        what = f"no service {known.host} with port {known.port} for extension provider {policy.provider}"
    text = f"there is {what}: until it comes, the workloads selected deny every request"
    yield Finding("spec.provider", text, missing=True)
