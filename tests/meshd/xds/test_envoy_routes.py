"""Routes at a real Envoy: by virtual host, changed, removed, refused."""

import asyncio
from pathlib import Path

import pytest

from meshd.model.resource import (
    LISTENER,
    VIRTUAL_HOST,
)

from .real_envoy import (
    get,
    must_become,
    must_settle,
    running,
    under_load,
)
from .served_mesh import (
    BOTH_DIALECTS,
    PROXY_PORT,
    http_listener,
    route_configuration,
    shop,
    virtual_host,
)


@BOTH_DIALECTS
@pytest.mark.asyncio
async def test_routes_by_virtual_host_are_served_changed_and_removed(tmp_path: Path, api_type: str) -> None:
    async with running(tmp_path, api_type=api_type) as (mesh, _):
        mesh.apply(*shop(mesh))
        await must_become("svc1", 200)
        assert await get("svc3") == (404, "")
        mesh.apply(virtual_host("svc3", "a"))
        await must_become("svc3", 200)
        mesh.apply(virtual_host("svc1", "a", route={}, direct_response={"status": 418}))
        await must_become("svc1", 418)
        mesh.apply((VIRTUAL_HOST, "80/svc1"))
        await must_become("svc1", 404)
        assert (await get("svc2"))[0] == 200
        assert mesh.counts.refusals == []


@BOTH_DIALECTS
@pytest.mark.asyncio
async def test_a_bad_virtual_host_among_good_ones_is_isolated(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, api_type: str
) -> None:
    """Envoy refuses a whole response for one bad virtual host: the good ones must get through all the
    same.
    """
    broken = {"match": {"safe_regex": {"regex": "("}}}
    async with running(tmp_path, api_type=api_type) as (mesh, _):
        mesh.apply(*shop(mesh))
        await must_become("svc1", 200)
        good = [virtual_host(f"more{i}", "a") for i in range(6)]
        mesh.apply(*good, virtual_host("svc1", "a", **broken))
        for i in range(6):
            await must_become(f"more{i}", 200)
        await must_settle(mesh)
        assert (await get("svc1"))[0] == 200, "the last good one stays"
        assert list(mesh.stream.subscriptions[VIRTUAL_HOST].search.refused) == ["80/svc1"]
        assert (VIRTUAL_HOST, True) in mesh.counts.refusals
        assert "made from VirtualService shop/svc1" in caplog.text
        before = mesh.stream.subscriptions[VIRTUAL_HOST].nacked
        mesh.apply(virtual_host("later", "a"))
        await must_become("later", 200)
        assert mesh.stream.subscriptions[VIRTUAL_HOST].nacked == before
        mesh.apply(virtual_host("svc1", "a", route={}, direct_response={"status": 418}))
        await must_become("svc1", 418)
        await must_settle(mesh)
        assert mesh.stream.subscriptions[VIRTUAL_HOST].settled


@pytest.mark.asyncio
async def test_a_bad_virtual_host_at_the_start_does_not_keep_the_listener_away(tmp_path: Path) -> None:
    async with running(tmp_path) as (mesh, _):
        mesh.apply(*shop(mesh), virtual_host("bad", "a", "svc1"))
        await must_become("svc2", 200)
        await must_settle(mesh)
        refused = list(mesh.stream.subscriptions[VIRTUAL_HOST].search.refused)
        assert len(refused) == 1, "two hosts with one domain: only one of them"


@pytest.mark.asyncio
async def test_domains_and_addresses_move_from_what_goes_to_what_comes(tmp_path: Path) -> None:
    """Removals travel with additions here: apart, either order would leave a gap or be refused as a
    duplicate.
    """
    async with running(tmp_path) as (mesh, _):
        mesh.apply(*shop(mesh))
        await must_become("svc1", 200)
        async with under_load("svc1") as load:
            mesh.apply((VIRTUAL_HOST, "80/svc1"), virtual_host("heir", "a", "svc1"))
            await must_settle(mesh)
            mesh.apply((LISTENER, "http"), http_listener("http-heir", PROXY_PORT))
            await must_settle(mesh)
        assert load.failures == []
        assert mesh.counts.refusals == []


@pytest.mark.asyncio
async def test_a_changed_route_configuration_keeps_its_virtual_hosts(tmp_path: Path) -> None:
    async with running(tmp_path) as (mesh, _):
        mesh.apply(*shop(mesh))
        await must_become("svc1", 200)
        async with under_load("svc1") as load:
            for name in ("x-one", "x-two"):
                mesh.apply(route_configuration(internal_only_headers=[name]))
                await must_settle(mesh)
        assert load.failures == []
        assert mesh.stream.subscriptions[VIRTUAL_HOST].sent == 1


@pytest.mark.asyncio
async def test_a_route_configuration_without_virtual_hosts_does_not_hold_up_its_listener(
    tmp_path: Path,
) -> None:
    async with running(tmp_path) as (mesh, _):
        mesh.apply(http_listener("http", PROXY_PORT), route_configuration())
        async with asyncio.timeout(5):
            await must_become("any", 404)
        mesh.apply(virtual_host("svc1", "a", route={}, direct_response={"status": 200}))
        await must_become("svc1", 200)
