"""ClusterLoadAssignment: the endpoints of one cluster, by locality and in the order that its clients prefer."""

from envoy.config.endpoint.v3 import endpoint_components_pb2, endpoint_pb2

from meshd.model.labels import Labels, selects
from meshd.model.memo import Reader
from meshd.model.service import Service
from meshd.networking.lb_endpoints import ToldEndpoint, told_endpoints
from meshd.networking.preference import Group, Preference, grouped
from meshd.networking.proto import uint32


def load_assignment(
    read: Reader,
    name: str,
    service: Service,
    number: int,
    wanted: Labels,
    near: Preference,
    only_mutual_tls: bool = False,
) -> endpoint_pb2.ClusterLoadAssignment:
    """Of cluster `name`: the endpoints of a port whose labels are `wanted`, as a client prefers them."""
    told = read.query(told_endpoints, service.namespace, service.hostname, number, service.external)
    chosen = [
        each
        for each in told
        if selects(wanted, each.workload.labels if each.workload else ()) and (each.takes_mtls or not only_mutual_tls)
    ]
    groups = grouped(chosen, near)
    return endpoint_pb2.ClusterLoadAssignment(
        cluster_name=name, endpoints=[_locality_lb_endpoints(group) for group in groups]
    )


def _locality_lb_endpoints(group: Group[ToldEndpoint]) -> endpoint_components_pb2.LocalityLbEndpoints:
    at = group.locality
    return endpoint_components_pb2.LocalityLbEndpoints(
        locality={"region": at.region, "zone": at.zone, "sub_zone": at.sub_zone},
        priority=group.priority,
        lb_endpoints=[each.message for each in group.members],
        load_balancing_weight=uint32(group.weight),
    )
