"""`ratings`: stars per product, and an endpoint that fails on purpose, for trying retries."""

from __future__ import annotations

import itertools

from sample_app.server import Request, Response, Route, error_response, json_response

RATINGS = {1: (5, 4), 2: (4, 3), 3: (5, 5), 4: (3, 4), 5: (4, 5), 6: (2, 5)}
"""Stars (1 to 5) by product, one per review in order."""

DEFAULT_FAILURE_PERIOD = 3


def routes() -> list[Route]:
    """`GET /ratings/<product>`; `GET /flaky?every=N` answers 503 to each N-th request it gets (default 3)."""
    requests = itertools.count(1)

    def ratings(request: Request) -> Response:
        stars = RATINGS.get(int(request.parameters["id"]), ())
        return json_response({"product": int(request.parameters["id"]), "stars": stars})

    def flaky(request: Request) -> Response:
        every = request.query.get("every", str(DEFAULT_FAILURE_PERIOD))
        if not every.isdecimal() or int(every) < 1:
            return error_response(400, f"every={every} is not a positive whole number")
        number = next(requests)
        if number % int(every) == 0:
            return error_response(503, f"request {number} fails on purpose")
        return json_response({"request": number})

    return [Route("GET", r"/ratings/(?P<id>\d+)", ratings), Route("GET", "/flaky", flaky)]
