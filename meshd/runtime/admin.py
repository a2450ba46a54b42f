"""The admin API, on loopback: which proxies are connected, how far they are, and what each one is to have."""

import json
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from meshd.model.resource import SECRET, TYPE_URLS, Resource
from meshd.runtime.certificates import certificates_of
from meshd.xds.stream import Stream
from meshd.xds.subscription import Subscription
from meshd.xds.wire import decode_resource

SHORT_NAMES = {type_url.rpartition(".")[2]: type_url for type_url in TYPE_URLS}

Streams = Callable[[], Iterable[Stream]]
Explain = Callable[[str, str, str], dict[str, Any] | None]
"""(pod or service, its name, its namespace) -> what is known of it, None for what is not there."""


def build_admin_app(
    streams: Streams, rotate: Callable[[], int], explain: Explain = lambda kind, name, namespace: None
) -> web.Application:
    """GET /proxies, /config/<pod>.<namespace>[?type=Cluster], /describe/(pod|service)/<name>.<namespace>, /healthz, and
    POST /rotate.

    `rotate` renews all workload certificates and tells how many. `explain` says which policies act on something.
    """

    async def proxies(_: web.Request) -> web.Response:
        return _json([describe(stream) for stream in streams()])

    async def config(request: web.Request) -> web.Response:
        pod, _, namespace = request.match_info["proxy"].rpartition(".")
        found = [s for s in streams() if (s.proxy.workload.namespace, s.proxy.workload.name) == (namespace, pod)]
        if not found:
            raise web.HTTPNotFound(text=f"no proxy of pod {pod} in namespace {namespace} is connected\n")
        kind = request.query.get("type", "")
        if not kind:
            return _json({name: _versions(found[0], type_url) for name, type_url in SHORT_NAMES.items()})
        if kind not in SHORT_NAMES:
            raise web.HTTPBadRequest(text=f"type must be one of {', '.join(SHORT_NAMES)}\n")
        type_url = SHORT_NAMES[kind]
        return _json([_decoded(found[0], type_url, resource) for resource in _visible(found[0], type_url)])

    async def description(request: web.Request) -> web.Response:
        kind = request.match_info["kind"]
        name, _, namespace = request.match_info["name"].rpartition(".")
        found = explain(kind, name, namespace)
        if found is None:
            raise web.HTTPNotFound(text=f"there is no {kind} {name} in namespace {namespace}\n")
        return _json(found)

    async def rotation(_: web.Request) -> web.Response:
        return _json({"renewed": rotate()})

    async def healthz(_: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    app = web.Application()
    app.router.add_get("/proxies", proxies)
    app.router.add_get("/config/{proxy}", config)
    app.router.add_get("/describe/{kind:pod|service}/{name}", description)
    app.router.add_post("/rotate", rotation)
    app.router.add_get("/healthz", healthz)
    return app


def describe(stream: Stream) -> dict[str, Any]:
    """One proxy for /proxies: {"node_id", "kind", "pod", "namespace", "connected_since", "types"}."""
    workload = stream.proxy.workload
    opened = {name: stream.subscriptions[type_url] for name, type_url in SHORT_NAMES.items()}
    return {
        "node_id": stream.proxy.node_id,
        "kind": stream.proxy.kind,
        "pod": workload.name,
        "namespace": workload.namespace,
        "connected_since": _time(stream.connected_since),
        "types": {name: _progress(s) for name, s in opened.items() if s.opened},
    }


def _progress(subscription: Subscription) -> dict[str, Any]:
    return {
        "sent": subscription.sent,
        "acked": subscription.acked,
        "nacked": subscription.nacked,
        "state": state(subscription),
        "since": _time(subscription.answered_at),
        "error": subscription.error,
        "refused": {name: subscription.search.details.get(name, "") for name in sorted(subscription.search.refused)},
    }


def _time(seconds: float) -> str:
    """RFC 3339; empty for 0, never."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds") if seconds else ""


def state(subscription: Subscription) -> str:
    """SYNCED, STALE (something is under way) or NACKED (a resource is refused and the last good one in
    force).
    """
    if subscription.search.refused:
        return "NACKED"
    return "SYNCED" if subscription.settled else "STALE"


def _visible(stream: Stream, type_url: str) -> list[Resource]:
    return sorted(stream.view.all(type_url), key=lambda resource: resource.name)


def _versions(stream: Stream, type_url: str) -> dict[str, str]:
    return {resource.name: resource.version for resource in _visible(stream, type_url)}


def _decoded(stream: Stream, type_url: str, resource: Resource) -> dict[str, Any]:
    """The resource as JSON; of secrets the certificates alone."""
    refused = resource.name in stream.subscriptions[type_url].search.refused
    shown: dict[str, Any] = {"name": resource.name, "version": resource.version, "refused": refused}
    shown["sources"] = [str(source) for source in resource.sources]
    if type_url == SECRET:
        shown["certificates"] = certificates_of(resource)
    else:
        shown["resource"] = decode_resource(resource)
    return shown


def _json(value: Any) -> web.Response:
    return web.json_response(value, dumps=lambda v: json.dumps(v, indent=2) + "\n")
