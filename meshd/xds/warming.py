"""Clusters that a proxy has just been told about and cannot use yet.

Envoy takes a new cluster into use when its endpoints have come, which it asks for only after it has read
the cluster. A route that names the cluster earlier answers 503, so routes wait until the proxy has
acknowledged both.
"""

from collections.abc import Iterable

from meshd.model.resource import CLUSTER, ENDPOINT

PATIENCE_SECONDS = 5.0
"""For a proxy that never asks for the endpoints: then routes go out all the same."""


class Warming:
    """Which new clusters the proxy is still to acknowledge, and until when to wait.

    Times are monotonic seconds.
    """

    def __init__(self) -> None:
        self._waits: dict[str, set[str]] = {}
        self.deadline = 0.0

    def __bool__(self) -> bool:
        return bool(self._waits)

    @property
    def clusters(self) -> Iterable[str]:
        return self._waits.keys()

    def begin(self, cluster: str, has_endpoints: bool, now: float) -> None:
        self._waits[cluster] = {CLUSTER, ENDPOINT} if has_endpoints else {CLUSTER}
        self.deadline = now + PATIENCE_SECONDS

    def acknowledged(self, type_url: str, names: Iterable[str]) -> None:
        for name in names:
            waits = self._waits.get(name)
            if waits is not None:
                waits.discard(type_url)
                if not waits:
                    del self._waits[name]

    def abandon(self, names: Iterable[str]) -> None:
        """Do not wait for clusters that were refused or are gone."""
        for name in names:
            self._waits.pop(name, None)

    def expire(self, now: float) -> tuple[str, ...]:
        """The clusters that are waited for no longer because the deadline has passed."""
        if not self._waits or now < self.deadline:
            return ()
        late = tuple(self._waits)
        self._waits.clear()
        return late
