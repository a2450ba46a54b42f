"""Zone-aware shares: even load on all endpoints, with as little traffic between zones as that allows.

The rule is Envoy's. It is applied here, as weights of localities, for meshd knows where the client's peers run; a proxy
would have to follow the endpoints of its own service for it.
https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/load_balancing/zone_aware
"""

from collections.abc import Mapping
from fractions import Fraction

from meshd.model.locality import Locality


def zone_shares(
    client: Locality, peers: Mapping[Locality, int], upstream: Mapping[Locality, int]
) -> dict[Locality, Fraction]:
    """The part of its requests that a client in zone `client` sends to each zone; zones that get none are left out.

    `peers` counts the workloads that send as many requests as the client, `upstream` the endpoints. A zone keeps what
    its own endpoints can take in an even split; the rest goes where endpoints have fewer clients of their own zone.
    """
    wanted, offered = _parts(peers), _parts(upstream)
    if client not in wanted:
        return offered
    kept = min(Fraction(1), offered.get(client, Fraction(0)) / wanted[client])
    spare = {zone: part - wanted.get(zone, 0) for zone, part in offered.items() if part > wanted.get(zone, 0)}
    total = sum(spare.values())
    sent = {zone: (1 - kept) * part / total for zone, part in spare.items()} if kept < 1 else {}
    return ({client: kept} if kept else {}) | sent


def _parts(counts: Mapping[Locality, int]) -> dict[Locality, Fraction]:
    total = sum(counts.values())
    return {zone: Fraction(count, total) for zone, count in counts.items() if count}
