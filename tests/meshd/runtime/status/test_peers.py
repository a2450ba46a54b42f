"""Replicas believe each other, and nobody else."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from aiohttp import ClientSession, web

from meshd.model.service import Workload
from meshd.model.store import Store
from meshd.model.tables import WORKLOADS
from meshd.pki.authority import CertificateAuthority, create_root
from meshd.runtime.serving import ServingCertificate, server_context
from meshd.runtime.status.peers import PATH, Peers, other_replicas, serve_report, shared_word
from meshd.runtime.status.tally import Refused, Report, Tally

pytestmark = pytest.mark.asyncio

NAME = "meshd.istio-system.svc"
TALLY = Tally(3, refused=1, refusals=(Refused("shop/a", "Cluster c", "no"),))
OTHER = Workload("istio-system", "meshd-2", "u2", "127.0.0.1", (("app", "meshd"),), "meshd", "meshd", False)
WORD = shared_word(b"key")


class Replica:
    """Another replica; `asked` counts whole answers."""

    def __init__(self) -> None:
        self.report = Report("1", Tally(3), {"VirtualService shop/a": TALLY})
        self.asked: list[bool] = []

    async def answer(self, anew: bool) -> Report:
        self.asked.append(anew)
        return self.report


@asynccontextmanager
async def serving(replica: Replica, authority: CertificateAuthority) -> AsyncIterator[int]:
    app = web.Application()
    serve_report(app, WORD, replica.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    tls = server_context(ServingCertificate(authority, [NAME]))
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
    yield runner.addresses[0][1]
    await runner.cleanup()


@pytest.fixture
def authority() -> CertificateAuthority:
    return CertificateAuthority(*create_root("root", timedelta(days=2)))


async def test_a_report_is_told_and_told_again_only_when_it_differs(authority: CertificateAuthority) -> None:
    replica = Replica()
    async with (
        serving(replica, authority) as port,
        Peers(lambda: [OTHER], WORD, authority.root_pem.decode(), NAME, port) as peers,
    ):
        assert await peers.reports(anew=True) == [replica.report]
        (first,) = await peers.reports(anew=False)
        (again,) = await peers.reports(anew=False)
        assert first is again
        replica.report = Report("2", Tally(4), {})
        assert await peers.reports(anew=False) == [replica.report]
    assert replica.asked == [True, False, False, False]


async def test_a_replica_that_does_not_answer_is_left_out(authority: CertificateAuthority) -> None:
    async with Peers(lambda: [OTHER], WORD, authority.root_pem.decode(), NAME, 1) as peers:
        assert await peers.reports(anew=False) == []


async def test_only_who_has_the_word_is_told(authority: CertificateAuthority) -> None:
    replica = Replica()
    async with serving(replica, authority) as port:
        wrong = Peers(lambda: [OTHER], shared_word(b"another key"), authority.root_pem.decode(), NAME, port)
        async with wrong as peers:
            assert await peers.reports(anew=False) == []
        url = f"https://127.0.0.1:{port}{PATH}"
        async with ClientSession() as session, session.get(url, ssl=False) as answer:
            assert answer.status == 401
    assert replica.asked == []


async def test_only_who_has_the_certificate_is_asked(authority: CertificateAuthority) -> None:
    replica = Replica()
    stranger = CertificateAuthority(*create_root("root", timedelta(days=2)))
    async with (
        serving(replica, stranger) as port,
        Peers(lambda: [OTHER], WORD, authority.root_pem.decode(), NAME, port) as peers,
    ):
        assert await peers.reports(anew=False) == []
    assert replica.asked == []


async def test_the_other_replicas_are_the_other_pods_of_meshd() -> None:
    store = Store()
    own = Workload("istio-system", "meshd-1", "u1", "10.0.0.1", (("app", "meshd"),), "meshd", "meshd", False)
    starting = Workload("istio-system", "meshd-3", "u3", "", (("app", "meshd"),), "meshd", "meshd", False)
    gateway = Workload("istio-system", "gateway", "u4", "10.0.0.4", (("app", "gateway"),), "g", "g", False)
    store.apply((WORKLOADS, pod.key, pod) for pod in (own, OTHER, starting, gateway))
    assert other_replicas(store, "istio-system", "meshd-1") == (OTHER,)
    assert other_replicas(store, "istio-system", "") == ()
