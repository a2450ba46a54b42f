"""Rules for connections that are easy to get wrong: which of several matches counts, and where it does."""

from typing import Any

import pytest

from meshd.api.translate.names import gateway_key
from meshd.model.reference import ObjectRef
from meshd.model.route import Destination, L4Match, L4Route, RouteRules, WeightedDestination
from meshd.networking.listeners.l4 import Chain, takes_all, tcp_chains, tls_chains
from meshd.networking.place import Place

SIDECAR = Place("mesh", 443, "shop", (("app", "frontend"),))


def rules(*matches: L4Match) -> RouteRules:
    """One route for each match; its destination is named after its number."""
    routes = tuple(
        L4Route((match,), (WeightedDestination(Destination(str(number))),)) for number, match in enumerate(matches)
    )
    return RouteRules(ObjectRef("VirtualService", "shop", "l4"), ("*",), tls=routes, tcp=routes)


def forward(destinations: tuple[WeightedDestination, ...]) -> list[dict[str, Any]]:
    return [{"name": destinations[0].destination.host}]


def taken(chains: list[Chain]) -> list[tuple[str, dict[str, Any]]]:
    return [(chain["filters"][0]["name"], chain.get("filter_chain_match", {})) for chain in chains]


@pytest.mark.parametrize(
    ("match", "holds"),
    [
        (L4Match(), True),
        (L4Match(port=443), True),
        (L4Match(port=80), False),
        (L4Match(gateways=("mesh",)), True),
        (L4Match(gateways=("shop/edge",)), False),
        (L4Match(source_namespace="shop"), True),
        (L4Match(source_namespace="other"), False),
        (L4Match(source_labels=(("app", "frontend"),)), True),
        (L4Match(source_labels=(("app", "reviews"),)), False),
    ],
)
def test_a_match_holds_for_its_port_gateway_and_client(match: L4Match, holds: bool) -> None:
    assert bool(tcp_chains([rules(match)], SIDECAR, forward)) == holds


def test_what_stands_behind_a_match_for_everything_is_never_asked() -> None:
    chains = tcp_chains([rules(L4Match(), L4Match(source_subnet="10.0.0.0/8"))], SIDECAR, forward)
    assert taken(chains) == [("0", {})]
    assert takes_all(chains)


def test_of_two_matches_for_one_server_name_the_first_has_it() -> None:
    chains = tls_chains(
        [rules(L4Match(sni_hosts=("a.b",)), L4Match(sni_hosts=("A.b", "c.d")), L4Match(sni_hosts=("*",)))],
        SIDECAR,
        forward,
    )
    assert taken(chains) == [
        ("0", {"transport_protocol": "tls", "server_names": ["a.b"]}),
        ("1", {"transport_protocol": "tls", "server_names": ["c.d"]}),
        ("2", {"transport_protocol": "tls"}),
    ]
    assert not takes_all(chains)


def test_equal_subnets_are_one_however_they_are_written() -> None:
    chains = tcp_chains([rules(L4Match(destination_subnets=("10.0.0.1/8", "10.0.0.0/8")))], SIDECAR, forward)
    wanted = [{"address_prefix": "10.0.0.0", "prefix_len": {"value": 8}}]
    assert taken(chains) == [("0", {"prefix_ranges": wanted})]


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("mesh", "mesh"),
        ("edge", "shop/edge"),
        ("./edge", "shop/edge"),
        ("other/edge", "other/edge"),
        ("edge.other", "other/edge"),
        ("edge.other.svc.cluster.local", "other/edge"),
    ],
)
def test_gateways_are_named_in_every_way_that_istio_knows(name: str, key: str) -> None:
    assert gateway_key(name, "shop") == key
