"""The webhooks over HTTP, as the API server calls them."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from aiohttp.test_utils import TestClient, TestServer

from meshd.inject import InjectSettings, build_app
from meshd.inject.sidecar import inject_sidecar

from .json_patch_reader import apply_patch
from .pods import CA_PEM, gateway_pod, reviews_pod

pytestmark = pytest.mark.asyncio
Json = dict[str, Any]
SETTINGS = InjectSettings(proxy_image="mesh-stack/proxy:1")


@pytest_asyncio.fixture
async def client() -> AsyncIterator[TestClient[Any, Any]]:
    app = build_app(SETTINGS, CA_PEM, advise=lambda found: (f"{found}: seen",))
    async with TestClient(TestServer(app)) as client:
        yield client


async def _ask(client: TestClient[Any, Any], path: str, obj: Json | None, **request: Any) -> Json:
    namespace = (obj or {}).get("metadata", {}).get("namespace", "shop")
    review = {"request": {"uid": "1", "operation": "CREATE", "namespace": namespace, "object": obj, **request}}
    response = await client.post(path, json=review)
    assert response.status == 200, await response.text()
    answer = await response.json()
    assert answer["kind"] == "AdmissionReview"
    assert answer["response"]["uid"] == "1"
    result: Json = answer["response"]
    return result


def _virtual_service(spec: Json) -> Json:
    metadata = {"name": "reviews", "namespace": "shop"}
    return {
        "apiVersion": "networking.istio.io/v1",
        "kind": "VirtualService",
        "metadata": metadata,
        "spec": spec,
    }


async def test_the_patch_makes_the_injected_pod(client: TestClient[Any, Any]) -> None:
    pod = reviews_pod()
    answer = await _ask(client, "/inject", pod)
    assert answer["allowed"]
    assert answer["patchType"] == "JSONPatch"
    patched = apply_patch(pod, json.loads(base64.b64decode(answer["patch"])))
    assert patched == inject_sidecar(reviews_pod(), "shop", CA_PEM, SETTINGS)


async def test_a_gateways_proxy_is_completed(client: TestClient[Any, Any]) -> None:
    pod = gateway_pod()
    answer = await _ask(client, "/inject", pod)
    (proxy,) = apply_patch(pod, json.loads(base64.b64decode(answer["patch"])))["spec"]["containers"]
    assert proxy["image"] == "mesh-stack/proxy:1"
    assert proxy["resources"] == {"requests": {"cpu": "50m"}}


async def test_a_pod_that_is_left_alone_is_let_in_unchanged(client: TestClient[Any, Any]) -> None:
    pod = reviews_pod(labels={"sidecar.istio.io/inject": "false"})
    assert await _ask(client, "/inject", pod) == {"uid": "1", "allowed": True}


async def test_refuses_a_pod_with_a_wrong_annotation(client: TestClient[Any, Any]) -> None:
    pod = reviews_pod(annotations={"traffic.sidecar.istio.io/excludeInboundPorts": "80;81"})
    answer = await _ask(client, "/inject", pod)
    assert not answer["allowed"]
    assert answer["status"]["message"] == (
        'pod shop/reviews-v1-5d8f7c9b64-*: annotation traffic.sidecar.istio.io/excludeInboundPorts: "80;81" '
        "cannot be used: use ports from 1 to 65535 separated by commas"
    )


async def test_refuses_a_pod_that_runs_as_the_proxys_user(client: TestClient[Any, Any]) -> None:
    pod = reviews_pod()
    pod["spec"]["containers"][0]["securityContext"] = {"runAsUser": 1337}
    answer = await _ask(client, "/inject", pod)
    assert not answer["allowed"]
    assert "container reviews: securityContext.runAsUser 1337" in answer["status"]["message"]


async def test_warns_of_annotations_without_effect(client: TestClient[Any, Any]) -> None:
    answer = await _ask(client, "/inject", reviews_pod(annotations={"sidecar.istio.io/agentLogLevel": "debug"}))
    assert answer["warnings"] == ["annotation sidecar.istio.io/agentLogLevel has no effect in this mesh"]


async def test_lets_a_valid_object_in_with_advice(client: TestClient[Any, Any]) -> None:
    spec = {"hosts": ["reviews"], "http": [{"route": [{"destination": {"host": "reviews"}}]}]}
    answer = await _ask(client, "/validate", _virtual_service(spec))
    assert answer["allowed"], answer
    assert answer["warnings"][-1] == "VirtualService shop/reviews: seen"


async def test_refuses_an_object_with_every_field_that_does_not_decode(client: TestClient[Any, Any]) -> None:
    spec = {"hosts": "reviews", "http": [{"timeout": 5}]}
    answer = await _ask(client, "/validate", _virtual_service(spec))
    message = answer["status"]["message"]
    assert message.startswith("VirtualService shop/reviews: spec.hosts: ")
    assert "; spec.http[0].timeout: " in message


async def test_refuses_an_object_that_makes_no_sense(client: TestClient[Any, Any]) -> None:
    spec = {"hosts": ["reviews"], "http": [{"route": [{"destination": {"host": "a"}, "weight": -1}]}]}
    answer = await _ask(client, "/validate", _virtual_service(spec))
    assert not answer["allowed"]
    assert answer["status"]["message"].startswith("VirtualService shop/reviews: spec.http[0]")


async def test_a_removal_is_nobodys_mistake(client: TestClient[Any, Any]) -> None:
    assert (await _ask(client, "/validate", None, operation="DELETE"))["allowed"]


@pytest.mark.parametrize("body", [b"", b"{}", b"nonsense"])
async def test_answers_what_is_no_review_with_400(client: TestClient[Any, Any], body: bytes) -> None:
    response = await client.post("/inject", data=body)
    assert response.status == 400
