"""DestinationRule: the host, its subsets, and traffic policies."""

from __future__ import annotations

from collections.abc import Iterator

from meshd.api.istio.destination_rule import (
    DestinationRule,
    PortTrafficPolicy,
    Subset,
    TrafficPolicy,
    TunnelSettings,
)
from meshd.api.istio.tls_settings import ClientTLSSettings
from meshd.api.object import IstioObject
from meshd.api.problem import Problem

from .load_balancer import check_connection_pool, check_load_balancer, check_outlier_detection, warn_load_balancer
from .locality import warn_locality
from .names import (
    check_export_to,
    check_host,
    check_labels,
    check_port,
    is_dns_label,
    is_dns_name,
    is_ip_address,
)
from .target import check_selector, warn_of_empty_selector
from .tls_mode import warn_client_tls

AT_GATEWAYS = (
    "has an effect at gateways, whose namespace the Secret must be in; at sidecars only with a workloadSelector, and"
    " where their service account may list Secrets"
)


def check_destination_rule(rule: IstioObject[DestinationRule]) -> Iterator[Problem]:
    """Why this DestinationRule must be refused."""
    spec = rule.spec
    yield from check_host(spec.host, "spec.host")
    if spec.traffic_policy is not None:
        yield from _check_traffic_policy(spec.traffic_policy, "spec.trafficPolicy")
    names: set[str] = set()
    for index, subset in enumerate(spec.subsets):
        path = f"spec.subsets[{index}]"
        if subset.name in names:
            yield Problem(f"{path}.name", subset.name, "is the name of another subset too; rename one")
        names.add(subset.name)
        yield from _check_subset(subset, path)
    yield from check_export_to(spec.export_to, rule.metadata.namespace)
    yield from check_selector(spec.workload_selector, "spec.workloadSelector")
    own = {".", rule.metadata.namespace}
    if spec.workload_selector is not None and not own.issuperset(spec.export_to):
        yield Problem("spec.exportTo", list(spec.export_to), 'with a workloadSelector it must be "."')


def warn_destination_rule(rule: IstioObject[DestinationRule]) -> Iterator[Problem]:
    """What is allowed but surely not meant."""
    yield from warn_of_empty_selector(rule.spec.workload_selector, "spec.workloadSelector")
    for index, subset in enumerate(rule.spec.subsets):
        if not subset.labels:
            yield Problem(f"spec.subsets[{index}]", subset.name, "has no labels and holds every endpoint")
        yield from _warn_traffic_policy(subset.traffic_policy, f"spec.subsets[{index}].trafficPolicy")
    yield from _warn_traffic_policy(rule.spec.traffic_policy, "spec.trafficPolicy")
    yield from warn_locality(rule.spec)
    for place, tls in _tls_settings(rule.spec):
        yield from warn_client_tls(tls, place)
        if tls.credential_name and tls.mode in ("SIMPLE", "MUTUAL") and rule.spec.workload_selector is None:
            yield Problem(f"{place}.credentialName", tls.credential_name, AT_GATEWAYS)


def _tls_settings(rule: DestinationRule) -> Iterator[tuple[str, ClientTLSSettings]]:
    policies = [("spec.trafficPolicy", rule.traffic_policy)]
    policies += [
        (f"spec.subsets[{index}].trafficPolicy", each.traffic_policy) for index, each in enumerate(rule.subsets)
    ]
    for path, policy in policies:
        if policy is not None:
            ports = [(f"{path}.portLevelSettings[{i}]", port.tls) for i, port in enumerate(policy.port_level_settings)]
            yield from ((f"{place}.tls", tls) for place, tls in ((path, policy.tls), *ports) if tls is not None)


def _warn_traffic_policy(policy: TrafficPolicy | None, path: str) -> Iterator[Problem]:
    if policy is None:
        return
    balancers = [(path, policy.load_balancer)]
    for index, port_policy in enumerate(policy.port_level_settings):
        balancers.append((f"{path}.portLevelSettings[{index}]", port_policy.load_balancer))
    for place, balancer in balancers:
        if balancer is not None:
            yield from warn_load_balancer(balancer, f"{place}.loadBalancer")


def _check_subset(subset: Subset, path: str) -> Iterator[Problem]:
    if not is_dns_label(subset.name):
        yield Problem(f"{path}.name", subset.name, "must be a name of letters, digits and dashes")
    yield from check_labels(subset.labels, f"{path}.labels")
    if subset.traffic_policy is not None:
        yield from _check_traffic_policy(subset.traffic_policy, f"{path}.trafficPolicy")


def _check_traffic_policy(policy: TrafficPolicy, path: str) -> Iterator[Problem]:
    if policy == TrafficPolicy():
        yield Problem(path, None, "must set something; leave it out for the defaults")
    yield from _check_settings(policy, path)
    for index, port_policy in enumerate(policy.port_level_settings):
        place = f"{path}.portLevelSettings[{index}]"
        if port_policy.port is None:
            yield Problem(f"{place}.port", None, "is required")
        else:
            yield from check_port(port_policy.port.number, f"{place}.port.number")
        if port_policy == PortTrafficPolicy(port=port_policy.port):
            yield Problem(place, None, "must set something for the port")
        yield from _check_settings(port_policy, place)
    if policy.tunnel is not None:
        yield from _check_tunnel(policy.tunnel, f"{path}.tunnel")
        if policy.proxy_protocol is not None:
            yield Problem(path, None, "only one of tunnel and proxyProtocol may be set")


def _check_settings(policy: TrafficPolicy | PortTrafficPolicy, path: str) -> Iterator[Problem]:
    if policy.load_balancer is not None:
        yield from check_load_balancer(policy.load_balancer, f"{path}.loadBalancer")
    if policy.connection_pool is not None:
        yield from check_connection_pool(policy.connection_pool, f"{path}.connectionPool")
    if policy.outlier_detection is not None:
        yield from check_outlier_detection(policy.outlier_detection, f"{path}.outlierDetection")
    if policy.tls is not None:
        yield from _check_tls(policy.tls, f"{path}.tls")


def _check_tunnel(tunnel: TunnelSettings, path: str) -> Iterator[Problem]:
    if tunnel.protocol not in ("", "CONNECT", "POST"):
        yield Problem(f"{path}.protocol", tunnel.protocol, "must be CONNECT or POST")
    if not (is_dns_name(tunnel.target_host) or is_ip_address(tunnel.target_host)):
        yield Problem(f"{path}.targetHost", tunnel.target_host, "must be a DNS name or an IP address")
    yield from check_port(tunnel.target_port, f"{path}.targetPort")


def _check_tls(tls: ClientTLSSettings, path: str) -> Iterator[Problem]:
    files = {
        "clientCertificate": tls.client_certificate,
        "privateKey": tls.private_key,
        "caCertificates": tls.ca_certificates,
        "caCrl": tls.ca_crl,
    }
    given = [name for name, value in files.items() if value]
    if tls.mode in ("SIMPLE", "MUTUAL"):
        if tls.insecure_skip_verify and (tls.ca_certificates or tls.subject_alt_names):
            reason = "contradicts insecureSkipVerify; remove caCertificates and subjectAltNames or this"
            yield Problem(f"{path}.insecureSkipVerify", True, reason)
        if tls.credential_name:
            for name in given:
                yield Problem(f"{path}.{name}", files[name], "must be left out: credentialName holds it")
        elif tls.mode == "MUTUAL":
            for name in ("clientCertificate", "privateKey"):
                if not files[name]:
                    yield Problem(f"{path}.{name}", None, "is required for MUTUAL, or else a credentialName")
