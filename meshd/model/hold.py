"""Rules that name what is not there wait, and what rules in force need stays until they need it no more.

A route rule takes effect when every delegate, host and subset it names exists; until then the version in force before
it goes on. A subset that a destination policy no longer defines is kept while a rule in force names it. So rules and
policies may come and go in any order without a moment in which requests have nowhere to go.

changes as they come -> `Hold.admit` -> changes that take effect
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from meshd.model.destination import DestinationPolicy, Subset
from meshd.model.hosts import wildcards
from meshd.model.route import Destination, RouteRules
from meshd.model.store import Store
from meshd.model.tables import ALIASES, DESTINATIONS, ROUTE_RULES, SERVICES, Change, Table

_LOOKED_UP: tuple[Table[Any], ...] = (SERVICES, ALIASES, DESTINATIONS)


class Hold:
    """Remembers what waits, and what is kept longer than it is offered.

    What is in force depends on what was before: a replica that has just started knows only the newest versions.
    """

    def __init__(self) -> None:
        self._in_force = Store()
        self._rules: dict[str, RouteRules] = {}
        """Those in force."""
        self._waiting: dict[str, RouteRules] = {}
        self._offered: dict[str, DestinationPolicy | None] = {}

    @property
    def waiting(self) -> tuple[RouteRules, ...]:
        """Rules whose newest version is not in force, because something it names is missing."""
        return tuple(self._waiting.values())

    def missing(self, rules: RouteRules) -> tuple[str, ...]:
        """What `rules` names and nobody defines: delegates, hosts, and subsets as "host/subset"."""
        found = (self._missing(destination) for destination in rules.destinations())
        return tuple(dict.fromkeys((*rules.missing, *(name for name in found if name))))

    def admit(self, changes: Iterable[Change]) -> list[Change]:
        """The changes that take effect now, in an order that may be applied as one."""
        admitted: list[Change] = []
        touched = False
        for table, key, value in changes:
            if table is ROUTE_RULES:
                touched = True
                self._offer_rules(key, value, admitted)
            elif table is DESTINATIONS:
                touched = True
                self._offer_policy(key, value, admitted)
            else:
                touched = touched or table in (SERVICES, ALIASES)
                self._apply((table, key, value), admitted)
        if touched:
            self._let_in(admitted)
            self._let_go(admitted)
        return admitted

    def _apply(self, change: Change, admitted: list[Change]) -> None:
        table, key, value = change
        if table in _LOOKED_UP:
            self._in_force.apply([change])
        elif table is ROUTE_RULES and value is not None:
            self._rules[key] = value
        elif table is ROUTE_RULES:
            self._rules.pop(key, None)
        admitted.append(change)

    def _offer_rules(self, key: str, rules: RouteRules | None, admitted: list[Change]) -> None:
        self._waiting.pop(key, None)
        if rules is None:
            self._apply((ROUTE_RULES, key, None), admitted)
        else:
            self._waiting[key] = rules

    def _offer_policy(self, key: str, policy: DestinationPolicy | None, admitted: list[Change]) -> None:
        """Take it with what the policy in force defines beyond it; `_let_go` drops what nobody needs."""
        in_force = self._in_force.get(DESTINATIONS, key)
        self._offered[key] = policy
        merged = _with_subsets(policy or in_force, in_force.subsets if in_force else ())
        if merged is not None:
            self._apply((DESTINATIONS, key, merged), admitted)

    def _let_in(self, admitted: list[Change]) -> None:
        for key, rules in list(self._waiting.items()):
            if not self.missing(rules):
                del self._waiting[key]
                self._apply((ROUTE_RULES, key, rules), admitted)

    def _let_go(self, admitted: list[Change]) -> None:
        for key, offered in list(self._offered.items()):
            in_force = self._in_force.get(DESTINATIONS, key)
            defined = {subset.name for subset in offered.subsets} if offered else set()
            kept = [s for s in in_force.subsets if s.name not in defined] if in_force else []
            needed = tuple(s for s in kept if in_force and self._is_needed(in_force.host, s.name, key))
            wanted = _with_subsets(offered, needed) if offered else _only(in_force, needed)
            if wanted != in_force:
                self._apply((DESTINATIONS, key, wanted), admitted)
            if not needed:
                del self._offered[key]

    def _is_needed(self, host: str, subset: str, policy: str) -> bool:
        """Whether a rule in force names the subset, and no other policy defines it."""
        return any(
            destination.subset == subset and host in wildcards(destination.host)
            for rules in self._rules.values()
            for destination in rules.destinations()
        ) and not any(
            other.ref.key != policy and other.host == host and any(s.name == subset for s in other.subsets)
            for other in self._in_force.all(DESTINATIONS)
        )

    def _missing(self, destination: Destination) -> str | None:
        host = self._resolve(destination.host)
        if host is None:
            return destination.host
        if destination.subset and not self._defines(host, destination.subset):
            return f"{destination.host}/{destination.subset}"
        return None

    def _resolve(self, host: str) -> str | None:
        """The service that has the name, is meant by the alias, or stands for all names like it."""
        asked: set[str] = set()
        while host not in asked:
            asked.add(host)
            for pattern in wildcards(host):
                if self._in_force.find(SERVICES, "hostname", pattern):
                    return pattern
            host = next((alias.target for alias in self._in_force.find(ALIASES, "hostname", host)), host)
        return None

    def _defines(self, host: str, subset: str) -> bool:
        return any(
            each.name == subset
            for pattern in wildcards(host)
            for policy in self._in_force.find(DESTINATIONS, "host", pattern)
            for each in policy.subsets
        )


def _with_subsets(policy: DestinationPolicy | None, subsets: tuple[Subset, ...]) -> DestinationPolicy | None:
    if policy is None:
        return None
    own = {subset.name for subset in policy.subsets}
    return replace(policy, subsets=(*policy.subsets, *(s for s in subsets if s.name not in own)))


def _only(policy: DestinationPolicy | None, subsets: tuple[Subset, ...]) -> DestinationPolicy | None:
    return replace(policy, subsets=subsets) if policy and subsets else None
