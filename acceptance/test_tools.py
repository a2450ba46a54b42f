"""What `./mesh` shows of proxies and policies in the running stack."""

from __future__ import annotations

import json

from acceptance.cluster import Cluster
from acceptance.commands import mesh
from acceptance.convergence import eventually
from acceptance.settings import CONTROL_PLANE
from acceptance.test_refused_resources import object_for, refused_object, route_with_header
from acceptance.workloads import Workloads, manifest


def test_proxy_status_lists_every_proxy_with_its_replica(cluster: Cluster, workloads: Workloads) -> None:
    output, _ = mesh("proxy-status", "-o", "json")
    found = {(proxy["namespace"], proxy["pod"]): proxy for proxy in json.loads(output)}
    replicas = {pod["metadata"]["name"] for pod in cluster.ready_pods(CONTROL_PLANE, "app=meshd")}
    for pod in (workloads.web, workloads.client):
        proxy = found[pod.namespace, pod.name]
        assert proxy["kind"] == "sidecar"
        assert proxy["replica"] in replicas
        assert {sent["state"] for sent in proxy["types"].values()} == {"SYNCED"}
    assert any(proxy["kind"] == "router" for proxy in found.values())
    table, _ = mesh("proxy-status")
    assert any(line.startswith(f"{workloads.namespace}/{workloads.web.name} ") for line in table.splitlines())


def test_proxy_status_shows_what_a_proxy_refused(cluster: Cluster, workloads: Workloads) -> None:
    _, refused = refused_object("DestinationRule", workloads.namespace)

    def look() -> None:
        table, status = mesh("proxy-status")
        assert status == 1
        said = [
            line for line in table.splitlines() if line.startswith(f"{workloads.namespace}/{workloads.web.name} ref")
        ]
        assert any("/there/is/no/such/file.pem" in line for line in said), table

    with cluster.applied(manifest(refused)):
        eventually(look, "the refusal shown", successes=1)


def test_proxy_config_shows_what_a_proxy_is_given(cluster: Cluster, workloads: Workloads) -> None:
    pod = f"{workloads.client.name}.{workloads.namespace}"
    name = f"VirtualService {workloads.namespace}/shown"

    def look() -> None:
        table, status = mesh("proxy-config", "routes", pod)
        assert status == 0
        assert any(line.endswith(name) for line in table.splitlines())

    with cluster.applied(manifest(route_with_header("shown", workloads.namespace, "web", "shown"))):
        eventually(look, "the route shown", successes=1)
    for kind in ("listeners", "clusters", "endpoints"):
        table, status = mesh("proxy-config", kind, pod)
        assert (status, len(table.splitlines()) > 3) == (0, True), table


def test_proxy_config_shows_certificates_and_no_key(workloads: Workloads) -> None:
    for output in ("text", "json"):
        shown, status = mesh("proxy-config", "secrets", f"{workloads.web.name}.{workloads.namespace}", "-o", output)
        assert status == 0
        assert f"spiffe://cluster.local/ns/{workloads.namespace}/sa/{workloads.web.account}" in shown
        assert "PRIVATE" not in shown


def test_analyze_judges_a_file_in_the_cluster(workloads: Workloads) -> None:
    namespace = workloads.namespace
    wrong = route_with_header("judged", namespace, "nobody", "judged", timeout="10 seconds")
    said, status = mesh("analyze", "-n", namespace, "-", stdin=manifest(wrong))
    assert status == 1
    assert f"error    VirtualService {namespace}/judged (standard input): spec.http[0].timeout" in said
    late = route_with_header("judged", namespace, "nobody", "judged")
    said, status = mesh("analyze", "-n", namespace, "-", stdin=manifest(late))
    assert status == 0
    assert f"there is no service nobody.{namespace}.svc.cluster.local yet" in said


def test_describe_names_what_acts(cluster: Cluster, workloads: Workloads) -> None:
    namespace = workloads.namespace
    strict = {
        **object_for("PeerAuthentication", "strict", namespace),
        "apiVersion": "security.istio.io/v1",
        "spec": {"selector": {"matchLabels": {"app": "web"}}, "mtls": {"mode": "STRICT"}},
    }

    def look() -> None:
        said, status = mesh("describe", "pod", f"{workloads.web.name}.{namespace}")
        assert status == 0, said
        assert f"port all: STRICT, from PeerAuthentication {namespace}/strict" in said
        said, status = mesh("describe", "service", f"web.{namespace}")
        assert f"VirtualService {namespace}/acts: routes requests of the mesh to web.{namespace}.svc" in said

    with cluster.applied(manifest(strict, route_with_header("acts", namespace, "web", "acts"))):
        eventually(look, "the policies described", successes=1)
    said, status = mesh("describe", "service", f"nobody.{namespace}")
    assert (said, status) == (f"mesh: there is no service nobody in namespace {namespace}\n", 1)
