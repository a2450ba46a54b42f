"""The search for what a proxy refuses: halves of a refused response, until the bad resource is alone.

A proxy may refuse a whole response for one resource. By halves the good ones are taken after a number of tries that
grows with the logarithm of the response only.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple


class Sent(NamedTuple):
    """A resource under way. `version` is None for a removal; `new`: the proxy has never had it."""

    version: str | None
    new: bool


@dataclass(slots=True)
class Search:
    """Of one type on one stream. `groups` to be tried one by one map a name to whether the proxy has never had it."""

    groups: deque[dict[str, bool]] = field(default_factory=deque)
    refused: dict[str, Sent] = field(default_factory=dict)
    """Resources that were refused alone: the proxy keeps the last good ones."""
    details: dict[str, str] = field(default_factory=dict)
    """Why each of `refused` was, in the proxy's words."""
    _blamed: dict[str, bool] = field(default_factory=dict)
    """Refused alone in this search; tried once more when others were taken meanwhile."""
    _others_taken: bool = False

    def accepted(self) -> None:
        """Note that the proxy took a response."""
        self._others_taken = self._others_taken or bool(self._blamed)

    def divide(self, suspects: Mapping[str, Sent], detail: str, alone: bool) -> str | None:
        """Take what a refused response held and is still wanted; return the one to blame if it was `alone`."""
        isolated = self._blame(suspects) if alone and suspects else None
        if isolated is None:
            pairs = [(name, sent.new) for name, sent in suspects.items()]
            halves = (pairs[: len(pairs) // 2], pairs[len(pairs) // 2 :])
            self.groups.extend(dict(half) for half in halves if half)
        self.details = {name: detail if name == isolated else self.details.get(name, "") for name in self.refused}
        return isolated

    def end(self) -> None:
        """When nothing is under way or to be tried: one resource may have been in the way of another (two hosts with
        one domain).
        """
        if self.groups:
            return
        if self._others_taken:
            for name, new in self._blamed.items():
                if self.refused.pop(name, None):
                    self.groups.append({name: new})
        self._blamed.clear()
        self._others_taken = False

    def _blame(self, suspects: Mapping[str, Sent]) -> str:
        ((name, sent),) = suspects.items()
        if sent.version is not None:
            self.refused[name] = sent
            self._blamed[name] = sent.new
        return name
