"""Each object's proxies are counted from what streams were sent and answered."""

from datetime import timedelta

import pytest

from meshd.model.resource import CLUSTER, TYPE_URLS
from meshd.pki.authority import CertificateAuthority, create_root
from meshd.pki.workload import WorkloadCertificates
from meshd.runtime.status.survey import LATE_SECONDS, Survey
from meshd.runtime.status.tally import Refused, Tally
from meshd.xds.publisher import Publisher
from meshd.xds.stream import Stream
from meshd.xds.wire import Request
from tests.meshd.networking.mesh_of import MESHES, changes_of, engine_of, proxy_of

pytestmark = pytest.mark.asyncio

RULE = """
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: reviews, namespace: shop}
spec: {host: reviews, trafficPolicy: {connectionPool: {tcp: {maxConnections: %d}}}}
"""
NAME = "DestinationRule shop/reviews"
CLUSTER_NAME = "outbound|9080||reviews.shop.svc.cluster.local"


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class Mesh:
    """The shop with a rule and two proxies of it."""

    def __init__(self) -> None:
        authority = CertificateAuthority(*create_root("root", timedelta(days=9)))
        certificates = WorkloadCertificates(authority, "cluster.local", timedelta(hours=1))
        engine = engine_of((MESHES / "shop.yaml").read_text() + "---" + RULE % 1)
        self.clock = Clock()
        self.publisher = Publisher(engine, certificates)
        self.survey = Survey(lambda: self.publisher.streams, engine.resources, self.clock)

    def connect(self, pod: str) -> Stream:
        stream = self.publisher.connect(proxy_of(self.publisher.engine, f"shop/{pod}"))
        for type_url in TYPE_URLS:
            stream.receive(Request(type_url, subscribe=("*",)))
        return stream

    def change(self, connections: int) -> None:
        self.publisher.apply(changes_of(RULE % connections))

    async def tally(self) -> Tally:
        return (await self.survey.report()).objects.get(NAME, Tally())


def answer(stream: Stream, error: str | None = None) -> None:
    """Acknowledge all there is, but refuse clusters of the rule with `error`."""
    while response := stream.next():
        bad = error and response.type_url == CLUSTER and any(r.name == CLUSTER_NAME for r in response.resources)
        stream.receive(Request(response.type_url, nonce=response.nonce, error=error if bad else None))


@pytest.fixture
def mesh() -> Mesh:
    return Mesh()


async def test_an_object_is_in_force_where_its_resources_are_acknowledged(mesh: Mesh) -> None:
    first, second = mesh.connect("reviews-v1"), mesh.connect("frontend-1")
    answer(first)
    assert await mesh.tally() == Tally(2, pending=1)
    answer(second)
    assert await mesh.tally() == Tally(2)
    mesh.change(2)
    assert await mesh.tally() == Tally(2), "nothing was sent yet: a look at counters only"
    answer(first)
    assert await mesh.tally() == Tally(2, pending=1)
    mesh.publisher.disconnect(second)
    assert await mesh.tally() == Tally(1)


async def test_a_refusal_is_traced_to_the_object_and_no_other(mesh: Mesh) -> None:
    first, second = mesh.connect("reviews-v1"), mesh.connect("frontend-1")
    answer(first, "connections:\n  no")
    answer(second)
    report = await mesh.survey.report()
    refusal = Refused("shop/reviews-v1", f"Cluster {CLUSTER_NAME}", "connections: no")
    assert report.objects[NAME] == Tally(2, refused=1, refusals=(refusal,))
    assert report.every == Tally(2, refused=1)
    mesh.change(2)
    answer(first)
    answer(second)
    assert await mesh.tally() == Tally(2)


async def test_a_proxy_that_does_not_answer_is_late_after_a_while(mesh: Mesh) -> None:
    first = mesh.connect("reviews-v1")
    answer(first)
    await mesh.tally()
    mesh.change(2)
    assert first.next() is not None
    assert await mesh.tally() == Tally(1, pending=1)
    mesh.clock.now += LATE_SECONDS
    assert await mesh.tally() == Tally(1, late=1, late_names=("shop/reviews-v1",))


async def test_a_report_has_the_same_mark_until_its_content_differs(mesh: Mesh) -> None:
    stream = mesh.connect("reviews-v1")
    answer(stream)
    mark = (await mesh.survey.report()).mark
    assert (await mesh.survey.report(anew=True)).mark == mark
    mesh.change(2)
    answer(stream)
    assert (await mesh.survey.report()).mark == mark, "the same proxies have it again"
    mesh.connect("frontend-1")
    assert (await mesh.survey.report()).mark != mark


async def test_a_peer_authentication_counts_the_workloads_it_is_for() -> None:
    strict = """
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: strict, namespace: shop}
spec: {selector: {matchLabels: {app: reviews}}, mtls: {mode: STRICT}}
"""
    mesh = Mesh()
    mesh.publisher.apply(changes_of(strict))
    for pod in ("reviews-v1", "frontend-1"):
        answer(mesh.connect(pod))
    assert (await mesh.survey.report()).objects["PeerAuthentication shop/strict"] == Tally(1)
