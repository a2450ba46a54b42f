from __future__ import annotations

import pytest

from benchmarks.propagation import objects
from benchmarks.propagation.changes import ENDPOINTS, KINDS, SERVICE, Changes
from benchmarks.propagation.kubernetes import Kubernetes, collection_path, path_of
from meshd.api.decode import decode
from meshd.api.validate import validate


class Written(Kubernetes):
    """Notes what would be sent."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str, objects.Object | None]] = []

    async def _send(
        self, method: str, path: str, body: objects.Object | None = None, kind: str = "application/json"
    ) -> float:
        self.sent.append((method, path, body))
        return float(len(self.sent))


def test_paths_are_those_of_the_api_server() -> None:
    assert collection_path({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "x"}}) == "/api/v1/namespaces"
    expected = "/apis/networking.istio.io/v1/namespaces/bench-3/virtualservices/service-00003"
    assert path_of(objects.virtual_service(3)) == expected


def test_rules_are_what_the_api_allows() -> None:
    for item in (objects.virtual_service(7), objects.destination_rule(7)):
        assert not validate(decode(item)).errors


def test_addresses_are_unique_and_none_is_a_part_of_another() -> None:
    pods = {objects.pod_address(number) for number in range(5000)}
    spare = {objects.spare_address(number) for number in range(5000)}
    assert len(pods) == len(spare) == 5000
    assert not pods & spare
    assert {len(address) for address in spare} == {14}


def test_a_service_is_given_spare_pods_of_its_own_namespace_one_after_the_other() -> None:
    for service in (0, 7, 58, 999):
        given = [objects.spare_for(service, turn) for turn in range(60)]
        assert {objects.spare_pod(spare)["metadata"]["namespace"] for spare in given} == {objects.namespace_of(service)}
        assert all(0 <= spare < objects.SPARE_PODS for spare in given)
        assert len(set(given[:30])) == 30


def test_neighbours_are_given_different_spare_pods() -> None:
    assert len({objects.spare_for(service, 0) for service in range(objects.SPARE_PODS)}) == objects.SPARE_PODS


def test_every_service_has_pods_of_both_versions_in_its_own_namespace() -> None:
    services, pods = 50, objects.pod_count(50, 1)
    for number in range(services):
        endpoints = objects.pod_endpoints(number, services, pods)
        made = [objects.pod(each, services) for each in range(number, pods, services)]
        assert [pod["metadata"]["name"] for pod in made] == [each["targetRef"]["name"] for each in endpoints]
        assert {pod["metadata"]["namespace"] for pod in made} == {objects.namespace_of(number)}
        assert {pod["metadata"]["labels"]["version"] for pod in made} == {"v1", "v2"}


def test_there_is_a_pod_for_every_proxy() -> None:
    assert objects.pod_count(50, 1000) == 1000
    assert objects.pod_count(1000, 100) == 2000


async def _written(kind: str, changes: Changes, api: Written) -> str:
    change = changes.next(kind)
    api.sent.clear()
    await change.write()
    text = str(api.sent)
    assert all(mark.text.decode() in text or "svc.cluster.local" in mark.text.decode() for mark in change.marks)
    return text


@pytest.mark.asyncio
async def test_no_two_changes_are_alike() -> None:
    api = Written()
    changes = Changes(api, 3)
    for kind in KINDS:
        texts = [await _written(kind, changes, api) for _ in range(10)]
        assert len(set(texts)) == 10


@pytest.mark.asyncio
async def test_added_services_are_deleted_again() -> None:
    api = Written()
    changes = Changes(api, 3)
    await changes.next(SERVICE).write()
    await changes.next(ENDPOINTS).write()
    created = {f"{path}/{body['metadata']['name']}" for method, path, body in api.sent if method == "POST" and body}
    api.sent.clear()
    await changes.undo()
    assert {path for method, path, _ in api.sent if method == "DELETE"} == created
    assert len(created) == 2
