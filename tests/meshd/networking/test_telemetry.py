"""How Telemetry objects add up: the last word counts, of the workload before its namespace before the mesh."""

from typing import Any

from meshd.model.mesh import MeshConfig
from meshd.networking.advice import advice
from tests.meshd.networking.mesh_of import CONFIG, MESHES, changes_of, engine_of, resources_of

SHOP = (MESHES / "shop.yaml").read_text()
Json = dict[str, Any]
TEN_PERCENT = "{tracing: [{randomSamplingPercentage: 10, customTags: {a: {literal: {value: mesh}}}}]}"
LOGGED = "{accessLogging: [{providers: [{name: envoy}]}]}"
LOGGED_BY_CLIENTS = "{accessLogging: [{match: {mode: CLIENT}, providers: [{name: envoy}]}]}"
ERRORS_LOGGED = "{accessLogging: [{providers: [{name: envoy}], filter: {expression: response.code >= 400}}]}"


def telemetry(namespace: str, spec: str, app: str = "", created: str = "2024-01-01T00:00:00Z") -> str:
    selector = f"selector: {{matchLabels: {{app: {app}}}}}, " if app else ""
    return f"""
apiVersion: telemetry.istio.io/v1
kind: Telemetry
metadata: {{name: "t-{app or "all"}-{created[:4]}", namespace: {namespace}, creationTimestamp: "{created}"}}
spec: {{{selector}{spec[1:]}
"""


def listener(
    *objects: str, name: str = "0.0.0.0_9080", workload: str = "shop/frontend-1", config: MeshConfig = CONFIG
) -> Json:
    made = resources_of(engine_of("\n---\n".join((SHOP, *objects)), config), workload)
    found: Json = made["Listener"][name]
    return found


def config_of(listener: Json, chain: int = -1) -> Json:
    found: Json = listener["filterChains"][chain]["filters"][-1]["typedConfig"]
    return found


def tracing(*objects: str, **where: Any) -> Json | None:
    found: Json | None = config_of(listener(*objects, **where)).get("tracing")
    return found


def loggers(*objects: str, **where: Any) -> list[str]:
    logs = config_of(listener(*objects, **where)).get("accessLog", [])
    return [log["name"].rpartition(".")[2] for log in logs]


def conditions(*objects: str, **where: Any) -> list[str]:
    logs = config_of(listener(*objects, **where))["accessLog"]
    return [log["filter"]["extensionFilter"]["typedConfig"]["expression"] for log in logs if "filter" in log]


def labels(*objects: str, metric: str = "requests_total", **where: Any) -> dict[str, str]:
    stats = config_of(listener(*objects, **where))["accessLog"][0]["typedConfig"]
    (stat,) = [s["stat"] for s in (*stats["counters"], *stats["histograms"]) if s["stat"]["name"] == metric]
    return {tag["name"]: tag["valueFormat"] for tag in stat["tags"]}


def tags(found: Json | None) -> list[str]:
    assert found is not None
    return [tag["tag"] for tag in found.get("customTags", []) if not tag["tag"].startswith("istio.")]


def test_settings_come_from_the_mesh_the_namespace_and_the_workload() -> None:
    mesh = telemetry("istio-system", TEN_PERCENT)
    namespace = telemetry("shop", "{tracing: [{randomSamplingPercentage: 20}]}")
    workload = telemetry("shop", "{tracing: [{customTags: {b: {literal: {value: own}}}}]}", app="frontend")
    assert tracing() == tracing(telemetry("other", TEN_PERCENT))
    found = tracing(mesh, namespace, workload)
    assert found is not None
    assert (found["randomSampling"], tags(found)) == ({"value": 20.0}, ["b"]), "tags replace, sampling stays"
    assert tags(tracing(mesh, namespace, workload, workload="shop/reviews-v1")) == ["a"]


def test_of_several_for_the_same_workloads_the_oldest_counts() -> None:
    young = telemetry("shop", "{tracing: [{disableSpanReporting: true}]}", created="2025-01-01T00:00:00Z")
    assert tags(tracing(young, telemetry("shop", TEN_PERCENT))) == ["a"]


def test_a_selector_in_the_root_namespace_reaches_no_other() -> None:
    assert tags(tracing(telemetry("istio-system", TEN_PERCENT, app="frontend"))) == []


def test_sides_are_told_apart() -> None:
    both = telemetry("shop", "{tracing: [{match: {mode: SERVER}, disableSpanReporting: true}]}")
    assert tracing(both) is not None
    inbound = listener(both, name="virtualInbound", workload="shop/reviews-v1")
    managers = [c["filters"][-1] for c in inbound["filterChains"] if "http_connection_manager" in str(c["filters"])]
    assert managers
    assert all("tracing" not in manager["typedConfig"] for manager in managers)


def test_nothing_is_traced_while_the_collector_is_missing() -> None:
    assert tracing(telemetry("shop", "{tracing: [{providers: [{name: otel-spans}]}]}")) is None
    assert tracing(telemetry("shop", "{tracing: [{providers: [{name: nobody}]}]}")) is None


