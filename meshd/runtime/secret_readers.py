"""Asks the API server whose sidecars may have the Secrets that DestinationRules name for them.

A proxy is given no Secret that its service account could not list itself, as with Istio.
https://istio.io/latest/docs/tasks/traffic-management/egress/egress-tls-origination/#configure-mutual-tls-origination-for-egress-traffic-at-sidecar
"""

import logging
from collections.abc import Callable, Sequence

from lightkube import AsyncClient
from lightkube.models.authorization_v1 import ResourceAttributes, SubjectAccessReviewSpec
from lightkube.resources.authorization_v1 import SubjectAccessReview

from meshd.model.labels import selects
from meshd.model.store import Store
from meshd.model.tables import DESTINATIONS, SECRET_READERS, WORKLOADS, Change
from meshd.runtime.inquiry import Inquiry

log = logging.getLogger(__name__)

AGAIN_SECONDS = 10.0
"""Until a right that was given or taken is noticed."""

Account = tuple[str, str]
"""(namespace, service account)"""


class SecretReaders(Inquiry[Account]):
    """Keeps the table SECRET_READERS: who may list the Secrets of their namespace."""

    def __init__(self, store: Store, submit: Callable[[Sequence[Change]], object], client: AsyncClient) -> None:
        super().__init__()
        self._store = store
        self._submit = submit
        self._client = client
        self._failing = False

    def named(self) -> set[Account]:
        return accounts_wanting_secrets(self._store)

    def forget(self, name: Account) -> None:
        self._submit([(SECRET_READERS, "/".join(name), None)])

    async def ask(self, name: Account) -> float:
        namespace, account = name
        attributes = ResourceAttributes(namespace=namespace, verb="list", resource="secrets")
        user = f"system:serviceaccount:{namespace}:{account}"
        groups = ["system:serviceaccounts", f"system:serviceaccounts:{namespace}", "system:authenticated"]
        spec = SubjectAccessReviewSpec(resourceAttributes=attributes, user=user, groups=groups)
        try:
            answer = await self._client.create(SubjectAccessReview(spec=spec))
        except Exception as error:  # what was answered before holds, and nothing else ends with it
            level = logging.DEBUG if self._failing else logging.WARNING
            log.log(level, "whether %s/%s may list Secrets cannot be asked now: %s", namespace, account, error)
            self._failing = True
            return AGAIN_SECONDS
        self._failing = False
        may = answer.status is not None and answer.status.allowed
        if self._store.get(SECRET_READERS, "/".join(name)) != may:
            said = "get the Secrets named" if may else "may get no Secrets"
            log.info("sidecars of %s/%s %s", namespace, account, said)
            self._submit([(SECRET_READERS, "/".join(name), may)])
        return AGAIN_SECONDS


def accounts_wanting_secrets(store: Store) -> set[Account]:
    """Accounts of the pods that a DestinationRule selects and names a Secret for."""
    return {
        (pod.namespace, pod.service_account)
        for policy in store.find(DESTINATIONS, "credential", True)
        if policy.selector
        for pod in store.find(WORKLOADS, "namespace", policy.ref.namespace)
        if pod.in_mesh and selects(policy.selector, pod.labels)
    }
