"""Which matches of a delegate fit its root's, and what the two become."""

import pytest

from meshd.model.merge import beyond, merged_routes
from meshd.model.reference import ObjectRef
from meshd.model.route import (
    HeaderOperations,
    Headers,
    HttpMatch,
    HttpRoute,
    MatchKind,
    NamedMatch,
    Redirect,
    RetryPolicy,
    Rewrite,
    RouteRules,
    StringMatch,
)


def exact(value: str) -> StringMatch:
    return StringMatch(MatchKind.EXACT, value)


def prefix(value: str) -> StringMatch:
    return StringMatch(MatchKind.PREFIX, value)


def regex(value: str) -> StringMatch:
    return StringMatch(MatchKind.REGEX, value)


THERE = StringMatch(MatchKind.PRESENT)
TO_ROOT = Redirect("/")


def merge(root: HttpRoute, *routes: HttpRoute) -> list[HttpRoute]:
    return list(merged_routes(root, RouteRules(ObjectRef("VirtualService", "shop", "d"), (), http=routes)))


@pytest.mark.parametrize(
    ("wide", "narrow", "fits"),
    [
        (prefix("/a"), prefix("/a"), True),
        (prefix("/a"), prefix("/a/b"), True),
        (prefix("/a"), prefix("/ab"), True),
        (prefix("/a/b"), prefix("/a"), False),
        (prefix("/a"), exact("/a/b"), True),
        (prefix("/a"), exact("/b"), False),
        (exact("/a"), exact("/a"), True),
        (exact("/a"), exact("/b"), False),
        (exact("/a"), prefix("/a"), False),
        (regex("/a"), exact("/a"), False),
        (prefix("/a"), regex("/a"), False),
        (regex("/a"), regex("/a"), False),
        (THERE, exact("/a"), False),
        (THERE, THERE, False),
    ],
)
def test_a_match_fits_when_it_narrows_its_roots(wide: StringMatch, narrow: StringMatch, fits: bool) -> None:
    named_wide, named_narrow = (NamedMatch("x", wide),), (NamedMatch("x", narrow),)
    pairs = [
        (HttpMatch(uri=wide), HttpMatch(uri=narrow)),
        (HttpMatch(authority=wide), HttpMatch(authority=narrow)),
        (HttpMatch(headers=named_wide), HttpMatch(headers=named_narrow)),
        (HttpMatch(without_headers=named_wide), HttpMatch(without_headers=named_narrow)),
        (HttpMatch(query_params=named_wide), HttpMatch(query_params=named_narrow)),
    ]
    for root, match in pairs:
        route = HttpRoute(matches=(match,), redirect=TO_ROOT)
        assert bool(merge(HttpRoute(matches=(root,)), route)) is fits


@pytest.mark.parametrize(
    ("root", "match", "fits"),
    [
        (HttpMatch(), HttpMatch(ignore_uri_case=True), False),
        (HttpMatch(port=80), HttpMatch(port=81), False),
        (HttpMatch(port=80), HttpMatch(), True),
        (HttpMatch(source_namespace="a"), HttpMatch(source_namespace="a"), True),
        (HttpMatch(source_namespace="a"), HttpMatch(source_namespace="b"), False),
        (HttpMatch(source_labels=(("a", "1"),)), HttpMatch(source_labels=(("a", "2"),)), False),
        (HttpMatch(source_labels=(("a", "1"),)), HttpMatch(source_labels=(("b", "2"),)), True),
        (HttpMatch(gateways=("mesh",)), HttpMatch(gateways=("shop/g",)), False),
        (HttpMatch(gateways=("mesh", "shop/g")), HttpMatch(gateways=("shop/g",)), True),
        (HttpMatch(gateways=("mesh",)), HttpMatch(), True),
    ],
)
def test_what_no_request_says_must_fit_too(root: HttpMatch, match: HttpMatch, fits: bool) -> None:
    assert bool(merge(HttpRoute(matches=(root,)), HttpRoute(matches=(match,), redirect=TO_ROOT))) is fits


def test_conditions_of_both_hold() -> None:
    root = HttpMatch(
        uri=prefix("/a"), headers=(NamedMatch("x", exact("1")),), port=80, name="r", source_labels=(("a", "b"),)
    )
    match = HttpMatch(method=exact("GET"), headers=(NamedMatch("w", exact("2")),), name="m", stat_prefix="s")
    [route] = merge(HttpRoute(name="root", matches=(root,)), HttpRoute(name="leaf", matches=(match,)))
    assert route.name == "root-leaf"
    assert route.matches == (
        HttpMatch(
            uri=prefix("/a"),
            method=exact("GET"),
            headers=(NamedMatch("w", exact("2")), NamedMatch("x", exact("1"))),
            port=80,
            source_labels=(("a", "b"),),
            name="r-m",
            stat_prefix="s",
        ),
    )


def test_each_match_goes_with_every_root_match_it_fits() -> None:
    roots = (HttpMatch(uri=prefix("/a"), port=80), HttpMatch(uri=prefix("/a"), port=81), HttpMatch(uri=exact("/c")))
    [route] = merge(HttpRoute(matches=roots), HttpRoute(matches=(HttpMatch(uri=exact("/a/b")),)))
    assert [match.port for match in route.matches] == [80, 81]


def test_one_match_beyond_all_of_the_roots_takes_its_route_along() -> None:
    route = HttpRoute(name="it", matches=(HttpMatch(uri=exact("/a")), HttpMatch(uri=exact("/z"))))
    root = HttpRoute(matches=(HttpMatch(uri=prefix("/a")),))
    assert merge(root, route) == []
    assert beyond(root, RouteRules(ObjectRef("", "", ""), (), http=(HttpRoute(), route))) == ("it",)


def test_the_delegates_word_goes_before_its_roots() -> None:
    headers = Headers(HeaderOperations(set=(("x", "root"),)))
    root = HttpRoute(timeout=1.0, retries=RetryPolicy(1), rewrite=Rewrite("/root"), headers=headers)
    plain, full = merge(root, HttpRoute(), HttpRoute(timeout=2.0, rewrite=Rewrite("/leaf"), headers=Headers()))
    assert (plain.timeout, plain.rewrite, plain.retries, plain.headers) == (
        1.0,
        Rewrite("/root"),
        RetryPolicy(1),
        headers,
    )
    assert (full.timeout, full.rewrite, full.retries) == (2.0, Rewrite("/leaf"), RetryPolicy(1))
