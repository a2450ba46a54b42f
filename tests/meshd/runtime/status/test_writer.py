"""What becomes of a status, by what the API server answers."""

from __future__ import annotations

import json
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from lightkube import AsyncClient
from lightkube.config.kubeconfig import KubeConfig
from lightkube.config.models import Cluster, User

from meshd.api.kinds import KINDS
from meshd.ingest.api_server import connect
from meshd.runtime.status import writer
from meshd.runtime.status.condition import Condition
from meshd.runtime.status.objects import WrittenObject
from meshd.runtime.status.writer import Outcome, StatusWriter

pytestmark = pytest.mark.asyncio
GATEWAY = next(kind for kind in KINDS if kind.kind == "Gateway")
EDGE = WrittenObject(GATEWAY, "shop", "edge", "uid-1", 3, (), b"")
CONDITIONS = (Condition("Accepted", "True", "Accepted", "valid", 3),)


async def written(monkeypatch: pytest.MonkeyPatch, code: int, said: Any = None) -> tuple[Outcome, list[Any]]:
    """How a write ends at a server that answers `code`, and the requests it got."""
    monkeypatch.setattr(writer, "PAUSE_AFTER_FAILURE", 0.0)
    asked: list[Any] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append((request.method, request.path, request.content_type, json.loads(await request.read())))
        return web.json_response(said, status=code)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    async with TestServer(app) as server:
        config = KubeConfig.from_one(cluster=Cluster(server=str(server.make_url("/"))), user=User())
        async with connect(AsyncClient(config.get())) as api_server:
            return await StatusWriter(api_server).write(EDGE, CONDITIONS), asked


async def test_it_is_a_merge_patch_of_the_status_of_that_very_object(monkeypatch: pytest.MonkeyPatch) -> None:
    outcome, asked = await written(monkeypatch, 200, {})
    assert outcome is Outcome.WRITTEN
    condition = {"type": "Accepted", "status": "True", "reason": "Accepted", "message": "valid"}
    status = {"conditions": [{**condition, "observedGeneration": 3}], "observedGeneration": 3}
    path = "/apis/networking.istio.io/v1/namespaces/shop/gateways/edge/status"
    patch = {"metadata": {"uid": "uid-1"}, "status": status}
    assert asked == [("PATCH", path, "application/merge-patch+json", patch)]


@pytest.mark.parametrize("code", [404, 409, 422])
async def test_an_object_that_is_gone_or_another_one_needs_no_status(monkeypatch: Any, code: int) -> None:
    assert (await written(monkeypatch, code, {"message": "gone"}))[0] is Outcome.OUTDATED


@pytest.mark.parametrize(("code", "said"), [(403, {"message": "may not"}), (500, "broken"), (504, None)])
async def test_every_other_answer_is_a_failure_that_is_told_once(
    monkeypatch: Any, caplog: pytest.LogCaptureFixture, code: int, said: Any
) -> None:
    assert (await written(monkeypatch, code, said))[0] is Outcome.FAILED
    assert f"no status for Gateway shop/edge: {code}" in caplog.text


async def test_a_server_that_is_gone_is_a_failure(monkeypatch: Any) -> None:
    monkeypatch.setattr(writer, "PAUSE_AFTER_FAILURE", 0.0)
    config = KubeConfig.from_one(cluster=Cluster(server="http://127.0.0.1:1"), user=User())
    async with connect(AsyncClient(config.get())) as api_server:
        assert await StatusWriter(api_server).write(EDGE, CONDITIONS) is Outcome.FAILED
