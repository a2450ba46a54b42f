"""What people see of proxies and policies, from the real admin API of a mesh without a cluster."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import replace

import pytest

import commands.__main__ as entry
from commands import control_plane, describe, proxy_config, proxy_status
from commands.names import qualified
from tests.commands.admin_api import REPLICA, AdminApi
from toolchain.errors import UserError

MONKEY = pytest.MonkeyPatch
Run = Callable[..., tuple[int, str]]

POLICIES = """
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: strict, namespace: shop}
spec: {selector: {matchLabels: {app: reviews}}, mtls: {mode: STRICT}, portLevelMtls: {7000: {mode: DISABLE}}}
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: readers, namespace: shop}
spec: {selector: {matchLabels: {app: reviews}}, rules: [{to: [{operation: {methods: [GET]}}]}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: later, namespace: shop}
spec: {hosts: [database], http: [{route: [{destination: {host: database, subset: v9}}]}]}
"""


@pytest.fixture
def run(monkeypatch: MONKEY, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command on a mesh; its exit status and what it prints."""

    def run_on(mesh: AdminApi, *words: str) -> tuple[int, str]:
        monkeypatch.setattr(control_plane, "replicas", lambda: [REPLICA, replace(REPLICA, pod="late", ready=False)])
        monkeypatch.setattr(control_plane, "ask", lambda _replica, path: mesh.get(path))
        options = entry._parser().parse_args(words)
        status = entry._command(options.command)(options)
        return status, capsys.readouterr().out

    return run_on


def test_proxy_status_says_of_each_type_whether_it_has_the_newest(run: Run) -> None:
    mesh = AdminApi(pods=("shop/frontend-1", "istio-system/gateway-1"))
    status, text = run(mesh, "proxy-status")
    assert status == 0
    header, gateway, frontend = (line.split() for line in text.splitlines())
    assert header[:2] == ["PROXY", "TYPE"]
    assert header[-2:] == ["SINCE", "REPLICA"]
    assert {"CLUSTER", "ENDPOINT", "LISTENER", "ROUTE", "VIRTUALHOST", "SECRET"} == set(header[2:-2])
    assert gateway[:2] == ["istio-system/gateway-1", "gateway"]
    assert frontend[:2] == ["shop/frontend-1", "sidecar"]
    assert frontend[2:8] == ["SYNCED"] * 6
    assert frontend[-1] == "meshd-1"
    assert frontend[-2].startswith("20")


def test_proxy_status_shows_what_envoy_refused_in_its_words(run: Run) -> None:
    mesh = AdminApi()
    mesh.refuse("outbound|9080||reviews.shop.svc.cluster.local", "this is\n no good")
    status, text = run(mesh, "proxy-status")
    assert status == 1
    assert "NACKED" in text
    said = "shop/frontend-1 refused Cluster outbound|9080||reviews.shop.svc.cluster.local: this is no good"
    assert text.splitlines()[-1] == said
    status, text = run(mesh, "proxy-status", "-o", "json")
    assert json.loads(text)[0]["types"]["Cluster"]["refused"] == {
        "outbound|9080||reviews.shop.svc.cluster.local": "this is\n no good"
    }


def lines_of(run: Run, mesh: AdminApi, *words: str) -> list[str]:
    status, text = run(mesh, *words)
    assert status == 0
    return [" ".join(line.split()) for line in text.splitlines()]


def test_proxy_config_shows_tables_with_the_objects_they_were_made_from(run: Run) -> None:
    mesh = AdminApi()
    host = "reviews.shop.svc.cluster.local"
    clusters = lines_of(run, mesh, "proxy-config", "clusters", "frontend-1.shop")
    assert clusters[0] == "SERVICE PORT SUBSET DIRECTION TYPE MADE FROM"
    assert f"{host} 9080 v1 outbound EDS DestinationRule shop/reviews" in clusters
    endpoints = lines_of(run, mesh, "proxy-config", "endpoints", "frontend-1.shop")
    assert any(line.startswith("10.0.0.2:") and f"outbound|9080||{host}" in line for line in endpoints)
    routes = lines_of(run, mesh, "proxy-config", "routes", "frontend-1.shop")
    assert any(line.startswith("9080 ") and "VirtualService shop/" in line for line in routes)
    listeners = lines_of(run, mesh, "proxy-config", "listeners", "frontend-1.shop")
    assert any(line.startswith("0.0.0.0 15006 ") for line in listeners)


def test_proxy_config_gives_envoys_own_configuration_as_json(run: Run) -> None:
    _, text = run(AdminApi(), "proxy-config", "clusters", "frontend-1.shop", "-o", "json")
    named = {each["name"]: each["resource"] for each in json.loads(text)}
    assert named["outbound|9080||reviews.shop.svc.cluster.local"]["type"] == "EDS"


@pytest.mark.parametrize("output", ["text", "json"])
def test_secrets_are_shown_without_private_keys(run: Run, output: str) -> None:
    mesh = AdminApi()
    _, text = run(mesh, "proxy-config", "secrets", "frontend-1.shop", "-o", output)
    assert "spiffe://cluster.local/ns/shop/sa/frontend" in text
    assert "default" in text
    assert "ROOTCA" in text
    own = mesh.publisher.streams[0].view.own["default"].entry
    assert b"PRIVATE KEY" in own, "there is one to be hidden"
    assert "PRIVATE" not in text
    assert "private" not in text.lower()


def test_a_refused_resource_is_marked(run: Run) -> None:
    mesh = AdminApi()
    mesh.refuse("outbound|9080|v1|reviews.shop.svc.cluster.local", "no")
    marked = [
        line for line in lines_of(run, mesh, "proxy-config", "clusters", "frontend-1.shop") if "! refused" in line
    ]
    assert marked == ["reviews.shop.svc.cluster.local 9080 v1 outbound EDS ! refused: DestinationRule shop/reviews"]


def test_describe_pod_names_the_objects_that_act_on_it(run: Run) -> None:
    lines = lines_of(run, AdminApi(POLICIES), "describe", "pod", "reviews-v1.shop")
    assert lines[0].startswith("pod reviews-v1 in shop")
    assert "port all: STRICT, from PeerAuthentication shop/strict" in lines
    assert "port 7000: DISABLE, from PeerAuthentication shop/strict" in lines
    assert "AuthorizationPolicy shop/readers: ALLOW, 1 rules" in lines
    assert any(line.startswith("service reviews in shop, reviews.shop.svc.cluster.local") for line in lines)
    other = lines_of(run, AdminApi(POLICIES), "describe", "pod", "frontend-1.shop")
    assert "AuthorizationPolicy shop/readers: ALLOW, 1 rules" not in other
    gateway = lines_of(run, AdminApi(POLICIES), "describe", "pod", "gateway-1.istio-system")
    assert "mutual TLS:" not in gateway
    assert "serves the gateways:" in gateway


def test_describe_service_names_rules_and_what_waits(run: Run) -> None:
    mesh = AdminApi(POLICIES)
    lines = lines_of(run, mesh, "describe", "service", "database.shop")
    missing = "database.shop.svc.cluster.local/v9"
    assert f"VirtualService shop/later: waits; what was in force before stays (for {missing})" in lines
    reviews = lines_of(run, mesh, "describe", "service", "reviews.shop")
    assert any(line.startswith("DestinationRule shop/reviews: in force, TLS ") for line in reviews)
    assert any(line.startswith("VirtualService shop/reviews: routes requests of the mesh") for line in reviews)
    found = json.loads(run(mesh, "describe", "service", "database.shop", "-o", "json")[1])
    assert found["virtual_services"][-1]["waits_for"] == [missing]


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("describe", "service", "nobody.shop"), "there is no service nobody in namespace shop"),
        (("describe", "pod", "reviews-v1"), "there is no pod reviews-v1 in namespace default"),
        (("proxy-config", "routes", "nobody.shop"), "no proxy of pod nobody in namespace shop is connected"),
        (("proxy-config", "routes", "a/b"), "a/b is no name: write NAME or NAME.NAMESPACE, such as reviews.shop"),
    ],
)
def test_what_is_not_there_is_said_in_one_line(run: Run, words: tuple[str, ...], reason: str) -> None:
    with pytest.raises(UserError, match=reason):
        run(AdminApi(), *words)


def test_without_a_control_plane_the_way_out_is_said(monkeypatch: MONKEY) -> None:
    monkeypatch.setattr(control_plane, "replicas", list)
    for command in (proxy_status, describe, proxy_config):
        with pytest.raises(UserError, match=r"is the stack up\? \(\./mesh up"):
            command.run(argparse.Namespace(output="text", kind="pod", name="a.b", pod="a.b", type="routes"))


def test_names() -> None:
    assert qualified("reviews") == "reviews.default"
    assert qualified("reviews.shop") == "reviews.shop"
