"""Replicas tell each other how far their proxies are: the one that leads asks the others.

They know each other by a word made from the CA's key, which only replicas have, and by the certificate of meshd.
"""

import asyncio
import hashlib
import hmac
import logging
import ssl
from collections.abc import Awaitable, Callable, Iterable, Sequence

import msgspec
from aiohttp import ClientError, ClientSession, ClientTimeout, TCPConnector, web

from meshd.model.labels import selects
from meshd.model.service import Workload
from meshd.model.store import Store
from meshd.model.tables import WORKLOADS
from meshd.runtime.status.tally import Report

log = logging.getLogger(__name__)

PATH = "/replicas/report"
ANSWER_SECONDS = 5.0
"""A replica takes its time over a report, in favour of its proxies."""
SELECTOR = (("app", "meshd"),)

_REPORT = msgspec.json.Decoder(Report)


def shared_word(ca_key: bytes) -> str:
    """What replicas show each other; says nothing of the key itself."""
    return hmac.new(ca_key, b"meshd: one replica to another", hashlib.sha256).hexdigest()


def serve_report(app: web.Application, word: str, report: Callable[[bool], Awaitable[Report]]) -> None:
    """GET /replicas/report[?but=MARK][&anew=1] for other replicas; 304 when the report of that mark still holds."""

    async def handle(request: web.Request) -> web.Response:
        shown = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if not hmac.compare_digest(shown.encode(), word.encode()):
            return web.Response(status=401, text="only for replicas of meshd\n")
        found = await report("anew" in request.query)
        if found.mark == request.query.get("but"):
            return web.Response(status=304)
        return web.Response(body=msgspec.json.encode(found), content_type="application/json")

    app.router.add_get(PATH, handle)


def other_replicas(store: Store, namespace: str, own_pod: str) -> tuple[Workload, ...]:
    """Pods of meshd but our own; () when we are no pod ourselves."""
    if not own_pod:
        return ()
    pods = store.find(WORKLOADS, "namespace", namespace)
    return tuple(pod for pod in pods if pod.name != own_pod and pod.ip and selects(SELECTOR, pod.labels))


class Peers:
    """Reports of the other replicas, each fetched again only where it differs. Use as a context manager."""

    def __init__(
        self, others: Callable[[], Sequence[Workload]], word: str, root_pem: str, server_name: str, port: int
    ) -> None:
        self._others = others
        self._headers = {"Authorization": f"Bearer {word}"}
        self._tls = ssl.create_default_context(cadata=root_pem)
        self._server_name = server_name
        self._port = port
        self._known: dict[str, Report] = {}

    async def __aenter__(self) -> "Peers":
        self._session = ClientSession(
            connector=TCPConnector(ssl=self._tls), timeout=ClientTimeout(total=ANSWER_SECONDS), headers=self._headers
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    async def reports(self, anew: bool) -> list[Report]:
        """Of every replica that answers; one that does not has no proxies to speak of, or starts or ends."""
        pods = self._others()
        found = await asyncio.gather(*(self._ask(pod, anew) for pod in pods))
        self._known = {pod.uid: report for pod, report in zip(pods, found, strict=True) if report is not None}
        return list(self._known.values())

    async def _ask(self, pod: Workload, anew: bool) -> Report | None:
        known = self._known.get(pod.uid)
        url = f"https://{pod.ip}:{self._port}{PATH}"
        query = {**({"but": known.mark} if known else {}), **({"anew": "1"} if anew else {})}
        try:
            async with self._session.get(url, params=query, server_hostname=self._server_name) as answer:
                if answer.status == 304:
                    return known
                answer.raise_for_status()
                return _REPORT.decode(await answer.read())
        except (ClientError, TimeoutError, OSError, msgspec.DecodeError) as error:
            log.debug("replica %s does not tell of its proxies: %r", pod.name, error)
            return None


def marks(reports: Iterable[Report]) -> tuple[str, ...]:
    """Equal when nothing in the reports has changed."""
    return tuple(sorted(report.mark for report in reports))
