"""State-of-the-world ADS for clients that do not speak delta, as another dialect of the same stream.

    DiscoveryRequest -> delta requests -> Stream -> delta responses -> DiscoveryResponse with all that the client holds

Clusters and listeners are sent whole each time, for what is not in such a response is gone. Virtual hosts have no type
of their own here: they are put into their route configurations.
https://www.envoyproxy.io/docs/envoy/latest/api-docs/xds_protocol#basic-protocol-overview
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from envoy.config.route.v3 import route_components_pb2, route_pb2
from envoy.service.discovery.v3 import discovery_pb2
from google.protobuf.any_pb2 import Any as ProtoAny
from google.protobuf.message import DecodeError

from meshd.model.resource import CLUSTER, LISTENER, ROUTE, VIRTUAL_HOST, Resource
from meshd.xds.wire import MalformedRequest, Request, Response

Held = dict[str, Resource]
WHOLE = frozenset({CLUSTER, LISTENER})


@dataclass(slots=True)
class Sotw:
    """What one client subscribed to and holds, by type. `undo` is what a response replaced, until it is answered."""

    names: dict[str, frozenset[str]] = field(default_factory=dict)
    held: dict[str, Held] = field(default_factory=dict)
    undo: dict[str, tuple[str, dict[str, Resource | None]]] = field(default_factory=dict)

    def decode(self, raw: bytes) -> list[Request]:
        """The delta requests that a DiscoveryRequest stands for. Raises MalformedRequest."""
        message = discovery_pb2.DiscoveryRequest()
        try:
            message.ParseFromString(raw)
        except DecodeError as reason:
            raise MalformedRequest(str(reason)) from None
        error = message.error_detail.message or "no detail" if message.HasField("error_detail") else None
        answered = self._answered(message.response_nonce, refused=error is not None)
        first = message.type_url not in self.names
        names = frozenset(message.resource_names)
        before = self.names.get(message.type_url, frozenset())
        self.names[message.type_url] = names
        request = Request(
            message.type_url,
            message.node.id,
            tuple(sorted(names - before)),
            tuple(sorted(before - names)),
            nonce=message.response_nonce,
            error=error,
        )
        self._forget(message.type_url, before - names)
        if answered == VIRTUAL_HOST:  # it was told as a route configuration
            own = request._replace(nonce="", error=None)
            return [Request(VIRTUAL_HOST, nonce=request.nonce, error=error), *([own] if own.subscribe else [])]
        return [request, Request(VIRTUAL_HOST)] if first and message.type_url == ROUTE else [request]

    def encode(self, response: Response) -> bytes | None:
        """The DiscoveryResponse; None for one that tells the client nothing (`answer` it for the client)."""
        held = self.held.setdefault(response.type_url, {})
        self.undo[response.nonce] = (
            response.type_url,
            {name: held.get(name) for name in (*(r.name for r in response.resources), *response.removed)},
        )
        changed = [r for r in response.resources if held.get(r.name) != r]
        gone = [name for name in response.removed if held.pop(name, None) is not None]
        held.update((resource.name, resource) for resource in response.resources)
        type_url = response.type_url
        if type_url == VIRTUAL_HOST:
            type_url = ROUTE
            touched = {name.rpartition("/")[0] for name in (*(r.name for r in changed), *gone)}
            routes = self.held.get(ROUTE, {})
            sent: Iterable[Resource] = [routes[name] for name in sorted(touched) if name in routes]
            if not sent:
                return None
        else:
            sent = held.values() if type_url in WHOLE else response.resources
        message = discovery_pb2.DiscoveryResponse(version_info=response.nonce, type_url=type_url, nonce=response.nonce)
        message.resources.extend(self._content(type_url, resource) for resource in sent)
        return bytes(message.SerializeToString())

    def answer(self, response: Response) -> Request:
        """The ACK of a response that the client need not see."""
        self._answered(response.nonce, refused=False)
        return Request(response.type_url, nonce=response.nonce)

    def _answered(self, nonce: str, refused: bool) -> str:
        """Type of the response that is answered; a refused one is as if it had not been sent."""
        type_url, before = self.undo.pop(nonce, ("", {}))
        held = self.held.setdefault(type_url, {})
        for name, resource in before.items() if refused else ():
            if resource is None:
                held.pop(name, None)
            else:
                held[name] = resource
        return type_url

    def _forget(self, type_url: str, names: Iterable[str]) -> None:
        held = self.held.get(type_url, {})
        for name in names:
            held.pop(name, None)
            if type_url == ROUTE:
                hosts = self.held.get(VIRTUAL_HOST, {})
                for host in [host for host in hosts if host.rpartition("/")[0] == name]:
                    del hosts[host]

    def _content(self, type_url: str, resource: Resource) -> ProtoAny:
        packed: ProtoAny = _unpack(resource)
        if type_url != ROUTE:
            return packed
        configuration = route_pb2.RouteConfiguration.FromString(packed.value)
        configuration.ClearField("vhds")
        configuration.virtual_hosts.extend(_hosts_of(resource.name, self.held.get(VIRTUAL_HOST, {})))
        whole = ProtoAny()
        whole.Pack(configuration, deterministic=True)
        return whole


def _hosts_of(route: str, hosts: Mapping[str, Resource]) -> Iterable[route_components_pb2.VirtualHost]:
    for name in sorted(hosts):
        if name.rpartition("/")[0] == route:
            yield route_components_pb2.VirtualHost.FromString(_unpack(hosts[name]).value)


def _unpack(resource: Resource) -> ProtoAny:
    content: ProtoAny = discovery_pb2.Resource.FromString(resource.entry).resource
    return content
