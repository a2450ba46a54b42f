"""Why a field has no effect here, in words for whoever set it."""

from __future__ import annotations

_NOTHING_DONE = "neither Istio nor Envoy does anything with it"
_DEPRECATED = "it is deprecated; Istio does nothing with it either"
_ONE_LIST = "a server has one list of roots for its clients, its own caCertificates; Istio does nothing with it either"
_NO_SECRETS = "refused, as by Istio: a sidecar reads no Secrets, only files"
_CREDENTIALS = ("credentialName", "credentialNames", "caCertCredentialName")
_ONE_NETWORK = "the mesh is one network, in which every address is reached as it is"
_WAYPOINTS = "only the waypoints of an ambient mesh, which this is not, follow it: use selector"
_TARGETS = tuple(
    f"{kind}.{field}"
    for kind in ("AuthorizationPolicy", "RequestAuthentication", "Telemetry")
    for field in ("targetRef", "targetRefs")
)

SAME_IN_ISTIO: dict[str, str] = {
    "VirtualService.http.fault.delay.exponentialDelay": _NOTHING_DONE,
    "VirtualService.http.fault.abort.http2Error": _NOTHING_DONE,
    "Gateway.servers.port.targetPort": "a Gateway's port has no endpoints; Istio does nothing with it either",
    "Gateway.servers.defaultEndpoint": _NOTHING_DONE,
    "Sidecar.egress.port.targetPort": _DEPRECATED,
    "Sidecar.ingress.port.targetPort": _DEPRECATED,
    "Sidecar.ingress.tls.httpsRedirect": "refused, as by Istio: a sidecar redirects nothing",
    "Gateway.servers.tls.tlsCertificates.caCertificates": _ONE_LIST,
    "Sidecar.ingress.tls.tlsCertificates.caCertificates": _ONE_LIST,
    **{f"Sidecar.ingress.tls.{field}": _NO_SECRETS for field in _CREDENTIALS},
    **{f"{target}.namespace": "refused, as by Istio: there is no target in another namespace" for target in _TARGETS},
}
"""With Istio's sidecars and gateways these do no more."""

WHY_NOT: dict[str, str] = {
    **SAME_IN_ISTIO,
    "ServiceEntry.endpoints.network": _ONE_NETWORK,
    "WorkloadEntry.network": _ONE_NETWORK,
    "Telemetry.metrics.reportingInterval": "connections are counted when they begin and end",
    **{
        f"{target}.kind={kind}": _WAYPOINTS
        for target in _TARGETS
        for kind in ("Service", "ServiceEntry", "GatewayClass")
    },
}
"""By names as in support.SUPPORTED. What has no reason has no effect yet."""
