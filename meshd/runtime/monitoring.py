"""What others may see over plain HTTP: /metrics for Prometheus, /ready for the kubelet."""

from collections.abc import Callable

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest


def build_monitoring_app(not_ready_because: Callable[[], str]) -> web.Application:
    """`not_ready_because` is empty when meshd may be sent proxies and webhooks."""

    async def metrics(_: web.Request) -> web.Response:
        return web.Response(body=generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def ready(_: web.Request) -> web.Response:
        reason = not_ready_because()
        return web.Response(status=503 if reason else 200, text=f"{reason or 'ready'}\n")

    app = web.Application()
    app.router.add_get("/metrics", metrics)
    app.router.add_get("/ready", ready)
    return app
