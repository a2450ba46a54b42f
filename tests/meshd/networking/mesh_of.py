"""A mesh made of YAML: the way of Kubernetes objects into the engine, without an API server."""

import json
from collections.abc import Iterable
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import yaml
from envoy.service.discovery.v3 import discovery_pb2
from google.protobuf import json_format

from meshd.ingest.watches import watched_kinds
from meshd.model.delegation import Delegation
from meshd.model.ext_authz import CheckedBody, ExtAuthzProvider
from meshd.model.mesh import MeshConfig
from meshd.model.provider import Collector, FileLog, OpenTelemetryLog, OpenTelemetryTracing
from meshd.model.resource import TYPE_URLS, Resource, Scope
from meshd.model.service import Proxy
from meshd.model.store import Store
from meshd.model.tables import MESH, MESH_KEY, WORKLOADS, Change
from meshd.networking.engine import Engine
from meshd.networking.generators import GENERATORS
from meshd.networking.names import ROOT_CERTIFICATE, WORKLOAD_CERTIFICATE
from meshd.pki.authority import CertificateAuthority, create_root, serving_certificate

MESHES = Path(__file__).parent / "meshes"
AUTHZ = "authz.shop.svc.cluster.local"
PROVIDERS = (
    ExtAuthzProvider(
        "authz-http",
        AUTHZ,
        8000,
        is_grpc=False,
        timeout=5,
        status_on_error=503,
        body=CheckedBody(1024, allow_partial=True),
        clear_route_cache=True,
        path_prefix="/check",
        checked_headers=("cookie", "x-b3-*"),
        added_headers=(("x-checked-by", "the mesh"),),
        upstream_headers_on_allow=("x-added",),
        downstream_headers_on_allow=("x-allowed",),
        downstream_headers_on_deny=("x-denied",),
    ),
    ExtAuthzProvider("authz-grpc", AUTHZ, 9000, is_grpc=True, namespace="shop", fail_open=True),
)
_OTEL = Collector("otel.istio-system.svc.cluster.local", 4317)
CONFIG = MeshConfig(
    ext_authz_providers=PROVIDERS,
    zipkin_host="zipkin.istio-system.svc.cluster.local",
    extension_providers=(
        FileLog("json", fields=(("code", "%RESPONSE_CODE%"), ("path", "%REQ(:PATH)%"))),
        OpenTelemetryLog("otel-logs", _OTEL, fields=(("code", "%RESPONSE_CODE%"),)),
        OpenTelemetryTracing("otel-spans", _OTEL),
    ),
)


def changes_of(text: str, config: MeshConfig = CONFIG) -> list[Change]:
    """The rows that the objects of a YAML text stand for."""
    kinds = {kind.name: kind for kind in watched_kinds(config)}
    changes: list[Change] = [(MESH, MESH_KEY, config)]
    for document in yaml.safe_load_all(text):
        if document:
            changes += kinds[document["kind"]].rows(msgspec.json.encode(document))
    return changes


def engine_of(text: str, config: MeshConfig = CONFIG) -> Engine:
    engine = Engine(Store(), GENERATORS)
    engine.apply(Delegation().admit(changes_of(text, config)))
    return engine


def proxy_of(engine: Engine, workload: str) -> Proxy:
    """The proxy of a pod "namespace/name": a gateway's when it is labelled `istio`."""
    found = engine.store.get(WORKLOADS, workload)
    assert found is not None, f"no pod {workload}"
    kind = "router" if "istio" in dict(found.labels) else "sidecar"
    return Proxy(f"{kind}~{found.ip}~{found.name}.{found.namespace}~x", kind, found)


def resources_of(engine: Engine, workload: str) -> dict[str, dict[str, Any]]:
    """{type: {name: resource as JSON}} of all that the pod's proxy is given."""
    scopes = engine.acquire(proxy_of(engine, workload)).scopes
    return {
        type_url.rpartition(".")[2]: _named(_seen(engine, scopes[type_url]))
        for type_url in TYPE_URLS
        if type_url in scopes
    }


