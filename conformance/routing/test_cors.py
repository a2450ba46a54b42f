"""Pages of other origins, redirects that keep the port, and rules for some clients alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.backends import Backends
from conformance.calls import Target
from conformance.manifests import Manifests

pytestmark = pytest.mark.routing
ORIGIN = "https://shop.example"
PREFLIGHT = {"access-control-request-method": "PUT"}


@pytest.fixture(scope="module")
def target(manifests: Manifests, backends: Backends) -> Iterator[Target]:
    with manifests.applied(Path(__file__).parent / "cors.yaml"):
        reached = backends.service("echo-v1", port=8081)
        reached.must_become(lambda r: r.status == 302 or r.status == 301, "the redirect", path="/derived")
        yield reached


def test_a_preflight_of_the_origin_is_answered_by_the_mesh(target: Target) -> None:
    answer = target.send("/", "OPTIONS", {"origin": ORIGIN, **PREFLIGHT})
    assert answer.status == 200, str(answer)
    assert not answer.pod, "the backend knows no OPTIONS"
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    assert answer.headers["access-control-allow-methods"].replace(" ", "") == "GET,PUT"
    assert answer.headers["access-control-allow-headers"] == "x-cart"
    assert answer.headers["access-control-max-age"] == "60"
    assert answer.headers["access-control-allow-credentials"] == "true"


def test_an_answer_to_the_origin_may_be_read_by_its_pages(target: Target) -> None:
    answer = target.send("/", headers={"origin": ORIGIN})
    assert answer.version == "v1"
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    assert answer.headers["access-control-expose-headers"] == "x-total"


def test_other_origins_get_no_leave(target: Target) -> None:
    preflight = target.send("/", "OPTIONS", {"origin": "https://evil.example", **PREFLIGHT})
    assert "access-control-allow-origin" not in preflight.headers
    assert not preflight.pod, "an unmatched preflight is not passed on"
    assert "access-control-allow-origin" not in target.send("/", headers={"origin": "https://evil.example"}).headers


@pytest.mark.parametrize(
    ("path", "fits", "fits_not"),
    [
        ("/origins", "https://start.example", "https://not.start.example"),
        ("/origins", "https://it.fits.example", "https://it.fits.example.net"),
        ("/origin", "https://old.example", "https://old.example.net"),
    ],
)
def test_origins_are_told_by_start_expression_or_name(target: Target, path: str, fits: str, fits_not: str) -> None:
    assert target.send(path, headers={"origin": fits}).headers["access-control-allow-origin"] == fits
    assert "access-control-allow-origin" not in target.send(path, headers={"origin": fits_not}).headers


def test_a_redirect_may_keep_the_port_of_the_request(target: Target) -> None:
    assert target.send("/derived").headers["location"] == "http://other.example:8081/elsewhere"


def test_a_rule_may_be_for_clients_with_a_label_alone(target: Target, backends: Backends) -> None:
    assert target.send("/clients").status == 418
    other = backends.service("echo-v1", port=8081, caller=backends.echo_v2)
    other.must_become(lambda r: r.status == 200, "no rule for a client without the label", path="/clients")
