"""Why a field has no effect here, in words for whoever set it."""

from __future__ import annotations

_NOT_IN_ISTIO = "neither Istio nor Envoy does anything with it"
_DEPRECATED = "it is deprecated; Istio does nothing with it either"
_NO_GATEWAY_API = "it names what the Kubernetes Gateway API makes, which is not part of this mesh: use selector"
_NO_SECRETS = "refused: a sidecar reads no Secrets, only files"
_CREDENTIALS = ("credentialName", "credentialNames", "caCertCredentialName")
_ONE_NETWORK = "the mesh is one network, in which every address is reached as it is"
_TARGET_REFS = {
    f"{kind}.{field}": _NO_GATEWAY_API
    for kind in ("AuthorizationPolicy", "RequestAuthentication", "Telemetry")
    for field in ("targetRef", "targetRefs")
}

WHY_NOT: dict[str, str] = {
    "VirtualService.http.fault.delay.exponentialDelay": _NOT_IN_ISTIO,
    "VirtualService.http.fault.abort.http2Error": _NOT_IN_ISTIO,
    "Gateway.servers.port.targetPort": "a Gateway's port has no endpoints; Istio does nothing with it either",
    "Gateway.servers.name": "what a gateway counts is told apart by port, not by server",
    "Gateway.servers.defaultEndpoint": _NOT_IN_ISTIO,
    "Gateway.servers.tls.mode=AUTO_PASSTHROUGH": "it joins the networks of several clusters; this mesh is of one",
    "ServiceEntry.endpoints.network": _ONE_NETWORK,
    "WorkloadEntry.network": _ONE_NETWORK,
    "Sidecar.egress.port.targetPort": _DEPRECATED,
    "Sidecar.ingress.port.targetPort": _DEPRECATED,
    **{f"Sidecar.ingress.tls.{field}": _NO_SECRETS for field in _CREDENTIALS},
    "Telemetry.metrics.reportingInterval": "connections are counted when they begin and end",
    **_TARGET_REFS,
}
"""By names as in support.SUPPORTED. What has no reason has no effect yet."""
