"""A route that delegates and the routes of its delegate as one: all conditions of both, the delegate's word first.

https://istio.io/latest/docs/reference/config/networking/virtual-service/#Delegate
"""

from collections.abc import Iterator
from dataclasses import replace

from meshd.model.labels import Labels
from meshd.model.route import Headers, HttpMatch, HttpRoute, MatchKind, NamedMatch, RouteRules, StringMatch


def merged_routes(root: HttpRoute, delegate: RouteRules) -> Iterator[HttpRoute]:
    """The delegate's routes narrowed to what `root` leaves to it; without those that reach beyond it."""
    for route in delegate.http:
        matches = _merged_matches(root.matches, route.matches)
        if matches is not None:
            yield _merged(root, route, matches)


def beyond(root: HttpRoute, delegate: RouteRules) -> tuple[str, ...]:
    """Names, or "http[index]", of the delegate's routes that are left out: some match is within none of `root`'s."""
    return tuple(
        route.name or f"http[{index}]"
        for index, route in enumerate(delegate.http)
        if _merged_matches(root.matches, route.matches) is None
    )


def _merged(root: HttpRoute, route: HttpRoute, matches: tuple[HttpMatch, ...]) -> HttpRoute:
    return replace(
        route,
        name=_joined(root.name, route.name),
        matches=matches,
        rewrite=route.rewrite or root.rewrite,
        timeout=root.timeout if route.timeout is None else route.timeout,
        retries=route.retries or root.retries,
        fault=route.fault or root.fault,
        mirrors=route.mirrors or root.mirrors,
        cors=route.cors or root.cors,
        headers=root.headers if route.headers == Headers() else route.headers,
    )


def _joined(root: str, name: str) -> str:
    return f"{root}-{name}" if root and name else root or name


def _merged_matches(roots: tuple[HttpMatch, ...], matches: tuple[HttpMatch, ...]) -> tuple[HttpMatch, ...] | None:
    """Each of `matches` with each of `roots` that it is within; None when one is within none of them."""
    if not roots or not matches:
        return roots or matches
    found = [[_merged_match(root, match) for root in roots if _is_within(root, match)] for match in matches]
    return tuple(merged for each in found for merged in each) if all(found) else None


def _merged_match(root: HttpMatch, match: HttpMatch) -> HttpMatch:
    return replace(
        match,
        uri=match.uri or root.uri,
        scheme=match.scheme or root.scheme,
        method=match.method or root.method,
        authority=match.authority or root.authority,
        headers=_both(root.headers, match.headers),
        without_headers=_both(root.without_headers, match.without_headers),
        query_params=_both(root.query_params, match.query_params),
        port=match.port or root.port,
        gateways=match.gateways or root.gateways,
        source_labels=_labels(root.source_labels, match.source_labels),
        source_namespace=match.source_namespace or root.source_namespace,
        name=_joined(root.name, match.name),
        stat_prefix=match.stat_prefix or root.stat_prefix,
    )


def _both(root: tuple[NamedMatch, ...], match: tuple[NamedMatch, ...]) -> tuple[NamedMatch, ...]:
    found = {named.name: named for named in (*root, *match)}
    return tuple(found[name] for name in sorted(found))


def _labels(root: Labels, match: Labels) -> Labels:
    return tuple(sorted({**dict(root), **dict(match)}.items()))


def _is_within(root: HttpMatch, match: HttpMatch) -> bool:
    """Whether no condition of `match` goes beyond one of `root`; a condition that one leaves out is no matter."""
    pairs = [
        (root.uri, match.uri),
        (root.scheme, match.scheme),
        (root.method, match.method),
        (root.authority, match.authority),
        *_named_pairs(root.headers, match.headers),
        *_named_pairs(root.without_headers, match.without_headers),
        *_named_pairs(root.query_params, match.query_params),
    ]
    asked = dict(root.source_labels)
    return (
        all(_narrows(wide, narrow) for wide, narrow in pairs)
        and root.ignore_uri_case == match.ignore_uri_case
        and (not root.port or match.port in (0, root.port))
        and root.source_namespace in ("", match.source_namespace)
        and all(asked.get(key, value) == value for key, value in match.source_labels)
        and (not root.gateways or set(match.gateways) <= set(root.gateways))
    )


def _named_pairs(
    root: tuple[NamedMatch, ...], match: tuple[NamedMatch, ...]
) -> Iterator[tuple[StringMatch | None, StringMatch]]:
    wide = {named.name: named.match for named in root}
    return ((wide.get(named.name), named.match) for named in match)


def _narrows(wide: StringMatch | None, narrow: StringMatch | None) -> bool:
    """Of expressions, and of values that need only be there, nobody can say: two such conditions do not go together."""
    if wide is None or narrow is None:
        return True
    if not wide.value or not narrow.value:
        return False
    if wide.kind is MatchKind.EXACT:
        return wide == narrow
    texts = (MatchKind.EXACT, MatchKind.PREFIX)
    return wide.kind is MatchKind.PREFIX and narrow.kind in texts and narrow.value.startswith(wide.value)
