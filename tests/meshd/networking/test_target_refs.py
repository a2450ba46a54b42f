"""Policies that refer to a gateway hold for the pods of its namespace that carry its name."""

from typing import Any

import pytest

from meshd.model.labels import Labels
from meshd.model.memo import Memo, Reader
from meshd.networking.advice import advice
from meshd.networking.authorization.filters import policies_for
from tests.meshd.networking.mesh_of import MESHES, changes_of, engine_of, resources_of

SHOP = (MESHES / "shop.yaml").read_text()
LABEL = "gateway.networking.k8s.io/gateway-name"
NAMED = SHOP.replace("labels: {istio: ingressgateway}", f"labels: {{istio: ingressgateway, {LABEL}: edge}}")
GATEWAY = """
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: g, namespace: shop}
spec: {selector: {istio: ingressgateway}, servers: [{port: {number: 80, name: h, protocol: HTTP}, hosts: ["*"]}]}
"""
KINDS = {
    "AuthorizationPolicy": ("security.istio.io/v1", "rules: []"),
    "RequestAuthentication": (
        "security.istio.io/v1",
        'jwtRules: [{issuer: a, jwks: \'{"keys": [{"kty": "oct", "k": "YQ"}]}\'}]',
    ),
    "Telemetry": ("telemetry.istio.io/v1", "accessLogging: [{providers: [{name: envoy}]}]"),
}


def attached(kind: str, names: str = "edge", namespace: str = "istio-system", target: str = "Gateway") -> str:
    group = "gateway.networking.k8s.io" if target == "Gateway" else ""
    targets = ", ".join(f"{{group: '{group}', kind: {target}, name: {name}}}" for name in names.split())
    version, spec = KINDS[kind]
    return f"""
apiVersion: {version}
kind: {kind}
metadata: {{name: attached, namespace: {namespace}}}
spec: {{targetRefs: [{targets}], {spec}}}
"""


def listeners(mesh: str, policy: str, workload: str) -> dict[str, Any]:
    engine = engine_of("\n---\n".join((mesh, GATEWAY, *([policy] if policy else []))))
    return resources_of(engine, workload)["Listener"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_policy_holds_for_the_gateway_it_names_alone(kind: str) -> None:
    before = listeners(NAMED, "", "istio-system/gateway-1")
    assert listeners(NAMED, attached(kind), "istio-system/gateway-1") != before
    assert listeners(NAMED, attached(kind, "other edge"), "istio-system/gateway-1") != before
    assert listeners(NAMED, attached(kind, "other"), "istio-system/gateway-1") == before
    assert listeners(NAMED, attached(kind, target="Service"), "istio-system/gateway-1") == before
    assert listeners(NAMED, attached(kind, namespace="shop"), "istio-system/gateway-1") == before
    assert listeners(NAMED, attached(kind), "shop/frontend-1") == listeners(NAMED, "", "shop/frontend-1")


@pytest.mark.parametrize("kind", KINDS)
def test_the_author_is_told_that_nobody_serves_a_gateway(kind: str) -> None:
    def told(mesh: str) -> tuple[str, ...]:
        return advice(engine_of(mesh).store, changes_of(attached(kind))[-1][2])

    assert told(NAMED) == ()
    assert told(SHOP) == (f"no pod of namespace istio-system has the label {LABEL}=edge: nobody serves this gateway",)


def test_in_the_root_namespace_it_does_not_reach_others() -> None:
    engine = engine_of("\n---\n".join((SHOP, attached("AuthorizationPolicy"))))
    labels: Labels = ((LABEL, "edge"),)
    memo = Memo(engine.store)
    read = Reader(memo, memo.node((policies_for, "test")))
    assert len(policies_for(read, "istio-system", labels)) == 1
    assert policies_for(read, "shop", labels) == ()
