"""Which fields have an effect in this mesh. Every other one is accepted and reported, never passed over."""

from __future__ import annotations

from collections.abc import Iterator

from .istio.message import Message
from .metrics import COUNTED
from .object import IstioObject
from .problem import Problem, child
from .walk import nearest_messages, set_fields
from .why_not import WHY_NOT

NO_EFFECT = "field is accepted but has no effect"
KIND_NOT_SUPPORTED = "kind is not supported yet"


def _fields(prefix: str, names: str) -> Iterator[str]:
    return (f"{prefix}.{name}" for name in names.split())


_HTTP = "VirtualService.http"
_CONDITION = "AuthorizationPolicy.rules.when"
_POLICIES = tuple(
    f"DestinationRule.{owner}trafficPolicy{port}" for owner in ("", "subsets.") for port in ("", ".portLevelSettings")
)


def _target(kind: str) -> Iterator[str]:
    for field in ("targetRef", "targetRefs"):
        yield from _fields(f"{kind}.{field}", "kind=Gateway name group")


def _traffic_policy(prefix: str) -> Iterator[str]:
    hashing = f"{prefix}.loadBalancer.consistentHash"
    yield f"{prefix}.loadBalancer.simple"
    yield from _fields(hashing, "httpHeaderName httpCookie useSourceIp")
    yield from _fields(hashing, "httpQueryParameterName ringHash maglev minimumRingSize")
    yield from _fields(f"{prefix}.loadBalancer", "warmup warmupDurationSecs localityLbSetting zoneAwareLbSetting")
    yield f"{prefix}.connectionPool"
    yield f"{prefix}.outlierDetection"
    yield from _fields(f"{prefix}.tls", "mode clientCertificate privateKey caCertificates subjectAltNames")
    yield from _fields(f"{prefix}.tls", "sni insecureSkipVerify caCrl credentialName")


def _whole_policy(prefix: str) -> Iterator[str]:
    """What a single port cannot have of its own."""
    yield from _fields(prefix, "tunnel proxyProtocol retryBudget")


