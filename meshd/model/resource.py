"""Envoy resources as the control plane hands them on: serialised once, named, and versioned by content."""

from collections.abc import Hashable
from dataclasses import dataclass

from meshd.model.reference import ObjectRef

_PREFIX = "type.googleapis.com/envoy."

CLUSTER = f"{_PREFIX}config.cluster.v3.Cluster"
ENDPOINT = f"{_PREFIX}config.endpoint.v3.ClusterLoadAssignment"
LISTENER = f"{_PREFIX}config.listener.v3.Listener"
ROUTE = f"{_PREFIX}config.route.v3.RouteConfiguration"
VIRTUAL_HOST = f"{_PREFIX}config.route.v3.VirtualHost"
SECRET = f"{_PREFIX}extensions.transport_sockets.tls.v3.Secret"

TYPE_URLS = (CLUSTER, ENDPOINT, LISTENER, ROUTE, VIRTUAL_HOST, SECRET)
"""In the order in which additions must be sent (make before break)."""

Scope = Hashable
"""What a set of proxies has in common, as far as a resource type depends on it."""


@dataclass(frozen=True, slots=True)
class Resource:
    """One Envoy resource.

    `entry` is the serialised envoy.service.discovery.v3.Resource (name, version and the resource as Any): what goes
    on the wire for every proxy. `version` is a hash of the content. `sources` are the objects it was made from.
    """

    name: str
    version: str
    entry: bytes
    sources: tuple[ObjectRef, ...] = ()


@dataclass(frozen=True, slots=True)
class Delta:
    """What changed for the proxies of `scope` in one type."""

    type_url: str
    scope: Scope
    changed: tuple[Resource, ...]
    removed: tuple[str, ...]
