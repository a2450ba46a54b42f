"""The layers of a namespace show what one layer made for it alone would show."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meshd.model.memo import Reader
from meshd.model.resource import CLUSTER, ENDPOINT, Scope
from meshd.model.store import Store
from meshd.networking.clients import client_scope
from meshd.networking.engine import Engine
from meshd.networking.generators import GENERATORS
from meshd.networking.scopes import Layer, OutboundScope, ProxyScope
from meshd.networking.visibility import outbound_layers, sidecar_outbound_layers
from tests.meshd.networking.mesh_of import MESHES, changes_of, engine_of, proxy_of, resources_of

SHOP = (MESHES / "shop.yaml").read_text()
NAMESPACES = ("shop", "bank", "istio-system")
EXPORTS = ("[]", '["*"]', '["."]', "[shop]", "[bank]", "[bank, shop]")
HOSTS = ("reviews.shop.svc.cluster.local", "ledger.bank.svc.cluster.local", "database.shop.svc.cluster.local")
PROXIES = ("shop/frontend-1", "bank/teller-1", "istio-system/gateway-1")

BANK = """
apiVersion: v1
kind: Pod
metadata:
  name: teller-1
  namespace: bank
  uid: teller-1
  labels: {app: teller, security.istio.io/tlsMode: istio, istio-locality: eu.north.a}
  annotations: {sidecar.istio.io/status: "{}"}
spec:
  serviceAccountName: teller
  initContainers: [{name: istio-proxy}]
  containers: [{name: app}]
status: {phase: Running, podIP: 10.1.9.1}
"""


def service(number: int, namespace: str, port: int, export: str) -> str:
    return f"""
