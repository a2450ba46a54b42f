"""Zone-aware shares: every endpoint gets as much as any other, and no more leaves a zone than has to."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from meshd.model.locality import Locality
from meshd.networking.zones import zone_shares

ZONES = tuple(Locality("eu", name) for name in "abcd")
COUNTS = st.dictionaries(st.sampled_from(ZONES), st.integers(1, 9), min_size=1)


@given(peers=COUNTS, upstream=COUNTS)
def test_load_is_even(peers: dict[Locality, int], upstream: dict[Locality, int]) -> None:
    received = dict.fromkeys(ZONES, Fraction(0))
    for client, count in peers.items():
        shares = zone_shares(client, peers, upstream)
        assert sum(shares.values()) == 1
        assert all(share > 0 for share in shares.values())
        for zone, share in shares.items():
            received[zone] += count * share
    total = sum(upstream.values())
    assert received == {zone: Fraction(sum(peers.values()) * upstream.get(zone, 0), total) for zone in ZONES}


@given(peers=COUNTS, upstream=COUNTS)
def test_a_zone_keeps_what_it_can_take(peers: dict[Locality, int], upstream: dict[Locality, int]) -> None:
    for client, count in peers.items():
        own = Fraction(upstream.get(client, 0), sum(upstream.values()))
        wanted = Fraction(count, sum(peers.values()))
        assert zone_shares(client, peers, upstream).get(client, 0) == min(1, own / wanted)


def test_a_client_whose_peers_nobody_knows_uses_all_alike() -> None:
    a, b, c, _ = ZONES
    assert zone_shares(c, {a: 1}, {a: 1, b: 3}) == {a: Fraction(1, 4), b: Fraction(3, 4)}
