"""Clusters at a real Envoy: come, changed, gone and refused, without a lost request."""

from pathlib import Path

import pytest
from envoy.config.cluster.v3 import cluster_pb2

from meshd.model.resource import (
    CLUSTER,
    ENDPOINT,
    LISTENER,
)

from .real_envoy import envoy_clusters, eventually, must_become, must_settle, running, under_load, warming_clusters
from .served_mesh import BOTH_DIALECTS, PROXY_PORT, http_listener, shop, virtual_host


@BOTH_DIALECTS
@pytest.mark.asyncio
async def test_a_bad_cluster_or_listener_harms_no_other(tmp_path: Path, api_type: str) -> None:
    async with running(tmp_path, api_type=api_type) as (mesh, _):
        mesh.apply(
            *shop(mesh),
            mesh.cluster("bad", lb_policy=cluster_pb2.Cluster.CLUSTER_PROVIDED),
            http_listener("http-bad", PROXY_PORT),
        )
        await must_become("svc1", 200)
        await must_settle(mesh)
        assert list(mesh.stream.subscriptions[CLUSTER].search.refused) == ["bad"]
        assert len(mesh.stream.subscriptions[LISTENER].search.refused) == 1
        mesh.apply(mesh.cluster("b"), mesh.endpoint("b"), virtual_host("svc3", "b"))
        await must_become("svc3", 200)


@BOTH_DIALECTS
@pytest.mark.asyncio
async def test_clusters_that_come_change_and_go_with_their_routes_lose_no_request(
    tmp_path: Path, api_type: str
) -> None:
    async with running(tmp_path, api_type=api_type) as (mesh, _):
        mesh.apply(*shop(mesh))
        await must_become("svc1", 200)
        async with under_load("svc1") as load:
            old = "a"
            for number in range(20):
                new = f"c{number}"
                mesh.apply(
                    virtual_host("svc1", new), mesh.cluster(new), mesh.endpoint(new),
                    virtual_host("svc2", new), (CLUSTER, old), (ENDPOINT, old),
                )  # fmt: skip
                await must_settle(mesh)
                mesh.apply(mesh.cluster(new, per_connection_buffer_limit_bytes={"value": 32768 + number}))
                await must_settle(mesh)
                old = new
        assert load.total > 100
        assert load.failures == []
        assert mesh.counts.refusals == []
        assert not mesh.stream.subscriptions[CLUSTER].removals
        assert await envoy_clusters() == {old}


@BOTH_DIALECTS
@pytest.mark.asyncio
async def test_an_updated_cluster_is_taken_into_use(tmp_path: Path, api_type: str) -> None:
    async with running(tmp_path, api_type=api_type) as (mesh, _):
        mesh.apply(*shop(mesh))
        await must_become("svc1", 200)
        mesh.apply(mesh.cluster("a", per_connection_buffer_limit_bytes={"value": 4096}))
        await must_settle(mesh)

        async def warmed() -> bool:
            return await warming_clusters() == 0

        await eventually(warmed)
