"""Who is at the other end of a stream: a pod that proves itself by its service-account token, and no other.

token -> TokenReview (audience of our own) -> pod's namespace, name and uid == the node id it claims ->
Workload

https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/#bound-service-account-tokens
"""

import base64
import binascii
import hashlib
import json
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from meshd.model.service import Proxy, Workload

AUDIENCE = "meshd"
VERDICT_SECONDS = 300.0
VERDICTS_KEPT = 10_000
WORKLOAD_PATIENCE_SECONDS = 10.0

KINDS = frozenset({"sidecar", "router"})


class Unauthenticated(Exception):
    """There is no token, or it proves nothing."""


class PermissionDenied(Exception):
    """The token is good, for another pod than the one that is claimed."""


class ReviewUnavailable(Exception):
    """The API server cannot be asked now; the proxy may try again."""


@dataclass(frozen=True, slots=True)
class NodeId:
    """`<kind>~<ip>~<pod>.<namespace>~<domain>`, as Istio's proxies name themselves."""

    kind: str
    ip: str
    pod: str
    namespace: str

    @property
    def key(self) -> str:
        return f"{self.namespace}/{self.pod}"


def parse_node_id(node_id: str) -> NodeId:
    """Raises PermissionDenied for anything else than a node id of a known kind."""
    parts = node_id.split("~")
    if len(parts) != 4 or parts[0] not in KINDS:
        raise PermissionDenied(f"node id {node_id!r} is not sidecar~ip~pod.namespace~domain")
    pod, _, namespace = parts[2].rpartition(".")
    if not pod or not namespace:
        raise PermissionDenied(f"node id {node_id!r} names no pod and namespace")
    return NodeId(parts[0], parts[1], pod, namespace)


@dataclass(frozen=True, slots=True)
class PodIdentity:
    """The pod that a token is bound to."""

    namespace: str
    service_account: str
    pod: str
    pod_uid: str


class TokenReviewer(Protocol):
    """Asks the API server about a token."""

    async def review(self, token: str) -> PodIdentity:
        """Raises Unauthenticated when the token is not one of a pod for our audience, or
        ReviewUnavailable.
        """


class CachedReviews:
    """Verdicts of `reviewer`, kept for a while: a proxy that reconnects is not asked about again.

    Only good verdicts are kept, never beyond the token's own end, and under a hash of the token.
    """

    def __init__(self, reviewer: TokenReviewer, clock: Callable[[], float] = time.time) -> None:
        self._reviewer = reviewer
        self._clock = clock
        self._verdicts: OrderedDict[bytes, tuple[float, PodIdentity]] = OrderedDict()

    async def review(self, token: str) -> PodIdentity:
        now = self._clock()
        key = hashlib.sha256(token.encode()).digest()
        kept = self._verdicts.get(key)
        if kept is not None and now < kept[0]:
            return kept[1]
        identity = await self._reviewer.review(token)
        until = min(now + VERDICT_SECONDS, _expiry(token))
        self._verdicts[key] = (until, identity)
        self._verdicts.move_to_end(key)
        if len(self._verdicts) > VERDICTS_KEPT:
            self._verdicts.popitem(last=False)
        return identity


FindWorkload = Callable[[str, str, float], Awaitable[Workload | None]]
"""(namespace/name, uid, seconds to wait for it) to the pod in the store."""


class TokenAuthenticator:
    """Admits a proxy whose token is bound to the very pod that its node id names."""

    def __init__(
        self,
        reviewer: TokenReviewer,
        find_workload: FindWorkload,
        patience: float = WORKLOAD_PATIENCE_SECONDS,
    ) -> None:
        self._reviewer = reviewer
        self._find_workload = find_workload
        self._patience = patience

    async def identify(self, authorization: str) -> PodIdentity:
        """Whose token it is, before anything else is read. Raises Unauthenticated or ReviewUnavailable."""
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise Unauthenticated("no bearer token: the proxy must send its service-account token")
        return await self._reviewer.review(token)

    async def admit(self, identity: PodIdentity, node_id: str) -> Proxy:
        """Raises PermissionDenied."""
        node = parse_node_id(node_id)
        if (identity.namespace, identity.pod) != (node.namespace, node.pod):
            raise PermissionDenied(f"the token is that of pod {identity.namespace}/{identity.pod}, not of {node.key}")
        workload = await self._find_workload(node.key, identity.pod_uid, self._patience)
        if workload is None:
            raise PermissionDenied(f"pod {node.key} with uid {identity.pod_uid} is not known (yet): try again")
        if workload.service_account != identity.service_account:
            raise PermissionDenied(f"the token's service account is not that of pod {node.key}")
        return Proxy(node_id, node.kind, workload)


def _expiry(token: str) -> float:
    """The `exp` claim of a JWT, in seconds since 1970.

    TokenReview has checked the signature; 0 if unreadable.
    """
    try:
        payload = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        return float(claims["exp"])
    except (IndexError, KeyError, TypeError, ValueError, binascii.Error):
        return 0.0
