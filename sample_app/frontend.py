"""`frontend`: the shop's pages, and the same content as JSON under /api/."""

from __future__ import annotations

import json
from collections.abc import Callable
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs

from sample_app import pages
from sample_app.calls import Caller, CallError
from sample_app.server import Request, Response, Route, error_response, json_response
from sample_app.trace_headers import passed_on

Handler = Callable[[Request], Response]


def routes(caller: Caller) -> list[Route]:
    """Pages `/`, `/products/<id>`, `/orders` (form); JSON under `/api/`. Reviews name the version served."""

    def products(request: Request) -> Any:
        return caller.get("catalog", "/products", passed_on(request.headers))

    def product(request: Request) -> Any:
        return caller.get("catalog", f"/products/{request.parameters['id']}", passed_on(request.headers))

    def reviews(request: Request) -> Any:
        return caller.get("reviews", f"/reviews/{request.parameters['id']}", passed_on(request.headers))

    def front_page(request: Request) -> Response:
        return _page(pages.front_page(products(request)))

    def product_page(request: Request) -> Response:
        chosen = product(request)
        try:
            written = reviews(request)
        except CallError as error:
            return _page(pages.product_page(chosen, None, str(error)))
        return _page(pages.product_page(chosen, written, None), _version_header(written))

    def api_reviews(request: Request) -> Response:
        written = reviews(request)
        answer = json_response(written)
        return Response(answer.status, answer.body, headers=_version_header(written))

    def form_order(request: Request) -> Response:
        form = {name: values[-1] for name, values in parse_qs(request.body.decode()).items()}
        return _page(pages.order_page(caller.post("checkout", "/orders", passed_on(request.headers), form)))

    def api_order(request: Request) -> Response:
        try:
            content = json.loads(request.body)
        except ValueError:
            return error_response(400, "the body is not JSON")
        return json_response(caller.post("checkout", "/orders", passed_on(request.headers), content), 201)

    return [
        Route("GET", "/", _with_error_page(front_page)),
        Route("GET", r"/products/(?P<id>\d+)", _with_error_page(product_page)),
        Route("POST", "/orders", _with_error_page(form_order)),
        Route("GET", "/api/products", _with_error_json(lambda request: json_response(products(request)))),
        Route("GET", r"/api/products/(?P<id>\d+)", _with_error_json(lambda r: json_response(product(r)))),
        Route("GET", r"/api/products/(?P<id>\d+)/reviews", _with_error_json(api_reviews)),
        Route("POST", "/api/orders", _with_error_json(api_order)),
    ]


def _page(html: str, headers: dict[str, str] | None = None) -> Response:
    return Response(200, html.encode(), "text/html; charset=utf-8", headers or {})


def _version_header(written: Any) -> dict[str, str]:
    return {"x-reviews-version": str(written["version"])}


def _status(error: CallError) -> int:
    return error.status if error.status in (400, 403, 404) else HTTPStatus.BAD_GATEWAY


def _with_error_json(handle: Handler) -> Handler:
    def handled(request: Request) -> Response:
        try:
            return handle(request)
        except CallError as error:
            return error_response(_status(error), str(error))

    return handled


def _with_error_page(handle: Handler) -> Handler:
    def handled(request: Request) -> Response:
        try:
            return handle(request)
        except CallError as error:
            html = pages.error_page(str(error))
            return Response(_status(error), html.encode(), "text/html; charset=utf-8")

    return handled