apiVersion: v1
kind: Service
metadata: {{name: {"ledger" if number == 0 else f"s{number}"}, namespace: {namespace},
  annotations: {{networking.istio.io/exportTo: "{export.strip("[]").replace('"', "")}"}}}}
spec: {{clusterIP: 10.97.0.{number + 1}, selector: {{app: s}}, ports: [{{name: http, port: {port}}}]}}
"""


def rules(number: int, namespace: str, host: str, to: str, export: str, source: str) -> str:
    return f"""
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {{name: v{number}, namespace: {namespace}}}
spec:
  hosts: ["{host}"]
  exportTo: {export}
  http:
  - match: [{{uri: {{prefix: /x}}{source}}}]
    route: [{{destination: {{host: {to}, port: {{number: 80}}}}}}]
  - route: [{{destination: {{host: {host.removeprefix("*.")}, port: {{number: 81}}}}}}]
"""


def policy(number: int, namespace: str, host: str, export: str, selector: str, locality: str) -> str:
    export = '["."]' if selector else export
    return f"""
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {{name: d{number}, namespace: {namespace}}}
spec:
  host: "{host}"
  exportTo: {export}{selector}
  trafficPolicy: {{loadBalancer: {{consistentHash: {{httpHeaderName: x-{number}}}{locality}}}}}
  subsets: [{{name: s{number}, labels: {{v: "{number}"}}}}]
"""


def entry(number: int, namespace: str, outside: tuple[str, str], export: str) -> str:
    host, port = outside
    return f"""
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {{name: e{number}, namespace: {namespace}}}
spec:
  hosts: ["{host}"]
  exportTo: {export}
  ports: [{{name: p, {port}}}]
  resolution: STATIC
  endpoints:
  - {{address: 192.0.2.{number + 1}, locality: eu/north/b}}
  - {{address: 192.0.3.{number + 1}, locality: us/west, labels: {{app: teller}}}}
"""


namespaces, exports, hosts = st.sampled_from(NAMESPACES), st.sampled_from(EXPORTS), st.sampled_from(HOSTS)
patterns = st.sampled_from([*HOSTS, "*.bank.svc.cluster.local", "*.local", "outside.example", "reviews.shop"])
outside = st.sampled_from(
    [
        ("outside.example", "number: 80, protocol: HTTP"),
        ("tls.example", "number: 443, protocol: TLS"),
        ("*.example", "number: 443, protocol: HTTPS"),
        ("http.example", "number: 443, protocol: HTTP"),
        ("tcp.example", "number: 443, protocol: TCP"),
        ("reviews.shop", "number: 9080, protocol: HTTP"),
        ("reviews", "number: 9080, protocol: HTTP"),
        (HOSTS[0], "number: 9080, protocol: HTTP"),
    ]
)
"""With one port each: a layer cannot take away a port that a namespace's own entry for the host does not have."""
sources = st.sampled_from(["", ", sourceNamespace: bank", ", sourceNamespace: shop", ", sourceLabels: {app: teller}"])
services = st.tuples(namespaces, st.sampled_from([80, 81, 9080]), exports)
selectors = st.sampled_from(["", "\n  workloadSelector: {matchLabels: {app: teller}}"])
localities = st.sampled_from(
    [
        "",
        "}, outlierDetection: {",
        ", localityLbSetting: {failoverPriority: [app, kubernetes.io/hostname]}}, outlierDetection: {",
        ", localityLbSetting: {distribute: [{from: eu/*, to: {us: 20, eu: 80}}]}",
        ", localityLbSetting: {enabled: false}}, outlierDetection: {",
    ]
)
objects = st.tuples(
    st.lists(services, max_size=3),
    st.lists(st.tuples(namespaces, patterns, hosts, exports, sources), max_size=3),
    st.lists(st.tuples(namespaces, patterns, exports, selectors, localities), max_size=3),
    st.lists(st.tuples(namespaces, outside, exports), max_size=3),
)
Objects = tuple[
    list[tuple[str, int, str]],
    list[tuple[str, str, str, str, str]],
    list[tuple[str, str, str, str, str]],
    list[tuple[str, tuple[str, str], str]],
]


def text_of(drawn: Objects) -> str:
    made = [service(n, "bank" if n == 0 else ns, port, export) for n, (ns, port, export) in enumerate(drawn[0])]
    made += [rules(n, *each) for n, each in enumerate(drawn[1])]
    made += [policy(n, *each) for n, each in enumerate(drawn[2])]
    made += [entry(n, *each) for n, each in enumerate(drawn[3])]
    return "\n---\n".join((SHOP, BANK, *made))


def whole(read: Reader, proxy: ProxyScope) -> tuple[OutboundScope, ...]:
    return (client_scope(read, proxy, Layer.WHOLE),)


def whole_of_sidecar(read: Reader, proxy: ProxyScope) -> tuple[OutboundScope, ...]:
    return () if proxy.is_gateway else whole(read, proxy)


IN_ONE: dict[object, Callable[[Reader, ProxyScope], tuple[Scope, ...]]] = {
    outbound_layers: whole,
    sidecar_outbound_layers: whole_of_sidecar,
}
WHOLE = [replace(g, scopes_of=IN_ONE.get(g.scopes_of, g.scopes_of)) for g in GENERATORS]


def versions_of(engine: Engine, workload: str) -> dict[tuple[str, str], str]:
    """{(type, name): version} of all that the pod's proxy sees; what is in an earlier scope goes before."""
    found: dict[tuple[str, str], str] = {}
    for type_url, scopes in engine.acquire(proxy_of(engine, workload)).scopes.items():
        for scope in scopes:
            for resource in engine.resources(scope):
                found.setdefault((type_url, resource.name), resource.version)
    return found


@settings(deadline=None, max_examples=60)
@given(objects)
def test_layers_show_what_one_layer_would(drawn: Objects) -> None:
    text = text_of(drawn)
    layered, one = engine_of(text), Engine(Store(), WHOLE)
    one.apply(changes_of(text))
    for proxy in PROXIES:
        seen, wanted = versions_of(layered, proxy), versions_of(one, proxy)
        more = seen.keys() - wanted.keys()
        assert all(is_subset(type_url, name) for type_url, name in more)
        assert {key: seen.get(key) for key in wanted} == wanted


def is_subset(type_url: str, name: str) -> bool:
    """A layer cannot take away: the shared policy's subsets stay beside a policy of the namespace's own."""
    return type_url in (CLUSTER, ENDPOINT) and name.split("|")[2] != ""


@pytest.mark.parametrize("export", ['["."]', "[shop]"])
def test_a_private_service_is_in_no_other_namespaces_view(export: str) -> None:
    engine = engine_of(text_of(([("bank", 80, "[bank]"), ("shop", 80, export)], [], [], [])))
    own, other = resources_of(engine, "shop/frontend-1"), resources_of(engine, "bank/teller-1")
    assert "outbound|80||s1.shop.svc.cluster.local" in own["Cluster"]
    assert "outbound|80||s1.shop.svc.cluster.local" not in other["Cluster"]
    assert "80/s1.shop.svc.cluster.local" not in other["VirtualHost"]


def test_a_rule_may_ask_for_the_clients_labels() -> None:
    rule = """
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: reviews, namespace: shop}
spec:
  hosts: [reviews]
  http:
  - {name: tellers, match: [{sourceLabels: {app: teller}}], route: [{destination: {host: database}}]}
  - {name: others, route: [{destination: {host: reviews}}]}
"""
    engine = engine_of("\n---\n".join((SHOP, BANK, rule)))

    def routes(workload: str) -> list[str]:
        hosts = resources_of(engine, workload)["VirtualHost"]
        return [route["name"] for route in hosts["9080/reviews.shop.svc.cluster.local"]["routes"]]

    assert routes("bank/teller-1") == ["tellers"], "it takes every request of theirs"
    assert routes("shop/frontend-1") == ["others"]
    assert routes("shop/reviews-v1") == ["others"]
