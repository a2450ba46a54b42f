"""Which policies act on a pod or a service, and why: for people who ask, from the store as it is."""

from typing import Any

from meshd.model.hold import Hold
from meshd.model.memo import Memo, Reader
from meshd.model.store import Store
from meshd.model.tables import SERVICES, WORKLOADS
from meshd.runtime.describe.pod import describe_pod
from meshd.runtime.describe.service import describe_service


def describe(store: Store, hold: Hold | None, kind: str, name: str, namespace: str) -> dict[str, Any] | None:
    """A "pod" or a "service" as JSON; None when there is none of that name."""
    memo = Memo(store)
    read = Reader(memo, memo.node((describe, "once")))
    key = f"{namespace}/{name}"
    waiting = [(rules, hold.missing(rules)) for rules in hold.waiting] if hold else []
    if kind == "pod":
        workload = store.get(WORKLOADS, key)
        return describe_pod(read, workload, waiting) if workload else None
    service = store.get(SERVICES, key)
    return describe_service(read, service, waiting) if service else None
