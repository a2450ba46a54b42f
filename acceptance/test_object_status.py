"""Each object's status says whether it is in force, what it waits for, and what Envoy refused of it."""

from __future__ import annotations

import time
from typing import Any

from acceptance.cluster import Cluster
from acceptance.convergence import eventually
from acceptance.settings import CONTROL_PLANE
from acceptance.test_refused_resources import object_for, refused_object, route_with_header
from acceptance.workloads import Workloads, manifest

STATUS_SECONDS = 30.0
"""A status follows within seconds: ten where it gets better, for that must last."""
AT_REST_SECONDS = 8.0


def conditions(cluster: Cluster, kind: str, namespace: str, name: str) -> dict[str, dict[str, Any]]:
    """By type. AssertionError until they are about the newest version of the object."""
    found = cluster.get(kind.lower(), "-n", namespace, name)
    by_type = {condition["type"]: condition for condition in found.get("status", {}).get("conditions", ())}
    assert by_type, "no status yet"
    generations = {condition["observedGeneration"] for condition in by_type.values()}
    assert generations == {found["metadata"]["generation"]}
    return by_type


def reconciled_must_be(cluster: Cluster, kind: str, namespace: str, name: str, reason: str, *words: str) -> None:
    def look() -> None:
        found = conditions(cluster, kind, namespace, name)["Reconciled"]
        assert found["reason"] == reason, found
        assert all(word in found["message"] for word in words), found

    eventually(look, f"{kind} {name} {reason}", within=STATUS_SECONDS, successes=1)


def test_an_object_in_force_says_at_how_many_proxies(cluster: Cluster, workloads: Workloads) -> None:
    namespace = workloads.namespace
    with cluster.applied(manifest(route_with_header("told", namespace, "web", "told"))):
        reconciled_must_be(cluster, "VirtualService", namespace, "told", "Applied", "in force at ", " proxies")
        found = conditions(cluster, "VirtualService", namespace, "told")
        assert {name: condition["status"] for name, condition in found.items()} == {
            "Accepted": "True",
            "Supported": "True",
            "Reconciled": "True",
        }
        numbers = [int(word) for word in found["Reconciled"]["message"].split() if word.isdecimal()]
        assert numbers[0] == numbers[1] >= 2, "both proxies of the namespace have it"


def test_a_status_at_rest_is_not_written_again(cluster: Cluster, workloads: Workloads) -> None:
    namespace = workloads.namespace
    with cluster.applied(manifest(route_with_header("rest", namespace, "web", "rest"))):
        reconciled_must_be(cluster, "VirtualService", namespace, "rest", "Applied")
        before = cluster.get("virtualservice", "-n", namespace, "rest")["metadata"]["resourceVersion"]
        time.sleep(AT_REST_SECONDS)
        assert cluster.get("virtualservice", "-n", namespace, "rest")["metadata"]["resourceVersion"] == before


def test_a_rule_that_waits_says_for_what_until_it_comes(cluster: Cluster, workloads: Workloads) -> None:
    namespace = workloads.namespace
    destination = {"host": "web", "subset": "v1"}
    rule = object_for(
        "VirtualService", "waits", namespace, hosts=["web"], http=[{"route": [{"destination": destination}]}]
    )
    subsets = [{"name": "v1", "labels": {"version": "v1"}}]
    with cluster.applied(manifest(rule)):
        missing = f"web.{namespace}.svc.cluster.local/v1"
        reconciled_must_be(cluster, "VirtualService", namespace, "waits", "Waiting", missing)
        with cluster.applied(manifest(object_for("DestinationRule", "waits", namespace, host="web", subsets=subsets))):
            reconciled_must_be(cluster, "VirtualService", namespace, "waits", "Applied")


def test_what_envoy_refuses_is_told_in_its_words_of_that_object_alone(cluster: Cluster, workloads: Workloads) -> None:
    namespace = workloads.namespace
    _, refused = refused_object("DestinationRule", namespace)
    with cluster.applied(manifest(refused, route_with_header("fine", namespace, "web-too", "fine"))):
        words = ("Envoy refused Cluster ", workloads.web.name, workloads.client.name, "/there/is/no/such/file.pem")
        reconciled_must_be(cluster, "DestinationRule", namespace, "refused", "Refused", *words)
        reconciled_must_be(cluster, "VirtualService", namespace, "fine", "Applied")
        assert conditions(cluster, "DestinationRule", namespace, "refused")["Accepted"]["status"] == "True"


def test_fields_without_effect_are_named(cluster: Cluster, workloads: Workloads) -> None:
    namespace = workloads.namespace
    port = {"number": 80, "name": "http", "protocol": "HTTP"}
    endpoints = [{"address": "192.0.2.1", "network": "elsewhere"}]
    entry = object_for(
        "ServiceEntry", "partly", namespace, hosts=["a.test"], ports=[port], resolution="STATIC", endpoints=endpoints
    )
    with cluster.applied(manifest(entry)):
        reconciled_must_be(cluster, "ServiceEntry", namespace, "partly", "Applied")
        supported = conditions(cluster, "ServiceEntry", namespace, "partly")["Supported"]
        assert (supported["status"], supported["reason"]) == ("False", "NoEffect")
        assert "spec.endpoints[0].network" in supported["message"]


def test_one_replica_leads(cluster: Cluster) -> None:
    lease = cluster.get("lease", "-n", CONTROL_PLANE, "meshd-leader")["spec"]
    replicas = [pod["metadata"]["name"] for pod in cluster.ready_pods(CONTROL_PLANE, "app=meshd")]
    assert lease["holderIdentity"] in replicas
