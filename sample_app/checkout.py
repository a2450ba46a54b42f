"""`checkout`: takes an order, priced by `catalog`. The one POST, which nothing should repeat unasked."""

from __future__ import annotations

import itertools
import json

from sample_app.calls import Caller, CallError
from sample_app.server import Request, Response, Route, error_response, json_response
from sample_app.trace_headers import passed_on


def routes(caller: Caller) -> list[Route]:
    """`POST /orders` with `{"product": id, "quantity": n}`; `GET /orders` tells how many were placed here."""
    numbers = itertools.count(1)
    placed: list[int] = []

    def place(request: Request) -> Response:
        try:
            order = json.loads(request.body)
            product, quantity = int(order["product"]), int(order.get("quantity", 1))
        except (ValueError, KeyError, TypeError, AttributeError):
            return error_response(400, 'an order is {"product": id, "quantity": n}')
        if not 1 <= quantity <= 99:
            return error_response(400, f"quantity {quantity} is not within 1 and 99")
        try:
            priced = caller.get("catalog", f"/products/{product}", passed_on(request.headers))
        except CallError as error:
            return error_response(404 if error.status == 404 else 502, str(error))
        number = next(numbers)
        placed.append(number)
        total = priced["price"] * quantity
        return json_response({"order": number, "product": priced["name"], "quantity": quantity, "total": total}, 201)

    def count(_: Request) -> Response:
        return json_response({"placed": len(placed)})

    return [Route("POST", "/orders", place), Route("GET", "/orders", count)]
