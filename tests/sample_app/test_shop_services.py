"""The shop over real sockets: contents, versions, trace headers passed on, failures, graceful end."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from sample_app.__main__ import build_routes, main, parse_address
from sample_app.calls import KEPT_IDLE, HttpCaller
from sample_app.server import Request, Response, Route, ServiceServer, answer, json_response
from sample_app.trace_headers import passed_on

REPOSITORY = Path(__file__).resolve().parents[2]
TRACE = {
    "x-b3-traceid": "80f198ee56343ba864fe8b2a57d3eff7",
    "x-b3-spanid": "e457b5a2e4d86bd1",
    "x-b3-sampled": "1",
    "b3": "80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1-1",
    "traceparent": "00-80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1-01",
    "x-request-id": "5f1c2f8e-0000-4000-8000-2f8e5f1c0000",
}


@contextmanager
def serving(service: str, routes: list[Route]) -> Iterator[ServiceServer]:
    server = ServiceServer(("127.0.0.1", 0), service, routes)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def fetch(
    port: int,
    path: str,
    method: str = "GET",
    headers: dict[str, str] | None = None,
    body: bytes | None = None,
) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request(method, path, body=body, headers=headers or {})
        response = connection.getresponse()
        return response.status, {k.lower(): v for k, v in response.getheaders()}, response.read()
    finally:
        connection.close()


@pytest.fixture
def seen() -> list[tuple[str, dict[str, str]]]:
    return []


@pytest.fixture
def shop(seen: list[tuple[str, dict[str, str]]]) -> Iterator[dict[str, int]]:
    """All services, wired to each other by port; `seen` collects (service, headers) of every request."""

    def recording(service: str, route: Route) -> Route:
        def handle(request: Request) -> Response:
            seen.append((service, dict(request.headers)))
            return route.handle(request)

        return Route(route.method, route.pattern, handle)

    with ExitStack() as stack:
        addresses: dict[str, tuple[str, int]] = {}
        for name, service, version in (
            ("ratings", "ratings", "v1"),
            ("catalog", "catalog", "v1"),
            ("reviews", "reviews", "v3"),
            ("reviews-v1", "reviews", "v1"),
            ("checkout", "checkout", "v1"),
            ("frontend", "frontend", "v1"),
        ):
            caller = stack.enter_context(closing(HttpCaller(dict(addresses))))
            routes = [recording(service, route) for route in build_routes(service, version, caller)]
            server = stack.enter_context(serving(service, routes))
            addresses[name] = ("127.0.0.1", server.port)
        yield {name: port for name, (_, port) in addresses.items()}


def test_front_page_lists_every_product(shop: dict[str, int]) -> None:
    status, headers, body = fetch(shop["frontend"], "/")
    assert status == 200
    assert headers["content-type"].startswith("text/html")
    for product in json.loads(fetch(shop["catalog"], "/products")[2]):
        assert product["name"].replace("'", "&#x27;") in body.decode()


def test_product_page_names_the_version_of_reviews(shop: dict[str, int]) -> None:
    _, headers, body = fetch(shop["frontend"], "/products/1")
    assert headers["x-reviews-version"] == "v3"
    assert "reviews v3" in body.decode()
    assert 'class="stars red"' in body.decode()


def test_reviews_v1_has_no_stars_and_does_not_call_ratings(
    shop: dict[str, int], seen: list[tuple[str, dict[str, str]]]
) -> None:
    answer = json.loads(fetch(shop["reviews-v1"], "/reviews/1")[2])
    assert answer["version"] == "v1"
    assert all("stars" not in review for review in answer["reviews"])
    assert "ratings" not in {service for service, _ in seen}


def test_trace_headers_reach_every_service(shop: dict[str, int], seen: list[tuple[str, dict[str, str]]]) -> None:
    assert fetch(shop["frontend"], "/products/2", headers=TRACE)[0] == 200
    assert [service for service, _ in seen] == ["frontend", "catalog", "reviews", "ratings"]
    for service, headers in seen:
        assert {name: headers.get(name) for name in TRACE} == TRACE, service


def test_other_headers_stay_behind() -> None:
    assert passed_on({"X-B3-TraceId": "a", "Authorization": "secret", "Host": "x"}) == {"x-b3-traceid": "a"}


def test_order_is_priced_and_carries_the_trace(shop: dict[str, int], seen: list[tuple[str, dict[str, str]]]) -> None:
    body = json.dumps({"product": 3, "quantity": 2}).encode()
    status, _, answer = fetch(shop["frontend"], "/api/orders", "POST", TRACE, body)
    assert status == 201
    assert json.loads(answer) == {"order": 1, "product": "Harbour chart", "quantity": 2, "total": 5800}
    assert [service for service, _ in seen] == ["frontend", "checkout", "catalog"]
    assert all(headers["b3"] == TRACE["b3"] for _, headers in seen)


def test_order_form_thanks(shop: dict[str, int]) -> None:
    status, _, body = fetch(shop["frontend"], "/orders", "POST", body=b"product=1")
    assert (status, b"Thank you" in body) == (200, True)


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/api/products/99", None, 404),
        ("GET", "/products/99", None, 404),
        ("GET", "/nowhere", None, 404),
        ("POST", "/api/products", b"", 405),
        ("POST", "/api/orders", b"not json", 400),
        ("POST", "/api/orders", b'{"product": 1, "quantity": 0}', 400),
        ("POST", "/api/orders", b"[]", 400),
        ("HEAD", "/", None, 200),
    ],
)
def test_answers_wrong_requests_with_their_status(
    shop: dict[str, int], method: str, path: str, body: bytes | None, status: int
) -> None:
    assert fetch(shop["frontend"], path, method, body=body)[0] == status


def test_reviews_survive_without_ratings() -> None:
    with serving("reviews", build_routes("reviews", "v2", HttpCaller({"ratings": ("127.0.0.1", 1)}))) as server:
        answer = json.loads(fetch(server.port, "/reviews/1")[2])
    assert len(answer["reviews"]) == 2
    assert "ratings" in answer["ratings_error"]


def test_pages_say_what_is_missing() -> None:
    with serving("frontend", build_routes("frontend", "v1", HttpCaller({"catalog": ("127.0.0.1", 1)}))) as server:
        status, _, body = fetch(server.port, "/")
    assert (status, b"Not available just now" in body) == (502, True)


def test_flaky_fails_each_third_request() -> None:
    routes = build_routes("ratings", "v1", HttpCaller({}))
    statuses = [answer(routes, Request("GET", "/flaky", {}, {})).status for _ in range(6)]
    assert statuses == [200, 200, 503, 200, 200, 503]
    assert answer(routes, Request("GET", "/flaky", {"every": "0"}, {})).status == 400


def test_a_bug_in_a_handler_is_one_500() -> None:
    def broken(_: Request) -> Response:
        raise KeyError("gone")

    assert answer([Route("GET", "/", broken)], Request("GET", "/", {}, {})).status == 500


def test_caller_replaces_a_stale_connection() -> None:
    with serving("catalog", [Route("GET", "/n", lambda _: json_response(1))]) as first:
        port = first.port
        caller = HttpCaller({"catalog": ("127.0.0.1", port)})
        assert caller.get("catalog", "/n", {}) == 1
        held: Any = caller._idle["catalog"][0]
        held.sock.shutdown(2)  # the other side went away while the connection was idle
        assert caller.get("catalog", "/n", {}) == 1
        caller.close()


def test_caller_keeps_as_many_connections_as_it_has_calls_at_once() -> None:
    routes = [Route(method, "/n", lambda _: json_response(1)) for method in ("GET", "POST")]
    with serving("catalog", routes) as server, closing(HttpCaller({"catalog": ("127.0.0.1", server.port)})) as caller:
        for _ in range(3):
            assert caller.post("catalog", "/n", {}, {}) == caller.get("catalog", "/n", {}) == 1
        assert len(caller._idle["catalog"]) == 1


def test_caller_keeps_few_connections_after_a_rush() -> None:
    together = threading.Barrier(2 * KEPT_IDLE)

    def wait(_: Request) -> Response:
        together.wait(timeout=10)
        return json_response(1)

    with (
        serving("catalog", [Route("GET", "/n", wait)]) as server,
        closing(HttpCaller({"catalog": ("127.0.0.1", server.port)})) as caller,
        ThreadPoolExecutor(together.parties) as pool,
    ):
        answers = pool.map(lambda _: caller.get("catalog", "/n", {}), range(together.parties))
        assert list(answers) == [1] * together.parties
        assert len(caller._idle["catalog"]) == KEPT_IDLE


def test_addresses_are_parsed_strictly() -> None:
    assert parse_address("ratings=127.0.0.1:81") == ("ratings", ("127.0.0.1", 81))
    for wrong in ("ratings", "=h:1", "a=h", "a=h:x"):
        with pytest.raises(ValueError):  # noqa: PT011 - int() and our own message alike
            parse_address(wrong)
    with pytest.raises(SystemExit):
        main(["nothing"])


def test_sigterm_ends_gracefully_and_finishes_what_is_in_flight() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "sample_app", "catalog", "--port", "0", "--drain", "0.5"],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        text=True,
    )
    try:
        assert process.stdout is not None
        port = int(process.stdout.readline().split()[-1])
        assert fetch(port, "/healthz")[0] == 200
        process.send_signal(signal.SIGTERM)
        time.sleep(0.2)
        status, headers, _ = fetch(port, "/products")
        assert (status, headers["connection"]) == (200, "close")
        assert process.wait(timeout=5) == 0
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()
