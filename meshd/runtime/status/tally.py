"""At how many proxies an object is in force, and at which it is not."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

SHOWN = 3
"""Proxies that are named; the others are only counted."""


class Refused(msgspec.Struct, frozen=True, order=True):
    """Envoy said no: `proxy` ("namespace/pod") to a resource of the object, with Envoy's own words."""

    proxy: str
    resource: str
    """Type and name: "Cluster outbound|80||web.shop.svc.cluster.local"."""
    detail: str


class Tally(msgspec.Struct, frozen=True, omit_defaults=True):
    """`concerned` proxies are given something made from the object.

    Of these `pending` are being sent it, `late` have not answered for a while, `refused` said no; the others have it.
    `late_names` and `refusals` name the first few.
    """

    concerned: int = 0
    pending: int = 0
    late: int = 0
    refused: int = 0
    late_names: tuple[str, ...] = ()
    refusals: tuple[Refused, ...] = ()

    @property
    def applied(self) -> int:
        return max(self.concerned - self.pending - self.late - self.refused, 0)


class Report(msgspec.Struct, frozen=True):
    """What one replica knows. `every` counts its proxies as a whole; `objects` have names as "Gateway shop/edge".

    `mark` is unlike that of any other report of the replica with another content.
    """

    mark: str
    every: Tally
    objects: dict[str, Tally]


def add(tallies: Iterable[Tally]) -> Tally:
    """One tally of several replicas' proxies."""
    known = tuple(tallies)
    return Tally(
        concerned=sum(tally.concerned for tally in known),
        pending=sum(tally.pending for tally in known),
        late=sum(tally.late for tally in known),
        refused=sum(tally.refused for tally in known),
        late_names=tuple(sorted(name for tally in known for name in tally.late_names)[:SHOWN]),
        refusals=tuple(sorted(refusal for tally in known for refusal in tally.refusals)[:SHOWN]),
    )
