"""A proxy gets in as the pod its token is bound to, and as no other."""

import asyncio
import base64
import json
from collections.abc import Awaitable, Callable

import pytest

from meshd.model.service import Proxy, Workload
from meshd.xds.authentication import (
    VERDICT_SECONDS,
    CachedReviews,
    PermissionDenied,
    PodIdentity,
    TokenAuthenticator,
    Unauthenticated,
    parse_node_id,
)

NODE = "sidecar~10.0.0.1~cart-1.shop~shop.svc.cluster.local"
POD = Workload("shop", "cart-1", "u1", "10.0.0.1", (), "cart", "cart", True)


def token(name: str, expires: float = 4e9) -> str:
    def part(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    return ".".join((part({"alg": "RS256"}), part({"exp": expires, "sub": name}), "signature"))


class FakeReviewer:
    def __init__(self, **identities: PodIdentity) -> None:
        self.identities = {token(name): identity for name, identity in identities.items()}
        self.asked = 0

    async def review(self, token: str) -> PodIdentity:
        self.asked += 1
        if token not in self.identities:
            raise Unauthenticated("the token is refused: it is not valid")
        return self.identities[token]


REVIEWER = FakeReviewer(
    cart=PodIdentity("shop", "cart", "cart-1", "u1"),
    earlier_cart=PodIdentity("shop", "cart", "cart-1", "u0"),
    other=PodIdentity("shop", "cart", "cart-2", "u2"),
    elsewhere=PodIdentity("bank", "cart", "cart-1", "u1"),
    other_account=PodIdentity("shop", "thief", "cart-1", "u1"),
)


async def find(key: str, uid: str, patience: float) -> Workload | None:
    return POD if (key, uid) == (POD.key, POD.uid) else None


AUTHENTICATOR = TokenAuthenticator(REVIEWER, find)


async def admit(authenticator: TokenAuthenticator, authorization: str, node_id: str) -> Proxy:
    return await authenticator.admit(await authenticator.identify(authorization), node_id)


@pytest.mark.asyncio
async def test_admits_the_proxy_of_the_pod() -> None:
    proxy = await admit(AUTHENTICATOR, f"Bearer {token('cart')}", NODE)
    assert (proxy.node_id, proxy.kind, proxy.workload) == (NODE, "sidecar", POD)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("authorization", "node", "error", "message"),
    [
        ("", NODE, Unauthenticated, "no bearer token"),
        ("Basic abc", NODE, Unauthenticated, "no bearer token"),
        ("Bearer forged", NODE, Unauthenticated, "not valid"),
        (f"Bearer {token('other')}", NODE, PermissionDenied, "token is that of pod shop/cart-2"),
        (f"Bearer {token('elsewhere')}", NODE, PermissionDenied, "token is that of pod bank/cart-1"),
        (f"Bearer {token('earlier_cart')}", NODE, PermissionDenied, "uid u0 is not known"),
        (f"Bearer {token('other_account')}", NODE, PermissionDenied, "service account"),
        (f"Bearer {token('cart')}", "", PermissionDenied, "node id"),
        (f"Bearer {token('cart')}", "ztunnel~ip~cart-1.shop~d", PermissionDenied, "node id"),
        (f"Bearer {token('cart')}", "sidecar~ip~cart-1~d", PermissionDenied, "no pod and namespace"),
    ],
)
async def test_rejects(authorization: str, node: str, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        await admit(AUTHENTICATOR, authorization, node)


def test_pod_names_may_hold_dots() -> None:
    node = parse_node_id("router~10.0.0.9~a.b.istio-system~x")
    assert (node.kind, node.key) == ("router", "istio-system/a.b")


class Clock:
    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.asyncio
async def test_a_good_verdict_is_kept_for_a_while_and_a_bad_one_is_not() -> None:
    clock = Clock()
    reviewer = FakeReviewer(cart=PodIdentity("shop", "cart", "cart-1", "u1"))
    reviews = CachedReviews(reviewer, clock)
    for _ in range(3):
        await reviews.review(token("cart"))
    assert reviewer.asked == 1
    clock.now += VERDICT_SECONDS
    await reviews.review(token("cart"))
    assert reviewer.asked == 2
    for _ in range(2):
        with pytest.raises(Unauthenticated):
            await reviews.review("forged")
    assert reviewer.asked == 4


@pytest.mark.asyncio
@pytest.mark.parametrize("short_lived", [token("cart", Clock.now + 10), "opaque"])
async def test_a_verdict_never_outlives_its_token(short_lived: str) -> None:
    clock = Clock()
    reviewer = FakeReviewer()
    reviewer.identities[short_lived] = PodIdentity("shop", "cart", "cart-1", "u1")
    reviews = CachedReviews(reviewer, clock)
    await reviews.review(short_lived)
    clock.now += 10
    await reviews.review(short_lived)
    assert reviewer.asked == 2


@pytest.mark.asyncio
async def test_a_pod_that_the_watch_brings_late_is_waited_for() -> None:
    arrived = asyncio.Event()

    def late() -> Callable[[str, str, float], Awaitable[Workload | None]]:
        async def wait(key: str, uid: str, patience: float) -> Workload | None:
            async with asyncio.timeout(patience):
                await arrived.wait()
            return POD

        return wait

    admission = asyncio.create_task(admit(TokenAuthenticator(REVIEWER, late()), f"Bearer {token('cart')}", NODE))
    await asyncio.sleep(0)
    arrived.set()
    assert (await admission).workload is POD
