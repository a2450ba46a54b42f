"""Clusters that a proxy cannot use yet, and for which routes wait.

Envoy takes a new cluster into use when its endpoints have come, which it asks for only after it has read
the cluster. A route that names the cluster earlier answers 503, so routes wait until the proxy has
acknowledged both. The same at the start of a stream: until the proxy has asked for clusters nothing is
known of what it lacks.
"""

from collections.abc import Iterable

from meshd.model.resource import CLUSTER, ENDPOINT

PATIENCE_SECONDS = 5.0
"""For a proxy that never asks: then routes go out all the same."""
ALL = "*"
"""Stands for the clusters of a proxy that has not asked for any yet."""


_Wait = tuple[frozenset[str], float]
"""What is still to come, by type, and until when to wait. Clusters of one response share theirs: there may be
thousands, for each of a thousand proxies.
"""


class Warming:
    """What the proxy is still to acknowledge of each cluster, and until when to wait.

    Times are monotonic seconds.
    """

    def __init__(self, now: float) -> None:
        self._waits: dict[str, _Wait] = {ALL: (frozenset((CLUSTER,)), now + PATIENCE_SECONDS)}

    def __bool__(self) -> bool:
        return bool(self._waits)

    @property
    def deadline(self) -> float:
        """When the first wait ends; only while there is one."""
        return next(iter(self._waits.values()))[1]

    def begin(self, clusters: Iterable[str], has_endpoints: bool, now: float) -> None:
        wait = frozenset((CLUSTER, ENDPOINT) if has_endpoints else (CLUSTER,)), now + PATIENCE_SECONDS
        for cluster in clusters:
            self._waits.pop(cluster, None)
            self._waits[cluster] = wait

    def acknowledged(self, type_url: str, names: Iterable[str]) -> None:
        after: dict[_Wait, _Wait] = {}
        for name in names:
            wait = self._waits.get(name)
            if wait is None:
                continue
            left = after.get(wait)
            if left is None:
                left = after[wait] = wait[0] - {type_url}, wait[1]
            if left[0]:
                self._waits[name] = left
            else:
                del self._waits[name]
        self._shrink()

    def abandon(self, names: Iterable[str]) -> None:
        """Do not wait for clusters that were refused or are gone, or (ALL) have been asked for."""
        for name in names:
            self._waits.pop(name, None)
        self._shrink()

    def expire(self, now: float) -> tuple[str, ...]:
        """The clusters that are waited for no longer because their time is up."""
        late: list[str] = []
        for name, (_, deadline) in self._waits.items():
            if now < deadline:
                break
            late.append(name)
        self.abandon(late)
        return tuple(late)

    def _shrink(self) -> None:
        """A dict that is emptied one by one keeps the memory of its largest moment."""
        if not self._waits:
            self._waits = {}