def test_logs_go_where_the_narrowest_object_says() -> None:
    mesh = telemetry("istio-system", LOGGED)
    assert loggers() == ["stats"]
    assert loggers(mesh) == ["stats", "stdout"]
    json = telemetry("shop", "{accessLogging: [{providers: [{name: json}]}]}")
    found = config_of(listener(mesh, json))["accessLog"]
    assert [log["typedConfig"]["logFormat"] for log in found[1:]] == [
        {"jsonFormat": {"code": "%RESPONSE_CODE%", "path": "%REQ(:PATH)%"}}
    ]
    off = telemetry("shop", "{accessLogging: [{disabled: true, providers: [{name: envoy}]}]}", app="frontend")
    assert loggers(mesh, off) == ["stats"]
    assert loggers(mesh, off, workload="shop/reviews-v1") == ["stats", "stdout"]


def test_an_entry_without_providers_speaks_of_those_before_it() -> None:
    mesh = telemetry("istio-system", LOGGED)
    assert loggers(mesh, telemetry("shop", "{accessLogging: [{disabled: true}]}")) == ["stats"]
    narrowed = telemetry("shop", "{accessLogging: [{filter: {expression: response.code == 500}}]}")
    assert conditions(mesh, narrowed) == ["response.code == 500"]
    assert conditions(telemetry("istio-system", ERRORS_LOGGED), telemetry("shop", LOGGED)) == []


def test_the_default_log_of_the_mesh_is_a_provider_like_others() -> None:
    logging = MeshConfig(zipkin_host=CONFIG.zipkin_host, access_log=True)
    assert loggers(config=logging) == ["stats", "stdout"]
    assert loggers(telemetry("shop", "{accessLogging: [{disabled: true}]}"), config=logging) == ["stats"]
    of_servers = telemetry("shop", "{accessLogging: [{match: {mode: SERVER}, disabled: true}]}")
    assert loggers(of_servers, config=logging) == ["stats", "stdout"]


def test_logs_of_one_side_only() -> None:
    by_clients = telemetry("shop", LOGGED_BY_CLIENTS)
    assert loggers(by_clients) == ["stats", "stdout"]
    assert loggers(by_clients, name="virtualInbound", workload="shop/database-1") == ["stats"]


def test_labels_are_changed_one_object_after_the_other() -> None:
    tag = "{metrics: [{overrides: [{tagOverrides: {a: {value: request.host}, reporter: {operation: REMOVE}}}]}]}"
    again = "{metrics: [{overrides: [{match: {metric: REQUEST_COUNT}, tagOverrides: {a: {value: \"'b'\"}}}]}]}"
    found = labels(telemetry("istio-system", tag), telemetry("shop", again))
    assert (found["a"], "reporter" in found) == ("b", False)
    assert labels(telemetry("istio-system", tag), telemetry("shop", again), metric="request_bytes")["a"] == (
        "%REQ(:AUTHORITY)%"
    )


def test_a_label_that_prometheus_would_fill_in_is_marked_instead_of_left_out() -> None:
    gone = "{metrics: [{overrides: [{tagOverrides: {destination_app: {operation: REMOVE}}}]}]}"
    assert labels(telemetry("shop", gone))["destination_app"] == "-removed"


def test_a_metric_turned_off_for_all_may_be_turned_on_again() -> None:
    off = telemetry("istio-system", "{metrics: [{overrides: [{disabled: true}]}]}")
    on = telemetry("shop", "{metrics: [{overrides: [{match: {metric: REQUEST_COUNT}, disabled: false}]}]}")
    assert loggers(off) == []
    stats = config_of(listener(off, on))["accessLog"][0]["typedConfig"]
    assert [s["stat"]["name"] for s in stats["counters"]] == ["requests_total"]
    assert "histograms" not in stats


def test_metrics_for_another_provider_than_prometheus_are_not_counted() -> None:
    assert loggers(telemetry("shop", "{metrics: [{providers: [{name: stackdriver}]}]}")) == []


def test_gateways_are_clients() -> None:
    gateway = """
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: g, namespace: shop}
spec: {selector: {istio: ingressgateway}, servers: [{port: {number: 80, name: h, protocol: HTTP}, hosts: ["*"]}]}
"""
    where = {"name": "0.0.0.0_8080", "workload": "istio-system/gateway-1"}
    assert loggers(gateway, telemetry("istio-system", LOGGED_BY_CLIENTS), **where) == ["stats", "stdout"]


def test_proxies_with_the_same_telemetry_share_their_listeners() -> None:
    engine = engine_of("\n---\n".join((SHOP, telemetry("shop", LOGGED, app="frontend"))))
    before = resources_of(engine_of(SHOP), "shop/reviews-v1")
    assert resources_of(engine, "shop/reviews-v1") == before
    assert resources_of(engine, "shop/frontend-1")["Listener"] != before["Listener"]


def test_the_author_is_told_of_providers_that_are_missing() -> None:
    spec = "{tracing: [{providers: [{name: otel-spans}]}], accessLogging: [{providers: [{name: nobody}]}]}"
    row = changes_of(telemetry("shop", spec))[-1][2]
    assert list(advice(engine_of(SHOP).store, row)) == [
        "provider otel-spans has no service otel.istio-system.svc.cluster.local:4317 yet",
        "there is no provider nobody: nothing is reported to it; "
        "there are envoy, json, otel-logs, otel-spans, prometheus, zipkin",
    ]
