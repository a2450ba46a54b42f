"""`reviews` in three versions: v1 without stars, v2 with black and v3 with red ones from `ratings`."""

from __future__ import annotations

from typing import Any

from sample_app.calls import Caller, CallError
from sample_app.server import Request, Response, Route, json_response
from sample_app.trace_headers import passed_on

STAR_COLOURS = {"v1": None, "v2": "black", "v3": "red"}

REVIEWS = {
    1: (("Ishmael", "Put us within a mile of Nantucket."), ("M. Starbuck", "Heavier than it looks.")),
    2: (("Keeper Jonas", "Still lit in the morning."), ("A. Pym", "Smokes a little when the wind backs.")),
    3: (("Pilot Amundsen", "All three rocks are where it says."), ("R. Crusoe", "Wish I had it sooner.")),
    4: (("E. Nelson", "Does its duty."), ("Popham", "The card alone is worth it.")),
    5: (("V. Lighthouse", "Counted panes two miles off."), ("C. Marlow", "The horizon was in there.")),
    6: (("J. Harrison", "Four seconds is still four seconds."), ("Cook", "Brought me home twice.")),
}  # fmt: skip
"""(reviewer, text) by product."""


def routes(version: str, caller: Caller) -> list[Route]:
    """`GET /reviews/<product>`: reviews, the version that answered, and stars where the version shows them.

    When `ratings` cannot be had, the reviews come without stars and `ratings_error` says why.
    """

    def reviews(request: Request) -> Response:
        product = int(request.parameters["id"])
        answer: dict[str, Any] = {
            "product": product,
            "version": version,
            "star_colour": STAR_COLOURS[version],
        }
        written = [{"reviewer": reviewer, "text": text} for reviewer, text in REVIEWS.get(product, ())]
        if STAR_COLOURS[version] is not None:
            try:
                stars = caller.get("ratings", f"/ratings/{product}", passed_on(request.headers))["stars"]
            except CallError as error:
                answer["ratings_error"] = str(error)
            else:
                written = [{**review, "stars": count} for review, count in zip(written, stars, strict=False)]
        answer["reviews"] = written
        response = json_response(answer)
        return Response(response.status, response.body, headers={"x-reviews-version": version})

    return [Route("GET", r"/reviews/(?P<id>\d+)", reviews)]
