"""Starts one service of the shop: `python -m sample_app reviews --version v2`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from sample_app import catalog, checkout, frontend, ratings, reviews
from sample_app.calls import Caller, HttpCaller
from sample_app.server import Route, ServiceServer

SERVICES = ("frontend", "catalog", "reviews", "ratings", "checkout")


def build_routes(service: str, version: str, caller: Caller) -> list[Route]:
    """The routes of one service; `version` matters to reviews alone, `caller` reaches the other services."""
    match service:
        case "frontend":
            return frontend.routes(caller)
        case "catalog":
            return catalog.routes()
        case "reviews":
            return reviews.routes(version, caller)
        case "ratings":
            return ratings.routes()
        case "checkout":
            return checkout.routes(caller)
    raise ValueError(f"no service {service}")


def parse_address(text: str) -> tuple[str, tuple[str, int]]:
    """`name=host:port` -> (name, (host, port)). Raises ValueError for anything else."""
    name, separator, address = text.partition("=")
    host, colon, port = address.rpartition(":")
    if not (name and separator and host and colon):
        raise ValueError(f"{text} is not name=host:port")
    return name, (host, int(port))


def main(arguments: Sequence[str] | None = None) -> None:
    """Parse the command line and serve until SIGTERM."""
    parser = argparse.ArgumentParser(prog="sample_app", description=__doc__)
    parser.add_argument("service", choices=SERVICES)
    parser.add_argument("--version", default="v1", choices=tuple(reviews.STAR_COLOURS), help="version of reviews")
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--drain", type=float, default=3.0, help="seconds to keep serving after SIGTERM")
    parser.add_argument("--at", action="append", default=[], type=parse_address, metavar="NAME=HOST:PORT",
                        help="where another service is, instead of http://NAME:80")  # fmt: skip
    options = parser.parse_args(arguments)
    routes = build_routes(options.service, options.version, HttpCaller(dict(options.at)))
    server = ServiceServer(("", options.port), options.service, routes)
    print(f"{options.service} listens on port {server.port}", flush=True)
    server.serve_until_terminated(options.drain)


if __name__ == "__main__":
    main()
