"""An object that passes the webhook and is then refused by Envoy harms nobody but itself.

Two such objects: what a file in the pod holds, and how large a regular expression gets when it is compiled, only Envoy
can tell.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from acceptance.cluster import Cluster
from acceptance.control_plane import ControlPlane
from acceptance.convergence import eventually
from acceptance.workloads import Workloads, manifest

USUAL_SECONDS = 2.0
"""A write until a proxy acts on it: far above what is usual, far below any timeout that a stuck push would end by."""


def object_for(kind: str, name: str, namespace: str, **spec: Any) -> dict[str, Any]:
    """Seen by its own namespace only, so that a failing test harms nobody else's."""
    metadata = {"name": name, "namespace": namespace}
    spec = {**spec, "exportTo": ["."]}
    return {"apiVersion": "networking.istio.io/v1", "kind": kind, "metadata": metadata, "spec": spec}


def route_with_header(name: str, namespace: str, host: str, value: str, **route: Any) -> dict[str, Any]:
    headers = {"response": {"set": {"x-rule": value}}}
    http = {"route": [{"destination": {"host": host}, "headers": headers}], **route}
    return object_for("VirtualService", name, namespace, hosts=[host], http=[http])


def refused_object(kind: str, namespace: str) -> tuple[str, dict[str, Any]]:
    """The type of the resource that is refused, and an object for the host `web` that causes it."""
    if kind == "DestinationRule":
        tls = {"mode": "SIMPLE", "caCertificates": "/there/is/no/such/file.pem"}
        return "Cluster", object_for(kind, "refused", namespace, host="web", trafficPolicy={"tls": tls})
    too_large = [{"uri": {"regex": r"\pL{1000}" * 100}}]
    return "VirtualHost", route_with_header("refused", namespace, "web", "refused", match=too_large)


@pytest.mark.parametrize("kind", ["DestinationRule", "VirtualService"])
def test_an_object_that_envoy_refuses_harms_no_other(
    kind: str, cluster: Cluster, workloads: Workloads, control_plane: ControlPlane
) -> None:
    namespace = workloads.namespace
    refused_type, refused = refused_object(kind, namespace)
    began = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def state_must_be(expected: str) -> None:
        for pod in (workloads.web, workloads.client):
            states = {name: sent["state"] for name, sent in control_plane.states(namespace, pod.name).items()}
            assert states == dict.fromkeys(states, "SYNCED") | {refused_type: expected}, pod.name

    def hosts_must_answer(rules: dict[str, str | None]) -> None:
        answers = workloads.client.ask([{"host": host, "port": 80} for host in rules])
        found = {host: answer.get("headers", {}).get("x-rule") for host, answer in zip(rules, answers, strict=True)}
        assert ([answer.get("status") for answer in answers], found) == ([200] * len(rules), rules)

    hosts_must_answer({"web": None, "web-too": None})
    with cluster.applied(manifest(refused)):
        eventually(lambda: state_must_be("NACKED"), f"{refused_type} NACKED")
        hosts_must_answer({"web": None, "web-too": None})
        with cluster.applied(manifest(route_with_header("valid", namespace, "web-too", "valid"))):
            rules: dict[str, str | None] = {"web": None, "web-too": "valid"}
            eventually(lambda: hosts_must_answer(rules), "the valid rule in force", within=USUAL_SECONDS, successes=1)
            state_must_be("NACKED")
    eventually(lambda: state_must_be("SYNCED"), "everything SYNCED")
    hosts_must_answer({"web": None, "web-too": None})
    lines = control_plane.log_lines(["WARNING", "refused", refused_type, f"{kind} {namespace}/refused"], began)
    assert {pod.name for pod in (workloads.web, workloads.client) if any(pod.name in line for line in lines)} == {
        workloads.web.name,
        workloads.client.name,
    }
