"""Which generators there are: the one list from which every proxy's configuration comes."""

from meshd.model.resource import CLUSTER, ENDPOINT, LISTENER, ROUTE, SECRET, VIRTUAL_HOST
from meshd.networking.authentication.keys import build_key_cluster, key_clusters
from meshd.networking.clusters.gateway import (
    build_gateway_cluster,
    build_named_cluster,
    gateway_clusters,
    named_clusters,
)
from meshd.networking.clusters.inbound import build_inbound_cluster, inbound_clusters
from meshd.networking.clusters.outbound import build_outbound_cluster, outbound_clusters
from meshd.networking.endpoints import build_endpoints, build_named_endpoints, outbound_endpoints
from meshd.networking.engine import Generator
from meshd.networking.listeners.gateway import build_gateway_listener, gateway_listeners
from meshd.networking.listeners.inbound import build_inbound_listener, inbound_listeners
from meshd.networking.listeners.outbound import build_outbound_listener, outbound_listeners
from meshd.networking.routes.detected import build_detected_route, detected_routes
from meshd.networking.routes.gateway import (
    build_gateway_route,
    build_gateway_virtual_host,
    gateway_routes,
    gateway_virtual_hosts,
)
from meshd.networking.routes.sidecar import (
    build_sidecar_route,
    build_sidecar_virtual_host,
    sidecar_routes,
    sidecar_virtual_hosts,
)
from meshd.networking.secrets import build_secret, gateway_secrets, sidecar_secrets
from meshd.networking.visibility import (
    gateway,
    gateway_outbound_layers,
    outbound_layers,
    sidecar_inbound,
    sidecar_listener_layers,
    sidecar_outbound_layers,
    workload,
)

GENERATORS = (
    Generator(CLUSTER, gateway_outbound_layers, gateway_clusters, build_gateway_cluster),
    Generator(CLUSTER, gateway, named_clusters, build_named_cluster),
    Generator(CLUSTER, outbound_layers, outbound_clusters, build_outbound_cluster),
    Generator(CLUSTER, sidecar_inbound, inbound_clusters, build_inbound_cluster),
    Generator(CLUSTER, workload, key_clusters, build_key_cluster),
    Generator(ENDPOINT, gateway, named_clusters, build_named_endpoints),
    Generator(ENDPOINT, outbound_layers, outbound_endpoints, build_endpoints),
    Generator(LISTENER, sidecar_listener_layers, outbound_listeners, build_outbound_listener),
    Generator(LISTENER, sidecar_inbound, inbound_listeners, build_inbound_listener),
    Generator(LISTENER, gateway, gateway_listeners, build_gateway_listener),
    Generator(ROUTE, sidecar_outbound_layers, sidecar_routes, build_sidecar_route),
    Generator(ROUTE, sidecar_outbound_layers, detected_routes, build_detected_route),
    Generator(ROUTE, gateway, gateway_routes, build_gateway_route),
    Generator(VIRTUAL_HOST, sidecar_outbound_layers, sidecar_virtual_hosts, build_sidecar_virtual_host),
    Generator(VIRTUAL_HOST, gateway, gateway_virtual_hosts, build_gateway_virtual_host),
    Generator(SECRET, gateway, gateway_secrets, build_secret),
    Generator(SECRET, sidecar_inbound, sidecar_secrets, build_secret),
)
