"""Which generators there are: the one list from which every proxy's configuration comes."""

from meshd.model.resource import CLUSTER, ENDPOINT, LISTENER, ROUTE, SECRET, VIRTUAL_HOST
from meshd.networking.clusters.inbound import build_inbound_cluster, inbound_clusters
from meshd.networking.clusters.outbound import build_outbound_cluster, outbound_clusters
from meshd.networking.endpoints import build_endpoints, outbound_endpoints
from meshd.networking.engine import Generator
from meshd.networking.listeners.gateway import build_gateway_listener, gateway_listeners
from meshd.networking.listeners.inbound import build_inbound_listener, inbound_listeners
from meshd.networking.listeners.outbound import build_outbound_listener, outbound_listeners
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
from meshd.networking.scopes import (
    gateway_scope,
    outbound_scope,
    sidecar_inbound_scope,
    sidecar_outbound_scope,
)
from meshd.networking.secrets import build_gateway_secret, gateway_secrets

GENERATORS = (
    Generator(CLUSTER, outbound_scope, outbound_clusters, build_outbound_cluster),
    Generator(CLUSTER, sidecar_inbound_scope, inbound_clusters, build_inbound_cluster),
    Generator(ENDPOINT, outbound_scope, outbound_endpoints, build_endpoints),
    Generator(LISTENER, sidecar_outbound_scope, outbound_listeners, build_outbound_listener),
    Generator(LISTENER, sidecar_inbound_scope, inbound_listeners, build_inbound_listener),
    Generator(LISTENER, gateway_scope, gateway_listeners, build_gateway_listener),
    Generator(ROUTE, sidecar_outbound_scope, sidecar_routes, build_sidecar_route),
    Generator(ROUTE, gateway_scope, gateway_routes, build_gateway_route),
    Generator(VIRTUAL_HOST, sidecar_outbound_scope, sidecar_virtual_hosts, build_sidecar_virtual_host),
    Generator(VIRTUAL_HOST, gateway_scope, gateway_virtual_hosts, build_gateway_virtual_host),
    Generator(SECRET, gateway_scope, gateway_secrets, build_gateway_secret),
)
