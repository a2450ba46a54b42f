"""Asks the API server whose sidecars may have the Secrets that DestinationRules name for them.

A proxy is given no Secret that its service account could not list itself, as with Istio.
https://istio.io/latest/docs/tasks/traffic-management/egress/egress-tls-origination/#configure-mutual-tls-origination-for-egress-traffic-at-sidecar
"""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence

from lightkube import AsyncClient
from lightkube.models.authorization_v1 import ResourceAttributes, SubjectAccessReviewSpec
from lightkube.resources.authorization_v1 import SubjectAccessReview

from meshd.model.labels import selects
from meshd.model.store import Store
from meshd.model.tables import DESTINATIONS, SECRET_READERS, WORKLOADS, Change

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
AGAIN_SECONDS = 10.0
"""Until a right that was given or taken is noticed."""

Account = tuple[str, str]
"""(namespace, service account)"""


class SecretReaders:
    """Keeps the table SECRET_READERS: who may list the Secrets of their namespace."""

    def __init__(self, store: Store, submit: Callable[[Sequence[Change]], object], client: AsyncClient) -> None:
        self._store = store
        self._submit = submit
        self._client = client
        self.looked = asyncio.Event()
        """Set once those of the start were asked for."""
        self._next: dict[Account, float] = {}
        self._failing = False

    async def run(self, known: asyncio.Event) -> None:
        """Look and ask, without end, once the objects are known."""
        await known.wait()
        while True:
            await self.look()
            self.looked.set()
            await asyncio.sleep(LOOK_SECONDS)

    async def look(self) -> None:
        """Ask for those whose turn it is, and forget those that no rule is for any more."""
        wanted = accounts_wanting_secrets(self._store)
        for gone in self._next.keys() - wanted:
            del self._next[gone]
            self._submit([(SECRET_READERS, "/".join(gone), None)])
        now = time.monotonic()
        await asyncio.gather(*(self._ask(each) for each in sorted(wanted) if self._next.get(each, now) <= now))

    async def _ask(self, account: Account) -> None:
        namespace, name = account
        self._next[account] = time.monotonic() + AGAIN_SECONDS
        attributes = ResourceAttributes(namespace=namespace, verb="list", resource="secrets")
        user = f"system:serviceaccount:{namespace}:{name}"
        groups = ["system:serviceaccounts", f"system:serviceaccounts:{namespace}", "system:authenticated"]
        spec = SubjectAccessReviewSpec(resourceAttributes=attributes, user=user, groups=groups)
        try:
            answer = await self._client.create(SubjectAccessReview(spec=spec))
        except Exception as error:  # what was answered before holds, and nothing else ends with it
            level = logging.DEBUG if self._failing else logging.WARNING
            log.log(level, "whether %s/%s may list Secrets cannot be asked now: %s", namespace, name, error)
            self._failing = True
            return
        self._failing = False
        may = answer.status is not None and answer.status.allowed
        if self._store.get(SECRET_READERS, "/".join(account)) != may:
            log.info("sidecars of %s/%s %s", namespace, name, "get the Secrets named" if may else "may get no Secrets")
            self._submit([(SECRET_READERS, "/".join(account), may)])


def accounts_wanting_secrets(store: Store) -> set[Account]:
    """Accounts of the pods that a DestinationRule selects and names a Secret for."""
    return {
        (pod.namespace, pod.service_account)
        for policy in store.find(DESTINATIONS, "credential", True)
        if policy.selector
        for pod in store.find(WORKLOADS, "namespace", policy.ref.namespace)
        if pod.in_mesh and selects(policy.selector, pod.labels)
    }