def seen(engine: Engine, proxy: Proxy) -> dict[tuple[str, str], bytes]:
    """{(type, name): bytes} of all that a proxy is given."""
    scopes = engine.acquire(proxy).scopes
    return {
        (type_url, resource.name): resource.entry
        for type_url in TYPE_URLS
        if type_url in scopes
        for resource in _seen(engine, scopes[type_url])
    }


def messages_of(engine: Engine, workload: str, type_url: str) -> list[Any]:
    """The unpacked protos of one type."""
    scopes = engine.acquire(proxy_of(engine, workload)).scopes
    return [_unpack(resource) for resource in _seen(engine, scopes.get(type_url, ()))]


def _seen(engine: Engine, scopes: tuple[Scope, ...]) -> Iterable[Resource]:
    """What a proxy of these scopes sees: a name in an earlier one goes before."""
    found: dict[str, Resource] = {}
    for scope in scopes:
        for resource in engine.resources(scope):
            found.setdefault(resource.name, resource)
    return found.values()


def _unpack(resource: Resource) -> Any:
    entry = discovery_pb2.Resource.FromString(resource.entry)
    return json_format.ParseDict(json_format.MessageToDict(entry), discovery_pb2.Resource()).resource


def _named(resources: Iterable[Resource]) -> dict[str, Any]:
    made = {}
    for resource in sorted(resources, key=lambda resource: resource.name):
        message = json_format.MessageToDict(discovery_pb2.Resource.FromString(resource.entry).resource)
        message.pop("@type")
        made[resource.name] = message
    return made


def bootstrap_of(engine: Engine, workload: str) -> str:
    """The same as an Envoy bootstrap, for `envoy --mode validate`."""
    made = resources_of(engine, workload)
    listeners = [_with_routes(listener, made) for listener in made.get("Listener", {}).values()]
    ads = {
        "api_type": "DELTA_GRPC",
        "transport_api_version": "V3",
        "grpc_services": [{"google_grpc": {"target_uri": "127.0.0.1:1", "stat_prefix": "ads"}}],
    }
    bootstrap = {
        "node": {"id": "validate", "cluster": "validate"},
        "dynamic_resources": {"ads_config": ads},
        "static_resources": {
            "clusters": [_with_secrets(cluster) for cluster in made.get("Cluster", {}).values()],
            "listeners": listeners,
            "secrets": _secrets(),
        },
    }
    return json.dumps(bootstrap)


def _with_secrets(value: Any) -> Any:
    """`value` with the workload's own secrets in the bootstrap: Envoy reads some clusters before there is an ADS."""
    if isinstance(value, list):
        return [_with_secrets(each) for each in value]
    if not isinstance(value, dict):
        return value
    is_own = value.get("name") in (WORKLOAD_CERTIFICATE, ROOT_CERTIFICATE)
    return {key: _with_secrets(each) for key, each in value.items() if not (is_own and key == "sdsConfig")}


@cache
def _secrets() -> list[dict[str, Any]]:
    root, key = create_root("mesh", timedelta(days=2))
    leaf = serving_certificate(CertificateAuthority(root, key), ["workload"], timedelta(days=1))
    pair = {"certificate_chain": _inline(leaf.certificate_pem), "private_key": _inline(leaf.private_key_pem)}
    return [
        {"name": WORKLOAD_CERTIFICATE, "tls_certificate": pair},
        {"name": ROOT_CERTIFICATE, "validation_context": {"trusted_ca": _inline(root)}},
    ]


def _inline(pem: bytes) -> dict[str, str]:
    return {"inline_string": pem.decode()}


def _with_routes(value: Any, made: dict[str, dict[str, Any]]) -> Any:
    """`value` with every `rds` replaced by the route configuration itself, virtual hosts and all."""
    if isinstance(value, list):
        return [_with_routes(each, made) for each in value]
    if not isinstance(value, dict):
        return value
    copy = {key: _with_routes(each, made) for key, each in value.items()}
    if "rds" in copy:
        name = copy.pop("rds")["routeConfigName"]
        route = {key: each for key, each in made["RouteConfiguration"][name].items() if key != "vhds"}
        hosts = [host for key, host in made["VirtualHost"].items() if key.startswith(f"{name}/")]
        copy["route_config"] = {**route, "virtual_hosts": [*route.get("virtualHosts", []), *hosts]}
        copy["route_config"].pop("virtualHosts", None)
    return copy
