"""Which fields have an effect in this mesh. Every other one is accepted and reported, never passed over."""

from __future__ import annotations

from collections.abc import Iterator

from .istio.message import Message
from .object import IstioObject
from .problem import Problem, child
from .walk import nearest_messages, set_fields

NO_EFFECT = "field is accepted but has no effect yet"
KIND_NOT_SUPPORTED = "kind is not supported yet"


def _fields(prefix: str, names: str) -> Iterator[str]:
    return (f"{prefix}.{name}" for name in names.split())


_HTTP_ROUTE = "VirtualService.http"
_TRAFFIC_POLICY = "loadBalancer.simple loadBalancer.consistentHash connectionPool outlierDetection tls"

SUPPORTED: frozenset[str] = frozenset(
    (
        *_fields("VirtualService", "hosts gateways"),
        *_fields(_HTTP_ROUTE, "name route redirect rewrite timeout retries.attempts retries.perTryTimeout"),
        *_fields(
            _HTTP_ROUTE, "retries.retryOn retries.backoff fault mirror mirrorPercentage mirrors headers"
        ),
        *_fields(f"{_HTTP_ROUTE}.match", "name uri headers method port queryParams"),
        *_fields("DestinationRule", "host subsets.name subsets.labels"),
        *_fields("DestinationRule.trafficPolicy", _TRAFFIC_POLICY),
        *_fields("DestinationRule.subsets.trafficPolicy", _TRAFFIC_POLICY),
        *_fields("Gateway", "selector servers.hosts servers.name"),
        *_fields(
            "Gateway.servers.port", "number name protocol=HTTP protocol=HTTP2 protocol=GRPC protocol=HTTPS"
        ),
        *_fields("Gateway.servers.tls", "httpsRedirect mode=SIMPLE mode=MUTUAL credentialName"),
        *_fields("PeerAuthentication", "selector mtls portLevelMtls"),
        *_fields("AuthorizationPolicy", "selector action=ALLOW action=DENY"),
        *_fields(
            "AuthorizationPolicy.rules.from.source", "principals notPrincipals namespaces notNamespaces"
        ),
        *_fields("AuthorizationPolicy.rules.to.operation", "hosts notHosts ports notPorts"),
        *_fields("AuthorizationPolicy.rules.to.operation", "methods notMethods paths notPaths"),
    )
)
"""Fields that work, as "Kind.field.inner" without list indexes. A message's name covers everything in it.

Where only some values work, each is an entry: "Kind.field=VALUE"."""

_OUTER = frozenset(
    ".".join(parts[:length])
    for parts in (field.split(".") for field in SUPPORTED)
    for length in range(len(parts))
)

_VALUES = frozenset(field.upper() for field in SUPPORTED if "=" in field)


def is_supported(kind: str) -> bool:
    """Whether any field of the kind has an effect."""
    return kind in _OUTER


def unsupported(istio_object: IstioObject[Message]) -> Iterator[Problem]:
    """A warning for each field that is set and has no effect, or one for the whole object."""
    if not is_supported(istio_object.kind):
        yield Problem("kind", istio_object.kind, KIND_NOT_SUPPORTED)
    else:
        yield from _unsupported(istio_object.spec, istio_object.kind, "spec")


def _unsupported(message: Message, name: str, path: str) -> Iterator[Problem]:
    for field, value in set_fields(message):
        inner_name, inner_path = f"{name}.{field}", child(path, field)
        if inner_name in SUPPORTED or f"{inner_name}={value}".upper() in _VALUES:
            continue
        if inner_name not in _OUTER:
            yield Problem(inner_path, value if isinstance(value, str) else None, NO_EFFECT)
            continue
        for place, inner in nearest_messages(value, inner_path):
            yield from _unsupported(inner, inner_name, place)
