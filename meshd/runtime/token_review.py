"""Asks the API server whose token it is."""

from typing import Any

import httpx2
from lightkube import ApiError, AsyncClient
from lightkube.models.authentication_v1 import TokenReviewSpec
from lightkube.resources.authentication_v1 import TokenReview

from meshd.xds.authentication import AUDIENCE, PodIdentity, ReviewUnavailable, Unauthenticated

_PREFIX = "system:serviceaccount:"
_POD_NAME = "authentication.kubernetes.io/pod-name"
_POD_UID = "authentication.kubernetes.io/pod-uid"


class KubernetesTokenReviewer:
    """TokenReviewer by the TokenReview API.

    https://kubernetes.io/docs/reference/kubernetes-api/authentication-resources/token-review-v1/
    """

    def __init__(self, client: AsyncClient) -> None:
        self._client = client

    async def review(self, token: str) -> PodIdentity:
        asked = TokenReview(spec=TokenReviewSpec(token=token, audiences=[AUDIENCE]))
        try:
            answer = await self._client.create(asked)
        except (ApiError, httpx2.HTTPError) as error:
            raise ReviewUnavailable(f"the API server cannot review the token now: {error}") from None
        return identity_of(answer.status)


def identity_of(status: Any) -> PodIdentity:
    """The pod in a TokenReviewStatus.

    Raises Unauthenticated when it is not that of a pod, for our audience.
    """
    if status is None or not status.authenticated or status.user is None:
        reason = (status and status.error) or "it is not valid"
        raise Unauthenticated(f"the token is refused: {reason}")
    if AUDIENCE not in (status.audiences or ()):
        raise Unauthenticated(f"the token is not for the audience {AUDIENCE}")
    username = status.user.username or ""
    namespace, _, account = username.removeprefix(_PREFIX).partition(":")
    if not username.startswith(_PREFIX) or not account:
        raise Unauthenticated(f"{username or 'the token'} is not a service account")
    extra = status.user.extra or {}
    pod, uid = (next(iter(extra.get(key) or ()), "") for key in (_POD_NAME, _POD_UID))
    if not pod or not uid:
        raise Unauthenticated("the token is not bound to a pod: use a projected service-account token")
    return PodIdentity(namespace, account, pod, uid)
