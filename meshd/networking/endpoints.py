"""Endpoints that proxies are told: those behind each cluster whose addresses neither DNS nor the client knows."""

from meshd.model.labels import Labels
from meshd.model.memo import Reader
from meshd.model.resource import Resource, Scope
from meshd.model.service import Resolution, Service
from meshd.networking.auto_passthrough import clients_of, named_cluster
from meshd.networking.clusters.outbound import outbound_clusters
from meshd.networking.clusters.rules import ClusterItem, preference, subset_labels
from meshd.networking.load_assignment import load_assignment
from meshd.networking.lookup import service_of
from meshd.networking.names import AS_MEANT, outbound_cluster_name
from meshd.networking.preference import Preference
from meshd.networking.proto import resource
from meshd.networking.scopes import OutboundScope, WorkloadScope


def outbound_endpoints(read: Reader, scope: Scope) -> tuple[ClusterItem, ...]:
    return tuple(item for item in read.query(outbound_clusters, scope) if item[1] and item[2] != AS_MEANT)


def build_endpoints(read: Reader, scope: Scope, item: object) -> Resource | None:
    assert isinstance(scope, OutboundScope)
    assert isinstance(item, tuple)
    return _endpoints(read, scope, item, outbound_cluster_name(*item))


def build_named_endpoints(read: Reader, scope: Scope, item: object) -> Resource | None:
    """Those of a cluster that a server of mode AUTO_PASSTHROUGH names."""
    assert isinstance(scope, WorkloadScope)
    assert isinstance(item, tuple)
    return _endpoints(read, clients_of(scope), item, named_cluster(item), only_mutual_tls=True)


def _endpoints(
    read: Reader, scope: OutboundScope, item: ClusterItem, name: str, only_mutual_tls: bool = False
) -> Resource | None:
    known = read.query(_known, scope, item)
    if known is None:
        return None
    service, wanted, near = known
    return resource(name, load_assignment(read, name, service, item[1], wanted, near, only_mutual_tls))


def _known(read: Reader, scope: OutboundScope, item: ClusterItem) -> tuple[Service, Labels, Preference] | None:
    """What does not change when endpoints come and go: whose they are, their labels, and which are preferred."""
    host, number, subset = item
    service = read.query(service_of, host, scope.namespace)
    if service is None or service.port(number) is None or service.resolution is not Resolution.ENDPOINTS:
        return None
    wanted = read.query(subset_labels, scope.namespace, scope.labels, host, subset)
    return service, wanted, preference(read, scope, item)
