"""What tests write themselves for a manifest's `${…}`: the fields in it, gathered. Each stands in a test beside it."""

from __future__ import annotations

_SOURCE = (
    "principals notPrincipals namespaces notNamespaces serviceAccounts notServiceAccounts ipBlocks notIpBlocks "
    "remoteIpBlocks notRemoteIpBlocks trustDomains notTrustDomains requestPrincipals notRequestPrincipals"
)
_OPERATION = "hosts notHosts ports notPorts methods notMethods paths notPaths"
_KEYS = (
    "request.headers[x-team] source.namespace source.principal source.serviceAccount source.trustDomain source.ip "
    "destination.ip destination.port remote.ip request.auth.claims[team] request.auth.audiences "
    "request.auth.presenter request.auth.principal connection.sni"
)
_CONDITIONS = ", ".join(f"{{key: '{key}', values: [a], notValues: [b]}}" for key in _KEYS.split())
_TOKEN = (
    "{issuer: a, jwks: '{}', audiences: [a], fromHeaders: [{name: a, prefix: b}], fromParams: [a], fromCookies: [a], "
    "forwardOriginalToken: true, outputPayloadToHeader: a, outputClaimToHeaders: [{header: a, claim: b}]}, "
    "{issuer: b, jwksUri: 'http://keys.test/'}"
)
_TARGET = "{group: gateway.networking.k8s.io, kind: Gateway, name: a}"
_HASHES = (
    "httpHeaderName: a, maglev: {tableSize: 1009}, useSourceIp: true, httpQueryParameterName: a, "
    "ringHash: {minimumRingSize: 64}, minimumRingSize: 64, "
    "httpCookie: {name: a, path: /, ttl: 60s, attributes: [{name: a, value: b}]}"
)


def _lists(names: str) -> str:
    return ", ".join(f"{name}: [a]" for name in names.split())


FILLED_IN = {
    "authorization/authorization": {
        "rule": f"{{from: [{{source: {{{_lists(_SOURCE)}}}}}], to: [{{operation: {{{_lists(_OPERATION)}}}}}], "
        f"when: [{_CONDITIONS}]}}"
    },
    "authorization/tokens": {"rules": "{issuer: a, jwks: '{}', spaceDelimitedClaims: [a]}"},
    "request_authentication/workload": {"rules": _TOKEN},
    "destination_policy/health": {"errors": "consecutiveErrors: 3, consecutive5xxErrors"},
    "destination_policy/hash": {"key": f"{{{_HASHES}}}"},
    "locality/zones": {
        "setting": "{enabled: false, minClusterSize: 1, failover: [{from: a, to: b}], failoverPriority: [a]}"
    },
    "retries/budget": {
        "policy": "{retryBudget: {percent: 1, minRetryConcurrency: 1, budgetInterval: 60s}, "
        "connectionPool: {http: {maxRetries: 1}}}"
    },
    "sidecar/egress": {"mode": "REGISTRY_ONLY"},
    "target_refs/policies": {"target": f"targetRef: {_TARGET}\n  targetRefs: [{_TARGET}]"},
}
"""By manifest; what the tests write elsewhere says no more."""
