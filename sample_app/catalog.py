"""`catalog`: what the shop sells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from sample_app.server import Request, Response, Route, error_response, json_response


@dataclass(frozen=True)
class Product:
    """A product. `price` is in cents; `hue` (0 to 359) colours its picture."""

    id: int
    name: str
    blurb: str
    price: int
    hue: int
    glyph: str


PRODUCTS = (
    Product(1, "Brass sextant", "Find your latitude the slow way. Calibrated, engraved, in a felt-lined box.",
            18900, 42, "✶"),
    Product(2, "Deck lantern", "Storm-proof glass and a wick that lasts a night watch.", 6450, 18, "☼"),
    Product(3, "Harbour chart", "Hand-tinted, depths in fathoms, with three rocks nobody else lists.",
            2900, 205, "⚓"),
    Product(4, "Signal flags", "A full set of forty, cotton, with a card of what not to say.",
            11200, 350, "⚑"),
    Product(5, "Night glass", "Seven lenses, one horizon. Folds into a coat pocket.", 24500, 265, "☾"),
    Product(6, "Ship's clock", "Rings the watches. Loses four seconds a month and says so.",
            31900, 160, "◷"),
)  # fmt: skip


def routes(products: Sequence[Product] = PRODUCTS) -> list[Route]:
    """`GET /products` and `GET /products/<id>`."""
    by_id = {str(product.id): product for product in products}

    def every(_: Request) -> Response:
        return json_response([asdict(product) for product in products])

    def one(request: Request) -> Response:
        product = by_id.get(request.parameters["id"])
        if product is None:
            return error_response(404, f"no product {request.parameters['id']}")
        return json_response(asdict(product))

    return [Route("GET", "/products", every), Route("GET", r"/products/(?P<id>\d+)", one)]
