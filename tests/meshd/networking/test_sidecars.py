"""Which Sidecar acts on a workload, and what it lets in, beyond what the goldens show."""

from typing import Any

from meshd.model.mesh import MeshConfig
from tests.meshd.networking.mesh_of import CONFIG, MESHES, engine_of, resources_of

SHOP = (MESHES / "shop.yaml").read_text()
REVIEWS = "outbound|9080||reviews.shop.svc.cluster.local"
FRONTEND = "outbound|80||frontend.shop.svc.cluster.local"
ZIPKIN = "outbound|9411||zipkin.istio-system.svc.cluster.local"
GATEWAY = "outbound|80||istio-ingressgateway.istio-system.svc.cluster.local"


def sidecar(name: str, hosts: str, namespace: str = "shop", selector: str = "", created: str = "2024-01-01") -> str:
    return f"""
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: {{name: {name}, namespace: {namespace}, creationTimestamp: "{created}T00:00:00Z"}}
spec: {{egress: [{{hosts: {hosts}}}]{selector}}}
"""


def clusters(*objects: str, workload: str = "shop/frontend-1", config: MeshConfig = CONFIG) -> dict[str, Any]:
    made: dict[str, Any] = resources_of(engine_of("\n---\n".join((SHOP, *objects)), config), workload)["Cluster"]
    return made


def test_the_workloads_own_goes_before_the_namespaces_and_the_meshs() -> None:
    mesh = sidecar("mesh", '["istio-system/*"]', namespace="istio-system")
    wide = sidecar("wide", '["./frontend.shop.svc.cluster.local"]')
    own = sidecar(
        "own", '["./reviews.shop.svc.cluster.local"]', selector=", workloadSelector: {labels: {app: frontend}}"
    )
    assert GATEWAY in clusters(mesh)
    assert REVIEWS not in clusters(mesh)
    assert (FRONTEND in clusters(mesh, wide), GATEWAY in clusters(mesh, wide)) == (True, False)
    seen = clusters(mesh, wide, own)
    assert (REVIEWS in seen, FRONTEND in seen) == (True, False)
    assert FRONTEND in clusters(mesh, wide, own, workload="shop/reviews-v1")


def test_of_two_for_one_namespace_the_older_acts() -> None:
    young = sidecar("a", '["./reviews.shop.svc.cluster.local"]', created="2024-02-01")
    old = sidecar("b", '["./frontend.shop.svc.cluster.local"]', created="2024-01-01")
    seen = clusters(young, old)
    assert (REVIEWS in seen, FRONTEND in seen) == (False, True)


def test_a_dot_is_the_workloads_namespace_also_in_the_meshs_default() -> None:
    seen = clusters(sidecar("default", '["./*"]', namespace="istio-system"))
    assert (REVIEWS in seen, GATEWAY in seen) == (True, False)


def test_the_collector_of_spans_is_always_known() -> None:
    """Envoy refuses a listener that names a collector cluster it does not have."""
    assert ZIPKIN in clusters(sidecar("none", '["~/*"]'))


def test_what_a_rule_let_in_sends_requests_to_comes_with_it() -> None:
    rule = """
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: frontend, namespace: shop}
spec: {hosts: [frontend], http: [{route: [{destination: {host: reviews}}]}]}
"""
    scope = sidecar("own", '["./frontend.shop.svc.cluster.local"]')
    assert REVIEWS not in clusters(scope)
    assert REVIEWS in clusters(scope, rule)


def test_no_sidecar_acts_on_a_gateway() -> None:
    seen = clusters(sidecar("default", '["~/*"]', namespace="istio-system"), workload="istio-system/gateway-1")
    assert REVIEWS in seen


def test_the_mesh_may_close_what_nobody_registered() -> None:
    engine = engine_of(SHOP, MeshConfig(registry_only=True))
    made = resources_of(engine, "shop/frontend-1")
    chain = made["Listener"]["virtualOutbound"]["filterChains"][-1]
    assert chain["filters"][0]["typedConfig"]["cluster"] == "BlackHoleCluster"
    assert made["RouteConfiguration"]["80"]["virtualHosts"][0]["name"] == "block_all"
