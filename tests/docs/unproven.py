"""Supported fields that no manifest of the conformance suite sets, each with the reason."""

from __future__ import annotations

_HTTP = "VirtualService.http"
_POLICY = "DestinationRule.trafficPolicy"
_TLS = "Gateway.servers.tls"


def _within(owner: str, names: str) -> frozenset[str]:
    return frozenset(f"{owner}.{name}" for name in names.split())


TIMING = "only when things happen would show it, and a busy machine keeps no upper bound"
NO_EFFECT_ON_BYTES = "names something in the proxy's own counts; what is sent is the same"
FILES = "names files inside the proxy's container, where a suite that sees a cluster from outside puts none"
NO_PEER = "needs a peer that speaks HTTP/2 or gRPC, which the suite's programs, Python's own library, do not"
LATER = "the same code as a neighbour that is proven, or not judged on the wire yet"

_LATER = """
VirtualService.http.match.scheme.exact
VirtualService.http.match.scheme.prefix
VirtualService.http.match.scheme.regex
VirtualService.http.match.method.prefix
VirtualService.http.match.authority.exact
VirtualService.http.match.authority.prefix
VirtualService.http.match.port
VirtualService.http.match.gateways
VirtualService.http.match.queryParams.prefix
VirtualService.http.match.withoutHeaders.regex
VirtualService.http.match.sourceNamespace
VirtualService.http.route.headers.request.remove
VirtualService.http.route.headers.response.add
VirtualService.http.route.headers.response.remove
VirtualService.http.redirect.scheme
VirtualService.http.redirect.prefixRewrite
VirtualService.http.directResponse.body.bytes
VirtualService.http.retries.retryRemoteLocalities
VirtualService.http.retries.retryIgnorePreviousHosts
VirtualService.http.retries.backoff
VirtualService.http.fault.delay.percent
VirtualService.http.fault.abort.grpcStatus
VirtualService.http.mirror.port.number
VirtualService.http.mirrors.destination.host
VirtualService.http.mirrors.destination.subset
VirtualService.http.mirrors.destination.port.number
VirtualService.http.mirrors.percentage.value
VirtualService.http.mirrorPercent
VirtualService.http.corsPolicy.allowOrigin
VirtualService.http.corsPolicy.allowOrigins.prefix
VirtualService.http.corsPolicy.allowOrigins.regex
VirtualService.tls.match.destinationSubnets
VirtualService.tls.match.sourceLabels
VirtualService.tls.match.gateways
VirtualService.tls.match.sourceNamespace
VirtualService.tls.route.weight
VirtualService.tcp.match.destinationSubnets
VirtualService.tcp.match.sourceSubnet
VirtualService.tcp.match.sourceLabels
VirtualService.tcp.match.gateways
DestinationRule.trafficPolicy.loadBalancer.consistentHash.useSourceIp
DestinationRule.trafficPolicy.loadBalancer.consistentHash.httpQueryParameterName
DestinationRule.trafficPolicy.loadBalancer.consistentHash.ringHash.minimumRingSize
DestinationRule.trafficPolicy.loadBalancer.consistentHash.minimumRingSize
DestinationRule.trafficPolicy.connectionPool.tcp.maxConnectionDuration
DestinationRule.trafficPolicy.connectionPool.tcp.idleTimeout
DestinationRule.trafficPolicy.connectionPool.http.http2MaxRequests
DestinationRule.trafficPolicy.connectionPool.http.maxRequestsPerConnection
DestinationRule.trafficPolicy.connectionPool.http.maxRetries
DestinationRule.trafficPolicy.connectionPool.http.idleTimeout
DestinationRule.trafficPolicy.connectionPool.http.h2UpgradePolicy
DestinationRule.trafficPolicy.connectionPool.http.useClientProtocol
DestinationRule.trafficPolicy.connectionPool.http.maxConcurrentStreams
DestinationRule.trafficPolicy.outlierDetection.consecutiveErrors
DestinationRule.trafficPolicy.outlierDetection.splitExternalLocalOriginErrors
DestinationRule.trafficPolicy.outlierDetection.consecutiveLocalOriginFailures
DestinationRule.trafficPolicy.outlierDetection.consecutiveGatewayErrors
DestinationRule.trafficPolicy.outlierDetection.minHealthPercent
DestinationRule.trafficPolicy.tls.clientCertificate
DestinationRule.trafficPolicy.tls.privateKey
DestinationRule.trafficPolicy.tls.caCertificates
DestinationRule.trafficPolicy.tls.subjectAltNames
DestinationRule.trafficPolicy.tls.caCrl
DestinationRule.trafficPolicy.port.number
DestinationRule.trafficPolicy.tunnel.protocol
DestinationRule.trafficPolicy.tunnel.targetHost
DestinationRule.trafficPolicy.tunnel.targetPort
DestinationRule.trafficPolicy.proxyProtocol.version
DestinationRule.trafficPolicy.retryBudget.percent
DestinationRule.trafficPolicy.retryBudget.minRetryConcurrency
DestinationRule.exportTo
Gateway.servers.port.protocol=GRPC
Gateway.servers.port.protocol=GRPC-WEB
Gateway.servers.port.protocol=HTTP2
Gateway.servers.port.protocol=HTTP_PROXY
Gateway.servers.port.protocol=MONGO
Gateway.servers.port.protocol=MYSQL
Gateway.servers.port.protocol=REDIS
Gateway.servers.bind
Gateway.servers.tls.httpsRedirect
Gateway.servers.tls.mode=ISTIO_MUTUAL
Gateway.servers.tls.mode=OPTIONAL_MUTUAL
Gateway.servers.tls.caCrl
Gateway.servers.tls.credentialNames
Gateway.servers.tls.caCertCredentialName
Gateway.servers.tls.subjectAltNames
Gateway.servers.tls.verifyCertificateSpki
Gateway.servers.tls.verifyCertificateHash
Gateway.servers.tls.minProtocolVersion
Gateway.servers.tls.maxProtocolVersion
Gateway.servers.tls.cipherSuites
Gateway.servers.tls.insecureSkipVerify
ServiceEntry.endpoints.serviceAccount
WorkloadEntry.weight
Sidecar.ingress.port.targetPort
Sidecar.ingress.captureMode=DEFAULT
Sidecar.ingress.captureMode=IPTABLES
Sidecar.egress.port.targetPort
Sidecar.outboundTrafficPolicy.egressProxy.subset
ProxyConfig.image.imageType
RequestAuthentication.jwtRules.spaceDelimitedClaims
AuthorizationPolicy.rules.from.source.notPrincipals
AuthorizationPolicy.rules.from.source.notNamespaces
AuthorizationPolicy.rules.from.source.serviceAccounts
AuthorizationPolicy.rules.from.source.notServiceAccounts
AuthorizationPolicy.rules.from.source.ipBlocks
AuthorizationPolicy.rules.from.source.notIpBlocks
AuthorizationPolicy.rules.from.source.remoteIpBlocks
AuthorizationPolicy.rules.from.source.notRemoteIpBlocks
AuthorizationPolicy.rules.from.source.trustDomains
AuthorizationPolicy.rules.from.source.notTrustDomains
AuthorizationPolicy.rules.to.operation.notHosts
AuthorizationPolicy.rules.to.operation.notPorts
AuthorizationPolicy.rules.when.key=connection.sni
Telemetry.tracing.providers.name
Telemetry.tracing.useRequestIdForTraceSampling
Telemetry.metrics.overrides.match.metric=ALL_METRICS
Telemetry.metrics.overrides.match.metric=REQUEST_DURATION
Telemetry.metrics.overrides.match.metric=RESPONSE_SIZE
Telemetry.metrics.overrides.match.metric=TCP_CLOSED_CONNECTIONS
Telemetry.metrics.overrides.match.metric=TCP_OPENED_CONNECTIONS
Telemetry.metrics.overrides.match.metric=TCP_RECEIVED_BYTES
Telemetry.metrics.overrides.match.metric=TCP_SENT_BYTES
Telemetry.metrics.overrides.match.customMetric
"""

UNPROVEN: dict[str, frozenset[str]] = {
    TIMING: _within(
        _POLICY,
        "loadBalancer.warmupDurationSecs loadBalancer.warmup.duration loadBalancer.warmup.minimumPercent "
        "loadBalancer.warmup.aggression connectionPool.tcp.tcpKeepalive.probes connectionPool.tcp.tcpKeepalive.time "
        "connectionPool.tcp.tcpKeepalive.interval connectionPool.tcp.connectTimeout "
        "connectionPool.http.http2KeepAlive.interval connectionPool.http.http2KeepAlive.timeout",
    )
    | {"RequestAuthentication.jwtRules.timeout"},
    NO_EFFECT_ON_BYTES: frozenset({f"{_HTTP}.match.name", f"{_HTTP}.match.statPrefix", "Gateway.servers.name"}),
    FILES: _within(
        _TLS,
        "serverCertificate privateKey caCertificates tlsCertificates.serverCertificate tlsCertificates.privateKey "
        "tlsCertificates.caCertificates",
    ),
    NO_PEER: frozenset(),
    LATER: frozenset(_LATER.split()),
}
"""By reason. Names are as in SUPPORTED; those that stand in several places by the one that stands for all."""
