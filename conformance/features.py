"""What a mesh can be judged on. Each test is marked with exactly one of these; a mesh declares which it has."""

from __future__ import annotations

from collections.abc import Collection, Iterable

FEATURES = {
    "routing": "VirtualService: match, redirect, rewrite, headers, fault, timeout, mirror; at the gateway and inside",
    "delegation": "VirtualServices that leave routes to others, of their own namespace or another",
    "canary": "weighted routes hit their weights",
    "mtls": "mutual TLS between workloads, its modes, and SPIFFE identities",
    "request_authentication": "RequestAuthentication: whose tokens count, where they are, what is told of them",
    "authorization": "AuthorizationPolicy: every action and condition, negations, spellings of a path, dry runs",
    "target_refs": "policies attached to a gateway by name hold for its pods alone",
    "sidecar": "Sidecar: what a workload reaches, what becomes of the rest, and how requests come in",
    "destination_policy": "DestinationRule: load balancing, limits on connections, outlier detection",
    "locality": "near endpoints before far ones, shares of localities, and what comes next when endpoints fail",
    "retries": "retries happen as told, and only then",
    "gateway_tls": "HTTPS at the gateway: several hosts, which clients are let in, certificates, versions, ciphers",
    "tls_origination": "TLS by files of the proxy: what a DestinationRule demands, what a gateway shows and demands",
    "l4": "VirtualService tls and tcp: connections by server name, port, client and weight, inside and at the gateway",
    "sniffing": "protocols of ports that nobody named are detected",
    "service_entry": "ServiceEntry and WorkloadEntry: hosts that Kubernetes does not know, inside and outside the mesh",
    "headless": "Services that are headless, have endpoints by hand, or are another's name",
    "metrics": "Prometheus counts every request once, by code, source and destination",
    "tracing": "one trace from the gateway to the last service",
    "telemetry": "Telemetry: labels, metrics, sampling and tags by workload and side",
    "access_logs": "Telemetry: what is logged, where, and which requests",
    "proxy_config": "ProxyConfig and its annotation: what proxies of new pods start with",
    "discovery": "services and endpoints are followed as they come and go",
    "live_config": "objects written take effect within a second",
    "shop_examples": "the project's examples are accepted by the API server",
    "rotation": "workload certificates are replaced without a lost request",
    "resilience": "the data plane works without its control plane",
    "seeded_faults": "the suite itself goes red when the mesh does something else than told",
}
"""In the order in which tests run: what may upset a mesh comes last."""


class UnknownFeature(ValueError):
    """A feature was declared or skipped that no test is about."""


def parse_features(text: str) -> frozenset[str]:
    """Comma-separated names; - and _ alike. Raises UnknownFeature."""
    names = frozenset(name.strip().replace("-", "_") for name in text.split(",") if name.strip())
    unknown = sorted(names - FEATURES.keys())
    if unknown:
        raise UnknownFeature(f"no feature {', '.join(unknown)}; there are {', '.join(FEATURES)}")
    return names


def feature_of(markers: Iterable[str]) -> str:
    """The one feature among a test's markers. ValueError when there is none or more than one."""
    found = sorted(set(markers) & FEATURES.keys())
    if len(found) != 1:
        raise ValueError(f"a test needs exactly one feature as its marker, not {found or 'none'}")
    return found[0]


def reason_to_skip(feature: str, declared: Collection[str], skipped: Collection[str]) -> str | None:
    """Why a test of `feature` is not run on this mesh, or None. No declaration at all declares everything."""
    if feature in skipped:
        return f"feature {feature} is left out by --mesh-skip-features"
    if declared and feature not in declared:
        return f"feature {feature} is not among --mesh-features"
    return None
