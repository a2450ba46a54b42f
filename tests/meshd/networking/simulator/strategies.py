"""Random VirtualServices in Istio's API, and the requests that tell them apart."""

from itertools import product
from typing import Any

from hypothesis import strategies as st

from tests.meshd.networking.simulator.request import Request

Json = dict[str, Any]
PATHS = ("/", "/a", "/a/b", "/ab", "/A", "/A/b", "/b", "/b/a")
VALUES = ("1", "12", "2", "a")


def some(required: dict[str, st.SearchStrategy[Any]], **optional: st.SearchStrategy[Any]) -> st.SearchStrategy[Json]:
    return st.fixed_dictionaries(required, optional=optional)


def one_of(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Json]:
    return st.one_of([st.fixed_dictionaries({name: value}) for name, value in fields.items()])


values = st.sampled_from(VALUES)
patterns = st.sampled_from(("1.*", "[0-9]+", "a|2"))
value_matches = one_of(exact=values, prefix=values, regex=patterns)
named_matches: st.SearchStrategy[Json] = st.one_of(value_matches, st.just({}))
uris = one_of(
    exact=st.sampled_from(PATHS),
    prefix=st.sampled_from(PATHS),
    regex=st.sampled_from(("/a.*", "/[ab]", ".*", "/(a|b)/b")),
)
conditions: dict[str, st.SearchStrategy[Any]] = {
    "uri": uris,
    "ignoreUriCase": st.booleans(),
    "method": one_of(exact=st.sampled_from(("GET", "PUT")), regex=st.just("P.*")),
    "authority": one_of(exact=st.just("reviews.shop"), prefix=st.just("reviews")),
    "headers": st.dictionaries(st.sampled_from("xy"), named_matches, min_size=1, max_size=2),
    "withoutHeaders": st.dictionaries(st.sampled_from("xy"), named_matches, min_size=1, max_size=2),
    "queryParams": st.dictionaries(st.sampled_from("pq"), named_matches, min_size=1, max_size=2),
}
places: dict[str, st.SearchStrategy[Any]] = {
    "port": st.sampled_from((9080, 80)),
    "sourceNamespace": st.sampled_from(("shop", "bank")),
    "sourceLabels": st.sampled_from(({"app": "frontend"}, {"app": "bank"}, {"none": "such"})),
    "gateways": st.sampled_from((["mesh"], ["other"], ["other", "mesh"])),
}


def few(fields: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[Json]:
    """A dictionary of up to two of the fields."""
    names = st.lists(st.sampled_from(sorted(fields)), max_size=2, unique=True)
    return names.flatmap(lambda chosen: st.fixed_dictionaries({name: fields[name] for name in chosen}))


matches = st.one_of(few(conditions), few(conditions), few({**conditions, **places}))
pairs = st.dictionaries(st.sampled_from(("x", "y", "z")), values, max_size=2)
operations = some({}, set=pairs, add=pairs, remove=st.lists(st.sampled_from("xyz"), max_size=2, unique=True))
to_host = st.dictionaries(st.sampled_from(("x", "host")), values, max_size=2)
request_operations = st.one_of(operations, some({}, set=to_host), some({}, add=to_host))
destinations = st.sampled_from(("reviews.shop.svc.cluster.local", "frontend.shop.svc.cluster.local"))


def destination(host: str, weight: int) -> Json:
    return {"destination": {"host": host}, "weight": weight}


forwards = st.one_of(
    st.builds(destination, destinations, st.integers(0, 5)).map(lambda one: [one]),
    st.tuples(st.integers(0, 5), st.integers(1, 5), st.booleans()).map(
        lambda drawn: [
            destination("reviews.shop.svc.cluster.local", drawn[0] if drawn[2] else drawn[1]),
            destination("frontend.shop.svc.cluster.local", drawn[1] if drawn[2] else drawn[0]),
        ]
    ),
)
redirects = st.one_of(
    some({"uri": st.just("/new")}, scheme=st.just("https"), port=st.sampled_from((80, 443, 8080))),
    some({"authority": st.just("other")}, derivePort=st.sampled_from(("FROM_REQUEST_PORT", "FROM_PROTOCOL_DEFAULT"))),
    some({"port": st.sampled_from((80, 8080))}, redirectCode=st.sampled_from((302, 303, 307, 308))),
)
rewrites = st.one_of(
    some({"uri": st.sampled_from(("/", "/new"))}, authority=st.just("other")), st.just({"authority": "o"})
)
headers = some({}, request=request_operations, response=operations)
said_headers = headers.filter(lambda made: any(any(sides.values()) for sides in made.values()))


def keeps_one_host(route: Json) -> bool:
    """A rule that changes the host twice is refused."""
    changes = route.get("headers", {}).get("request", {})
    twice = any("host" in change for change in changes.values())
    return not (twice and "authority" in route.get("rewrite", {}))


own_routes = st.one_of(
    some({"route": forwards}, match=st.lists(matches, max_size=2), rewrite=rewrites, headers=headers).filter(
        keeps_one_host
    ),
    some({"redirect": redirects}, match=st.lists(matches, max_size=2), headers=headers),
    some(
        {"directResponse": st.fixed_dictionaries({"status": st.integers(210, 299)})},
        match=st.lists(matches, max_size=2),
    ),
)

# A root asks for what its delegates never ask for, so that what both ask for is no matter of narrower and wider.
root_matches = st.fixed_dictionaries(
    {"uri": one_of(prefix=st.sampled_from(("/", "/a"))), "headers": st.just({"x": {}})}
)
delegate_matches = few(
    {"method": conditions["method"], "queryParams": conditions["queryParams"], "port": places["port"]}
)
delegating = some(
    {"delegate": st.just({"name": "leaf"})}, match=st.lists(root_matches, max_size=2), rewrite=rewrites, headers=headers
).filter(keeps_one_host)
leaves = st.fixed_dictionaries(
    {
        "http": st.lists(
            some({"route": forwards}, match=st.lists(delegate_matches, max_size=2), headers=said_headers),
            min_size=1,
            max_size=2,
        )
    }
)
specs = st.fixed_dictionaries(
    {
        "hosts": st.just(["reviews"]),
        "http": st.lists(st.one_of(own_routes, own_routes, delegating), min_size=1, max_size=4),
    }
)
REQUESTS = tuple(
    Request(host, 9080, path + query, method, headers)
    for host, path, query, method, headers in product(
        ("reviews", "reviews.shop"),
        PATHS,
        ("", "?p=1", "?p=12&q=2&p=1", "?q"),
        ("GET", "PUT"),
        ({}, {"x": "1"}, {"x": "a", "y": "12"}, {"y": ""}),
    )
)
"""Every combination of what the matches above can tell apart."""
