"""Envoy's bootstrap: how a proxy reaches meshd, and the two plain HTTP ports it opens by itself.

Everything else comes over ADS, with the pod's projected token as the credential. Envoy waits for its first clusters
and listeners without end: an app that starts before its policies are in force would be open.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from meshd.inject.health_listener import build_health_listener, build_probe_clusters, literal
from meshd.inject.metrics_listener import build_metrics_listener
from meshd.inject.probes import ProbeTarget
from meshd.inject.settings import ADMIN_PORT, TOKEN_PATH
from meshd.inject.stats_matcher import kept_stats
from meshd.inject.stats_tags import stats_tags

Json = dict[str, Any]
ADMIN_CLUSTER = "admin"
MAXIMUM_MESSAGE_BYTES = 256 * 1024 * 1024
"""gRPC's own limit of 4 MB is less than the first response in a mesh of thousands of services."""
UNREACHED = 2**40
MAXIMUM_REGEX_PROGRAM = 32_768
"""Steps of a compiled regular expression, as in Istio. With Envoy's own limit of 100, `/v1/[a-z]{36}/.*` and the like
pass validation and are then refused.
"""

SPANS_AT_ONCE = 20
"""Spans that go to the collector in one request, unless five seconds have passed. With Envoy's own 5 a proxy under load
has so many requests on their way that their idle connections took 2 MB afterwards.
"""


@dataclass(frozen=True, slots=True)
class BootstrapInputs:
    """`ca_pem` verifies meshd; `discovery_address` is host:port; `probes` are served at the health port.

    `stats` are StringMatchers of stats to keep beside those that every proxy keeps.
    """

    discovery_address: str
    ca_pem: str
    probes: Sequence[ProbeTarget] = ()
    stats: Sequence[Json] = ()
    cluster_domain: str = "cluster.local"


def bootstrap_argument(inputs: BootstrapInputs) -> str:
    """The bootstrap as one container argument, in which Kubernetes fills in $(POD_IP)."""
    return json.dumps(build_bootstrap(inputs), separators=(",", ":"))


def build_bootstrap(inputs: BootstrapInputs) -> Json:
    """envoy.config.bootstrap.v3.Bootstrap as JSON. Node id and cluster come by command line."""
    return {
        "admin": {"address": _loopback(ADMIN_PORT), "ignore_global_conn_limit": True},
        "dynamic_resources": {
            "ads_config": _ads(inputs),
            "cds_config": _from_ads(),
            "lds_config": _from_ads(),
        },
        "static_resources": {
            "clusters": [_admin_cluster(), *build_probe_clusters(inputs.probes)],
            "listeners": [
                build_health_listener(inputs.probes, ADMIN_CLUSTER),
                build_metrics_listener(ADMIN_CLUSTER),
            ],
        },
        "stats_config": {
            "stats_matcher": {"inclusion_list": {"patterns": kept_stats(inputs.probes, inputs.stats)}},
            "stats_tags": [{**tag, "regex": literal(tag["regex"])} for tag in stats_tags(inputs.cluster_domain)],
            "use_all_default_tags": False,
        },
        "overload_manager": _overload_manager(),
        "layered_runtime": _runtime(),
    }


def _ads(inputs: BootstrapInputs) -> Json:
    credential = {
        "@type": "type.googleapis.com/envoy.config.grpc_credential.v3.FileBasedMetadataConfig",
        "secret_data": {"filename": TOKEN_PATH},
        "header_key": "authorization",
        "header_prefix": "Bearer ",
    }
    factory = "envoy.grpc_credentials.file_based_metadata"
    ssl = {"ssl_credentials": {"root_certs": {"inline_string": inputs.ca_pem}}}
    google_grpc = {
        "target_uri": inputs.discovery_address,
        "stat_prefix": "ads",
        "channel_credentials": ssl,
        "call_credentials": [{"from_plugin": {"name": factory, "typed_config": credential}}],
        "credentials_factory_name": factory,
        "channel_args": {"args": {name: {"int_value": value} for name, value in _CHANNEL.items()}},
    }
    retry = {"retry_back_off": {"base_interval": "0.2s", "max_interval": "5s"}}
    return {
        "api_type": "DELTA_GRPC",
        "transport_api_version": "V3",
        "grpc_services": [{"google_grpc": google_grpc, "retry_policy": retry}],
    }


_CHANNEL = {
    "grpc.max_receive_message_length": MAXIMUM_MESSAGE_BYTES,
    "grpc.keepalive_time_ms": 30_000,
    "grpc.keepalive_timeout_ms": 10_000,
    "grpc.initial_reconnect_backoff_ms": 200,
    "grpc.min_reconnect_backoff_ms": 2_000,
    "grpc.max_reconnect_backoff_ms": 5_000,
}
"""A replica that vanishes is noticed within 40 s, and one that comes back is found within 5 s."""


def _from_ads() -> Json:
    return {"ads": {}, "resource_api_version": "V3", "initial_fetch_timeout": "0s"}


def _admin_cluster() -> Json:
    return {
        "name": ADMIN_CLUSTER,
        "type": "STATIC",
        "connect_timeout": "1s",
        "load_assignment": {
            "cluster_name": ADMIN_CLUSTER,
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": _loopback(ADMIN_PORT)}}]}],
        },
    }


def _overload_manager() -> Json:
    """Nothing is refused, said aloud: Envoy warns when no limit of connections is given.

    Every ten seconds the allocator gives free memory back. By itself it keeps all that a change of the mesh took for a
    moment, 4 MB with the shop. Told to do so in the background (MemoryAllocatorManager), it makes huge pages of the
    rest at the same time, which took 1 MB more than it gave.
    https://www.envoyproxy.io/docs/envoy/latest/configuration/operations/overload_manager/overload_manager
    """
    heap, limit = "envoy.resource_monitors.fixed_heap", "envoy.resource_monitors.global_downstream_max_connections"
    return {
        "resource_monitors": [
            _monitor(
                limit, "downstream_connections", "DownstreamConnectionsConfig", "max_active_downstream_connections"
            ),
            _monitor(heap, "fixed_heap", "FixedHeapConfig", "max_heap_size_bytes"),
        ],
        "actions": [
            {"name": "envoy.overload_actions.shrink_heap", "triggers": [{"name": heap, "threshold": {"value": 0}}]}
        ],
    }


def _monitor(name: str, package: str, message: str, limit: str) -> Json:
    """A resource monitor whose limit is never reached."""
    kind = f"type.googleapis.com/envoy.extensions.resource_monitors.{package}.v3.{message}"
    return {"name": name, "typed_config": {"@type": kind, limit: UNREACHED}}


def _runtime() -> Json:
    """https://www.envoyproxy.io/docs/envoy/latest/api-v3/type/matcher/v3/regex.proto (re2)
    https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/trace/v3/zipkin.proto (tracing)
    """
    settings = {"re2.max_program_size.error_level": MAXIMUM_REGEX_PROGRAM}
    settings |= {f"tracing.{tracer}.min_flush_spans": SPANS_AT_ONCE for tracer in ("zipkin", "opentelemetry")}
    return {"layers": [{"name": "static", "static_layer": settings}]}


def _loopback(port: int) -> Json:
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}
