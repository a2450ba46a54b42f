"""The webhooks as an HTTP application; the runtime serves it over TLS."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import msgspec
from aiohttp import web

from meshd.inject.mutation import answer_injection
from meshd.inject.review import Request, read_request
from meshd.inject.settings import InjectSettings
from meshd.inject.validation import Advise, answer_validation
from meshd.model.proxy_config import FindProxyConfigs

log = logging.getLogger(__name__)

LARGEST_REVIEW = 16 * 1024 * 1024
"""Bytes. The API server stores objects of up to 1.5 MB, and a review can hold the old one too."""


def build_app(
    settings: InjectSettings,
    ca_pem: str,
    advise: Advise = lambda _: (),
    proxy_configs: FindProxyConfigs = lambda _: (),
) -> web.Application:
    """POST /inject for pods, POST /validate for Istio's kinds.

    `ca_pem` is the root certificate that injected proxies verify meshd with. `advise` adds warnings about an object
    that is valid. `proxy_configs` finds the ProxyConfig objects of a namespace.
    """
    app = web.Application(client_max_size=LARGEST_REVIEW)
    app.router.add_post("/inject", _handler(lambda request: answer_injection(request, ca_pem, settings, proxy_configs)))
    app.router.add_post("/validate", _handler(lambda request: answer_validation(request, advise)))
    return app


def _handler(answer: Callable[[Request], dict[str, Any]]) -> Callable[[web.Request], Any]:
    async def handle(http_request: web.Request) -> web.Response:
        try:
            request = read_request(await http_request.read())
        except msgspec.DecodeError as error:
            return web.Response(status=400, text=f"not an AdmissionReview: {error}")
        body = msgspec.json.encode(answer(request))
        return web.Response(body=body, content_type="application/json")

    return handle
