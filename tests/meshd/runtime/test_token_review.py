"""Only a valid token of a pod, for meshd's audience, is somebody."""

import pytest
from lightkube.models.authentication_v1 import TokenReviewStatus, UserInfo

from meshd.runtime.token_review import identity_of
from meshd.xds.authentication import PodIdentity, Unauthenticated

BOUND = {
    "authentication.kubernetes.io/pod-name": ["cart-1"],
    "authentication.kubernetes.io/pod-uid": ["u1"],
}


def status(
    username: str = "system:serviceaccount:shop:cart",
    extra: dict[str, list[str]] | None = BOUND,
    authenticated: bool = True,
    audiences: list[str] | None = None,
) -> TokenReviewStatus:
    user = UserInfo(username=username, extra=extra)
    return TokenReviewStatus(
        authenticated=authenticated, user=user, audiences=["meshd"] if audiences is None else audiences
    )


def test_a_bound_token_names_its_pod() -> None:
    assert identity_of(status()) == PodIdentity("shop", "cart", "cart-1", "u1")


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (None, "not valid"),
        (TokenReviewStatus(authenticated=False, error="expired"), "expired"),
        (status(authenticated=False), "not valid"),
        (status(audiences=["https://kubernetes.default.svc"]), "audience"),
        (status(audiences=[]), "audience"),
        (status(username="kubernetes-admin"), "not a service account"),
        (status(username="system:serviceaccount:shop"), "not a service account"),
        (status(extra=None), "not bound to a pod"),
        (status(extra={"authentication.kubernetes.io/pod-name": ["cart-1"]}), "not bound to a pod"),
    ],
)
def test_rejects_other_tokens(answer: TokenReviewStatus | None, message: str) -> None:
    with pytest.raises(Unauthenticated, match=message):
        identity_of(answer)