SUPPORTED: frozenset[str] = frozenset(
    (
        *_fields("VirtualService", "hosts gateways exportTo"),
        *_fields(_HTTP, "name route directResponse rewrite timeout mirror mirrorPercent mirrorPercentage mirrors"),
        *_fields(_HTTP, "mirror_percent"),
        *_fields(_HTTP, "headers corsPolicy delegate"),
        *_fields(f"{_HTTP}.match", "name uri scheme method authority headers withoutHeaders port queryParams"),
        *_fields(f"{_HTTP}.match", "gateways ignoreUriCase sourceNamespace sourceLabels statPrefix"),
        *_fields(f"{_HTTP}.redirect", "uri authority scheme port derivePort redirectCode prefixRewrite"),
        *_fields(
            f"{_HTTP}.retries", "attempts perTryTimeout retryOn backoff retryIgnorePreviousHosts retryRemoteLocalities"
        ),
        *_fields(f"{_HTTP}.fault", "delay.fixedDelay delay.percentage delay.percent"),
        *_fields(f"{_HTTP}.fault.abort", "httpStatus grpcStatus percentage"),
        *_fields("VirtualService", "tcp tls"),
        *_fields("DestinationRule", "host exportTo subsets.name subsets.labels workloadSelector"),
        *(field for policy in _POLICIES for field in _traffic_policy(policy)),
        *(f for policy in _POLICIES if not policy.endswith("portLevelSettings") for f in _whole_policy(policy)),
        *(f"{policy}.port" for policy in _POLICIES if policy.endswith("portLevelSettings")),
        *_fields("Gateway", "selector servers.name servers.hosts servers.bind"),
        *_fields("Gateway.servers.port", "number name"),
        *_fields("Gateway.servers.port", "protocol=HTTP protocol=HTTP2 protocol=GRPC protocol=GRPC-WEB protocol=HTTPS"),
        *_fields("Gateway.servers.port", "protocol=HTTP_PROXY protocol=TLS protocol=TCP protocol=MONGO protocol=REDIS"),
        *_fields("Gateway.servers.port", "protocol=MYSQL"),
        *_fields(
            "Gateway.servers.tls", "mode=PASSTHROUGH mode=AUTO_PASSTHROUGH mode=SIMPLE mode=MUTUAL mode=OPTIONAL_MUTUAL"
        ),
        *_fields("Gateway.servers.tls", "mode=ISTIO_MUTUAL httpsRedirect credentialName credentialNames"),
        *_fields("Gateway.servers.tls", "caCertCredentialName serverCertificate privateKey caCertificates caCrl"),
        *_fields("Gateway.servers.tls.tlsCertificates", "serverCertificate privateKey"),
        *_fields("Gateway.servers.tls", "subjectAltNames verifyCertificateSpki verifyCertificateHash"),
        *_fields("Gateway.servers.tls", "insecureSkipVerify minProtocolVersion maxProtocolVersion cipherSuites"),
        *_fields("Sidecar", "workloadSelector inboundConnectionPool outboundTrafficPolicy"),
        *_fields("Sidecar.egress", "port.number port.protocol port.name bind captureMode hosts"),
        *_fields("Sidecar.ingress", "port.number port.protocol port.name defaultEndpoint connectionPool"),
        *_fields("Sidecar.ingress", "bind captureMode tls.mode=SIMPLE tls.mode=MUTUAL"),
        *_fields("Sidecar.ingress.tls", "serverCertificate privateKey caCertificates caCrl"),
        *_fields("Sidecar.ingress.tls.tlsCertificates", "serverCertificate privateKey"),
        *_fields("Sidecar.ingress.tls", "subjectAltNames verifyCertificateSpki verifyCertificateHash"),
        *_fields("Sidecar.ingress.tls", "insecureSkipVerify minProtocolVersion maxProtocolVersion cipherSuites"),
        *_fields("ProxyConfig", "selector concurrency environmentVariables image"),
        *_fields("Telemetry", "selector accessLogging"),
        *(field for kind in ("AuthorizationPolicy", "RequestAuthentication", "Telemetry") for field in _target(kind)),
        *_fields("Telemetry.tracing", "match providers randomSamplingPercentage disableSpanReporting customTags"),
        *_fields("Telemetry.tracing", "useRequestIdForTraceSampling enableIstioTags disableContextPropagation"),
        *_fields("Telemetry.metrics", "providers overrides.disabled overrides.tagOverrides"),
        *_fields("Telemetry.metrics.overrides.match", "mode customMetric"),
        *(f"Telemetry.metrics.overrides.match.metric={metric}" for metric in ("ALL_METRICS", *COUNTED)),
        *_fields("ServiceEntry", "hosts addresses ports location resolution=NONE resolution=STATIC resolution=DNS"),
        *_fields(
            "ServiceEntry",
            "resolution=DNS_ROUND_ROBIN resolution=DYNAMIC_DNS workloadSelector exportTo subjectAltNames",
        ),
        *_fields("ServiceEntry.endpoints", "address ports labels weight serviceAccount locality"),
        *_fields("WorkloadEntry", "address ports labels weight serviceAccount locality"),
        *_fields("PeerAuthentication", "selector mtls portLevelMtls"),
        *_fields("RequestAuthentication", "selector jwtRules"),
        *_fields("AuthorizationPolicy", "selector action provider rules.from rules.to.operation"),
        *_fields(_CONDITION, "values notValues key=request.headers key=source.ip key=remote.ip"),
        *_fields(_CONDITION, "key=source.namespace key=source.principal key=source.serviceAccount"),
        *_fields(_CONDITION, "key=source.trustDomain key=request.auth.principal key=request.auth.audiences"),
        *_fields(_CONDITION, "key=request.auth.presenter key=request.auth.claims"),
        *_fields(_CONDITION, "key=destination.ip key=destination.port key=connection.sni"),
    )
)
"""Fields that work, as "Kind.field.inner" without list indexes. A message's name covers everything in it.

Where only some values work, each is an entry: "Kind.field=VALUE" (of a key with a name in brackets, what is
before them)."""

_OUTER = frozenset(
    ".".join(parts[:length]) for parts in (field.split(".") for field in SUPPORTED) for length in range(len(parts))
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
        if inner_name in SUPPORTED or _works(inner_name, value):
            continue
        if inner_name not in _OUTER:
            yield _without_effect(inner_name, inner_path, value)
            continue
        for place, inner in nearest_messages(value, inner_path):
            yield from _unsupported(inner, inner_name, place)


def _without_effect(name: str, path: str, value: object) -> Problem:
    text = value if isinstance(value, str) else None
    why = WHY_NOT.get(name) or WHY_NOT.get(f"{name}={text}")
    return Problem(path, text, f"{NO_EFFECT}: {why}" if why else f"{NO_EFFECT} yet")


def _works(name: str, value: object) -> bool:
    return isinstance(value, str) and f"{name}={value.partition('[')[0]}".upper() in _VALUES
