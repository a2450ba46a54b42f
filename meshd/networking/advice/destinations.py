"""Of DestinationRules: services and pods that are not there, and others for the same host."""

from collections.abc import Iterator

from meshd.model.destination import DestinationPolicy, Subset, TrafficPolicy
from meshd.model.labels import selects
from meshd.model.memo import Reader
from meshd.model.service import Service
from meshd.model.tables import DESTINATIONS, KEY_PAIRS, SECRET_READERS, WORKLOADS
from meshd.networking.advice.finding import Finding, no_port, older
from meshd.networking.lookup import destination_service, mesh_config, workloads_of_service


def of_policy(read: Reader, policy: DestinationPolicy) -> Iterator[Finding]:
    service = destination_service(read, policy.host, policy.ref.namespace)
    inside = policy.host.endswith(f".svc.{mesh_config(read).cluster_domain}")
    if inside and not policy.host.startswith("*") and service is None:
        yield Finding("spec.host", f"there is no service {policy.host} yet", missing=True)
    for subset in policy.subsets:
        yield from _subset(read, service, subset)
    if service is not None:
        yield from _without_port(service, policy)
    yield from _same_host(read, policy)
    yield from _secrets(read, policy)


def _subset(read: Reader, service: Service | None, subset: Subset) -> Iterator[Finding]:
    if not subset.labels:
        yield Finding("spec.subsets.labels", f"subset {subset.name} has no labels: it stands for all endpoints")
        return
    pods = workloads_of_service(read, service) if service and not service.entry else ()
    if service and pods and not any(selects(subset.labels, pod.labels) for pod in pods):
        pairs = ", ".join(f"{key}={value}" for key, value in subset.labels)
        yield Finding("spec.subsets.labels", f"no pod of {service.hostname} is in subset {subset.name}: {pairs}")


def _without_port(service: Service, policy: DestinationPolicy) -> Iterator[Finding]:
    """What is for ports, or for a protocol, that the service does not have."""
    for place, own in (("spec", policy.policy), *(("spec.subsets", subset.policy) for subset in policy.subsets)):
        for number in (number for number, _ in own.ports if service.port(number) is None):
            text = no_port(service.hostname, service, number)
            yield Finding(f"{place}.trafficPolicy.portLevelSettings.port.number", text, missing=True)
        if own.tunnel is not None and all(port.protocol.is_http for port in service.ports):
            text = f"a tunnel carries TCP, and service {service.hostname} speaks HTTP on all its ports"
            yield Finding(f"{place}.trafficPolicy.tunnel", text)


def _secrets(read: Reader, policy: DestinationPolicy) -> Iterator[Finding]:
    """Secrets for the sidecars that a rule selects: there are none, or they may not have them."""
    if not policy.selector or not policy.credentials:
        return
    namespace = policy.ref.namespace
    for name in sorted(policy.credentials):
        if read.get(KEY_PAIRS, f"{namespace}/{name}") is None:
            text = f"there is no Secret {namespace}/{name} with a key pair or roots yet"
            yield Finding("spec.trafficPolicy.tls.credentialName", text, missing=True)
    pods = [pod for pod in read.find(WORKLOADS, "namespace", namespace) if selects(policy.selector, pod.labels)]
    for account in sorted({pod.service_account for pod in pods if pod.in_mesh}):
        if not read.get(SECRET_READERS, f"{namespace}/{account}"):
            text = f"service account {account} is not known to be allowed to list Secrets of {namespace}"
            yield Finding("spec.trafficPolicy.tls.credentialName", f"{text}: give it a Role, or wait", missing=True)


def _same_host(read: Reader, policy: DestinationPolicy) -> Iterator[Finding]:
    """Of objects of one namespace for one host the oldest traffic policy counts, and of each subset the oldest."""
    for other in read.find(DESTINATIONS, "host", policy.host):
        if other.ref == policy.ref or other.ref.namespace != policy.ref.namespace or other.selector != policy.selector:
            continue
        first = other if older(other, policy) else policy
        if TrafficPolicy() not in (policy.policy, other.policy):
            text = f"{other.ref} has a traffic policy for {policy.host} too: that of {first.ref} counts, being older"
            yield Finding("spec.trafficPolicy", text)
        for name in sorted({subset.name for subset in policy.subsets} & {subset.name for subset in other.subsets}):
            text = f"{other.ref} defines subset {name} of {policy.host} too: that of {first.ref} counts, being older"
            yield Finding("spec.subsets", text)
