"""What a route has to know about its destinations: which cluster each is, and by what its requests are hashed."""

from dataclasses import dataclass
from typing import Any

from meshd.model.destination import ConsistentHash, TrafficPolicy
from meshd.model.labels import Labels
from meshd.model.memo import Reader
from meshd.model.route import Destination
from meshd.model.service import Service
from meshd.networking.clusters.rules import policy_of
from meshd.networking.lookup import destination_service
from meshd.networking.names import AS_MEANT, outbound_cluster_name
from meshd.networking.proto import duration


@dataclass(frozen=True, slots=True)
class Upstreams:
    """Destinations as clients in `namespace` with `labels` see them, for requests that came in on `request_port`.

    `asked` is the service that the client asked for. A headless one it has looked up by itself, so it is brought to the
    address that it found, as long as no rule sends it elsewhere.
    """

    read: Reader
    namespace: str
    request_port: int
    labels: Labels = ()
    asked: str = ""

    def service(self, destination: Destination) -> Service | None:
        return self.read.query(destination_service, destination.host, self.namespace)

    def cluster(self, destination: Destination) -> str:
        service, subset = self.service(destination), destination.subset
        if service is not None and service.headless and service.hostname == self.asked and not subset:
            subset = AS_MEANT
        return outbound_cluster_name(self._host(destination), self.port(destination), subset)

    def hash_policies(self, destination: Destination) -> list[dict[str, Any]]:
        """RouteAction.hash_policy for a destination that clients see and whose policy asks for consistent hashing."""
        if self.service(destination) is None:
            return []
        hashing = self.policy(destination).consistent_hash
        return [_hash_policy(hashing)] if hashing else []

    def policy(self, destination: Destination) -> TrafficPolicy:
        port, host = self.port(destination), self._host(destination)
        return self.read.query(policy_of, self.namespace, self.labels, host, port, destination.subset)

    def port(self, destination: Destination) -> int:
        """A destination without a port is the service's only port, else the port the request came in on."""
        if destination.port:
            return destination.port
        service = self.service(destination)
        return service.ports[0].port if service and len(service.ports) == 1 else self.request_port

    def _host(self, destination: Destination) -> str:
        service = self.service(destination)
        return service.hostname if service else destination.host


def _hash_policy(hashing: ConsistentHash) -> dict[str, Any]:
    """https://istio.io/latest/docs/reference/config/networking/destination-rule/#LoadBalancerSettings-ConsistentHashLB"""
    if hashing.header:
        return {"header": {"header_name": hashing.header}}
    if hashing.query_parameter:
        return {"query_parameter": {"name": hashing.query_parameter}}
    if hashing.source_ip:
        return {"connection_properties": {"source_ip": True}}
    cookie: dict[str, Any] = {"name": hashing.cookie, "path": hashing.cookie_path}
    if hashing.cookie_ttl is not None:
        cookie["ttl"] = duration(hashing.cookie_ttl)
    if hashing.cookie_attributes:
        cookie["attributes"] = [{"name": name, "value": value} for name, value in hashing.cookie_attributes]
    return {"cookie": cookie}
