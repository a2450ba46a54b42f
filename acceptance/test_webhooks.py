"""The webhooks' answers as somebody with kubectl sees them: which object, which field, what is wrong with it.

Everything is applied as a dry run and in one call; the objects' names tell kubectl's lines apart.
"""

from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from acceptance.cluster import Cluster
from acceptance.control_plane import SERVER_NAME, WEBHOOK_PORT
from acceptance.settings import CONTROL_PLANE
from acceptance.tls import serves_with
from acceptance.workloads import Workloads, manifest

SECURITY_KINDS = ("PeerAuthentication", "AuthorizationPolicy")
WRONG: list[dict[str, Any]] = list(yaml.safe_load_all((Path(__file__).parent / "wrong_objects.yaml").read_text()))
UNSUPPORTED: dict[str, tuple[str, dict[str, Any]]] = {
    "Gateway": ("spec.servers[0].defaultEndpoint", {
        "selector": {"app": "web"},
        "servers": [{
            "port": {"number": 80, "name": "http", "protocol": "HTTP"},
            "hosts": ["web.example"],
            "defaultEndpoint": "127.0.0.1:8080",
        }],
    }),
    "ServiceEntry": ("spec.endpoints[0].network", {
        "hosts": ["a.test"],
        "ports": [{"number": 80, "name": "http", "protocol": "HTTP"}],
        "resolution": "STATIC",
        "endpoints": [{"address": "192.0.2.1", "network": "elsewhere"}],
    }),
    "AuthorizationPolicy": ("spec.targetRefs[0].kind", {
        "targetRefs": [{"group": "gateway.networking.k8s.io", "kind": "GatewayClass", "name": "web"}],
        "rules": [{}],
    }),
}  # fmt: skip


def name_of(case: dict[str, Any]) -> str:
    """A name that says what is wrong: `gateway-servers-0-tls`."""
    return re.sub(r"[^a-z0-9]+", "-", f"{case['kind']}.{case['path'].removeprefix('spec')}".lower()).strip("-")


def istio_object(kind: str, name: str, namespace: str, spec: dict[str, Any]) -> dict[str, Any]:
    group = "security" if kind in SECURITY_KINDS else "networking"
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": f"{group}.istio.io/v1", "kind": kind, "metadata": metadata, "spec": spec}


@pytest.fixture(scope="module")
def complaints(cluster: Cluster, workloads: Workloads) -> list[str]:
    """What kubectl says when all wrong objects are applied, line by line."""
    objects = [istio_object(case["kind"], name_of(case), workloads.namespace, case["spec"]) for case in WRONG]
    _, said, code = cluster.say("create", "--dry-run=server", "-f", "-", stdin=manifest(*objects))
    assert code != 0
    return said.splitlines()


@pytest.mark.parametrize("case", WRONG, ids=name_of)
def test_refuses_with_object_field_and_reason(
    case: dict[str, Any], complaints: list[str], workloads: Workloads
) -> None:
    """By the webhook, or by the schema where that says enough: of enumerations and durations."""
    names = (f"{case['kind']} {workloads.namespace}/{name_of(case)}: ", f'"{name_of(case)}" is invalid: ')
    lines = [line for line in complaints if any(name in line for name in names) and not line.startswith("Warning: ")]
    assert len(lines) == 1, complaints
    assert f"{case['path']}: " in lines[0]
    assert case["reason"] in lines[0]


def test_names_a_field_that_does_not_exist(cluster: Cluster, workloads: Workloads) -> None:
    spec = {"hosts": ["web"], "http": [{"rout": [{"destination": {"host": "web"}}]}]}
    text = manifest(istio_object("VirtualService", "misspelt", workloads.namespace, spec))
    _, said, code = cluster.say("create", "--dry-run=server", "-f", "-", stdin=text)
    assert code != 0
    assert 'unknown field "spec.http[0].rout"' in said


@pytest.mark.parametrize("kind", UNSUPPORTED)
def test_warns_of_a_field_without_effect_and_lets_it_in(kind: str, cluster: Cluster, workloads: Workloads) -> None:
    path, spec = UNSUPPORTED[kind]
    text = manifest(istio_object(kind, "unsupported", workloads.namespace, spec))
    _, said, code = cluster.say("create", "--dry-run=server", "-f", "-", stdin=text)
    assert code == 0, said
    warnings = [line for line in said.splitlines() if line.startswith("Warning: ") and f"{path}: " in line]
    assert len(warnings) == 1, said
    assert "no effect" in warnings[0]


@pytest.mark.parametrize("kind", ["mutating", "validating"])
def test_webhooks_show_a_certificate_of_the_meshs_root(kind: str, cluster: Cluster) -> None:
    """They trust one root, the mesh's; every replica's certificate leads to it and has the Service's name."""
    name = {"mutating": "meshd-injector", "validating": "meshd-validator"}[kind]
    secret = cluster.get("secret", "-n", CONTROL_PLANE, "meshd-ca")
    root = base64.b64decode(secret["data"]["tls.crt"]).strip()
    for webhook in cluster.get(f"{kind}webhookconfiguration", name)["webhooks"]:
        assert base64.b64decode(webhook["clientConfig"]["caBundle"]).strip() == root
        assert webhook["failurePolicy"] == "Fail"
    for pod in cluster.ready_pods(CONTROL_PLANE, "app=meshd"):
        with cluster.port_forward(CONTROL_PLANE, pod["metadata"]["name"], WEBHOOK_PORT) as port:
            assert serves_with(port, SERVER_NAME, root.decode())
