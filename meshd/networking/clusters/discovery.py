"""How a cluster learns its endpoints: told by the control plane, by DNS, or from where the client meant to connect."""

from typing import Any

from envoy.extensions.clusters.dns.v3 import dns_cluster_pb2

from meshd.model.labels import Labels
from meshd.model.memo import Reader
from meshd.model.service import Resolution, Service
from meshd.networking.dns import AFTER_FAILURE, REFRESH
from meshd.networking.load_assignment import load_assignment
from meshd.networking.preference import Preference
from meshd.networking.proto import ADS, extension, uint32
from meshd.networking.service_endpoints import service_endpoints

ORIGINAL_DST: dict[str, Any] = {"type": "ORIGINAL_DST", "lb_policy": "CLUSTER_PROVIDED"}


def discovery(
    read: Reader, name: str, service: Service, number: int, wanted: Labels, near: Preference
) -> dict[str, Any]:
    """Fields of cluster `name` that say where its endpoints come from; `wanted` are a subset's labels.

    Of a single name there is nothing to choose: Envoy wants exactly one endpoint there.
    """
    match service.resolution:
        case Resolution.ENDPOINTS:
            return {"type": "EDS", "eds_cluster_config": {"eds_config": ADS}}
        case Resolution.ORIGINAL_DESTINATION:
            return ORIGINAL_DST
    one_name = service.resolution is Resolution.DNS_ROUND_ROBIN
    return {
        "cluster_type": _dns(one_name),
        "load_assignment": load_assignment(read, name, service, number, wanted, Preference() if one_name else near),
    }


def as_meant(read: Reader, service: Service, number: int) -> dict[str, Any]:
    """Fields for the endpoint that the client has looked up, on the port where it listens if all listen on the same."""
    ports = {each.port for each in read.query(service_endpoints, service.namespace, service.hostname, number)}
    if len(ports) != 1 or ports == {number}:
        return ORIGINAL_DST
    return ORIGINAL_DST | {"original_dst_lb_config": {"upstream_port_override": uint32(ports.pop())}}


def _dns(one_name: bool) -> dict[str, Any]:
    """https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/service_discovery"""
    config = dns_cluster_pb2.DnsCluster(
        dns_refresh_rate=REFRESH,
        dns_failure_refresh_rate=AFTER_FAILURE,
        respect_dns_ttl=True,
        dns_lookup_family="V4_PREFERRED",
        all_addresses_in_single_endpoint=one_name,
    )
    return extension("envoy.clusters.dns", config)
