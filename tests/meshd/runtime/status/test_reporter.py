"""One write for each object that has news, none for what is said already."""

import json
from collections.abc import Sequence
from typing import Any, cast

import pytest

from meshd.runtime.status.condition import Condition, by_type
from meshd.runtime.status.lull import Lull
from meshd.runtime.status.objects import OBJECTS, WrittenObject, watched
from meshd.runtime.status.pace import LASTING_SECONDS, PATIENCE_SECONDS, SETTLE_SECONDS
from meshd.runtime.status.peers import Peers
from meshd.runtime.status.reporter import WRITES_A_ROUND, Reporter
from meshd.runtime.status.survey import Survey
from meshd.runtime.status.tally import Refused, Report, Tally
from meshd.runtime.status.writer import Outcome, StatusWriter, patch_of

pytestmark = pytest.mark.asyncio
Json = dict[str, Any]


class Fakes:
    """What a reporter works with: the mesh as told by tests, and the API server, which tells what it stores."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.reports = [Report("0", Tally(5), {})]
        self.others: list[Report] = []
        self.missing: dict[str, Sequence[str]] = {}
        self.stored: dict[str, Json] = {}
        self.written: list[str] = []
        self.outcome = Outcome.WRITTEN
        self.quiet = self.quiet_comes = True
        self.waits = 0
        self.busy_after = 0
        """Writes after which it is quiet no more; 0: never."""
        self.reporter = self.new_reporter()

    def new_reporter(self) -> Reporter:
        return Reporter(
            cast(Survey, _Survey(self)), cast(Peers, _Peers(self)), lambda: self.missing,
            cast(StatusWriter, _Writer(self)), cast(Lull, _Lull(self)), lambda: self.now,
        )  # fmt: skip

    def say(self, **objects: Tally) -> None:
        mark = str(int(self.reports[0].mark) + 1)
        tallies = {f"VirtualService shop/{name}": tally for name, tally in objects.items()}
        self.reports = [Report(mark, Tally(5), tallies)]

    def put(self, name: str, spec: Json | None = None, kind: str = "VirtualService") -> None:
        old = self.stored.get(f"{kind} shop/{name}", {"metadata": {"generation": 0}})
        metadata = {"name": name, "namespace": "shop", "uid": name, "generation": old["metadata"]["generation"] + 1}
        spec = {"hosts": [name], "http": [{"directResponse": {"status": 200}}]} if spec is None else spec
        group = "telemetry" if kind == "Telemetry" else "networking"
        self.store({**old, "apiVersion": f"{group}.istio.io/v1", "kind": kind, "metadata": metadata, "spec": spec})

    def store(self, item: Json) -> None:
        self.stored[f"{item['kind']} shop/{item['metadata']['name']}"] = item
        self.tell(self.reporter, item)

    def tell(self, reporter: Reporter, item: Json) -> None:
        kind = next(k for k in watched() if k.name.startswith(f"{item['kind']} "))
        reporter.take(kind.rows(json.dumps(item).encode()))

    async def rounds(self, seconds: float) -> list[str]:
        """Names written meanwhile, with rounds a second apart."""
        self.written.clear()
        for _ in range(round(seconds) + 1):
            await self.reporter.round()
            self.now += 1.0
        return list(self.written)

    def reconciled(self, name: str) -> Json:
        conditions = self.stored[f"VirtualService shop/{name}"]["status"]["conditions"]
        return next(c for c in conditions if c["type"] == "Reconciled")


class _Survey:
    def __init__(self, fakes: Fakes) -> None:
        self._fakes = fakes

    async def report(self, anew: bool = False) -> Report:
        return self._fakes.reports[0]


class _Peers:
    def __init__(self, fakes: Fakes) -> None:
        self._fakes = fakes

    async def reports(self, anew: bool) -> list[Report]:
        return self._fakes.others


class _Lull:
    """Is there, comes when it is waited for, or does not come."""

    def __init__(self, fakes: Fakes) -> None:
        self._fakes = fakes

    def is_now(self) -> bool:
        return self._fakes.quiet

    async def wait(self) -> bool:
        self._fakes.waits += not self._fakes.quiet
        self._fakes.quiet = self._fakes.quiet or self._fakes.quiet_comes
        return self._fakes.quiet


class _Writer:
    def __init__(self, fakes: Fakes) -> None:
        self._fakes = fakes

    async def write(self, written: WrittenObject, conditions: tuple[Condition, ...]) -> Outcome:
        fakes = self._fakes
        fakes.written.append(written.name)
        if len(fakes.written) == fakes.busy_after:
            fakes.quiet = False
        if fakes.outcome is Outcome.WRITTEN:
            patch = patch_of(written, conditions)
            assert patch["metadata"] == {"uid": written.name}
            fakes.store({**fakes.stored[str(written)], "status": patch["status"]})
        return fakes.outcome


@pytest.fixture
def fakes() -> Fakes:
    return Fakes()


async def test_an_object_gets_its_status_in_one_write(fakes: Fakes) -> None:
    fakes.put("a")
    fakes.say(a=Tally(2, pending=1))
    assert await fakes.rounds(2) == []
    fakes.say(a=Tally(2))
    assert await fakes.rounds(20) == ["a"]
    assert fakes.stored["VirtualService shop/a"]["status"]["observedGeneration"] == 1
    assert fakes.reconciled("a")["message"] == "in force at 2 of 2 proxies"


async def test_proxies_that_come_and_go_cause_no_write(fakes: Fakes) -> None:
    names = [f"o{number}" for number in range(100)]
    for name in names:
        fakes.put(name)
    fakes.say(**dict.fromkeys(names, Tally(1)))
    assert sorted(await fakes.rounds(10)) == sorted(names)
    for proxies in range(2, 1000, 50):
        fakes.say(**dict.fromkeys(names, Tally(proxies, pending=proxies // 2)))
        assert await fakes.rounds(10) == []


async def test_a_restart_writes_nothing_that_is_written(fakes: Fakes) -> None:
    fakes.put("a")
    fakes.say(a=Tally(2))
    await fakes.rounds(2)
    times = fakes.reconciled("a")["lastTransitionTime"]
    fakes.reporter = fakes.new_reporter()
    for item in fakes.stored.values():
        fakes.tell(fakes.reporter, item)
    fakes.say()
    assert await fakes.rounds(5) == [], "proxies have not come back yet"
    fakes.say(a=Tally(1), b=Tally(1))
    assert await fakes.rounds(100) == []
    assert fakes.reconciled("a")["lastTransitionTime"] == times


async def test_a_refusal_is_shown_at_once_and_its_end_when_it_lasts(fakes: Fakes) -> None:
    fakes.put("a")
    fakes.put("b")
    fakes.say(a=Tally(2), b=Tally(2))
    await fakes.rounds(2)
    fakes.say(a=Tally(2, refused=1, refusals=(Refused("shop/x", "VirtualHost 80/a", "too large"),)), b=Tally(2))
    assert await fakes.rounds(0) == ["a"]
    assert fakes.reconciled("a")["status"] == "False"
    assert "Envoy refused VirtualHost 80/a at shop/x: too large" in fakes.reconciled("a")["message"]
    fakes.say(a=Tally(2), b=Tally(2))
    assert await fakes.rounds(LASTING_SECONDS - 2) == []
    assert await fakes.rounds(4) == ["a"]
    assert fakes.reconciled("a")["status"] == "True"


async def test_all_replicas_proxies_count(fakes: Fakes) -> None:
    fakes.put("a")
    fakes.say(a=Tally(2))
    fakes.others = [Report("x", Tally(3), {"VirtualService shop/a": Tally(3)})]
    await fakes.rounds(3)
    assert fakes.reconciled("a")["message"] == "in force at 5 of 5 proxies"


async def test_what_it_waits_for_is_shown(fakes: Fakes) -> None:
    fakes.put("a")
    fakes.missing = {"VirtualService shop/a": ("b/v9",)}
    assert await fakes.rounds(3) == ["a"]
    assert fakes.reconciled("a")["reason"] == "Waiting"
    assert "b/v9" in fakes.reconciled("a")["message"]


async def test_an_object_that_got_past_the_webhook_and_is_wrong_says_why(fakes: Fakes) -> None:
    fakes.put("a", {"hosts": [], "http": 7})
    await fakes.rounds(3)
    found = by_type(Condition(**{_snake(k): v for k, v in c.items()}) for c in _conditions(fakes, "a"))
    assert found["Accepted"].status == "False"
    assert "spec.http" in found["Accepted"].message


async def test_an_object_no_proxy_has_to_do_with_says_so(fakes: Fakes) -> None:
    fakes.put("a")
    assert await fakes.rounds(PATIENCE_SECONDS - 1) == []
    assert await fakes.rounds(2) == ["a"]
    assert (fakes.reconciled("a")["status"], fakes.reconciled("a")["reason"]) == ("Unknown", "NoProxies")


async def test_a_write_that_fails_is_tried_again_and_one_too_late_is_not(fakes: Fakes) -> None:
    fakes.put("a")
    fakes.say(a=Tally(2))
    fakes.outcome = Outcome.FAILED
    assert len(await fakes.rounds(5)) > 2
    fakes.outcome = Outcome.WRITTEN
    assert await fakes.rounds(5) == ["a"]


async def test_a_deleted_object_is_forgotten(fakes: Fakes) -> None:
    fakes.put("a")
    fakes.reporter.take([(OBJECTS, "VirtualService shop/a", None)])
    assert await fakes.rounds(SETTLE_SECONDS + 20) == []


async def test_many_objects_are_written_in_several_rounds(fakes: Fakes) -> None:
    names = [f"o{number}" for number in range(WRITES_A_ROUND + 5)]
    for name in names:
        fakes.put(name)
    fakes.say(**dict.fromkeys(names, Tally(1)))
    await fakes.reporter.round()
    fakes.now += 1
    await fakes.reporter.round()
    assert len(fakes.written) == WRITES_A_ROUND
    await fakes.reporter.round()
    assert sorted(fakes.written) == sorted(names)


async def test_a_status_of_another_shape_is_replaced(fakes: Fakes) -> None:
    fakes.put("a")
    fakes.store({**fakes.stored["VirtualService shop/a"], "status": {"conditions": "none"}})
    fakes.say(a=Tally(1))
    assert await fakes.rounds(3) == ["a"]


def _conditions(fakes: Fakes, name: str) -> list[Json]:
    found: list[Json] = fakes.stored[f"VirtualService shop/{name}"]["status"]["conditions"]
    return found


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


async def test_a_change_that_goes_to_proxies_puts_the_rest_off_until_it_is_quiet_again(fakes: Fakes) -> None:
    names = [f"o{number}" for number in range(5)]
    for name in names:
        fakes.put(name)
    fakes.say(**{name: Tally(1) for name in names})
    await fakes.rounds(0)
    fakes.busy_after = 2
    assert await fakes.rounds(0) == names[:2], "a round ends when it is quiet no more"
    assert (await fakes.rounds(0), fakes.waits) == (names[2:4], 1), "the next one waits before it goes on"
    assert await fakes.rounds(0) == names[4:]


async def test_when_it_is_never_quiet_all_is_written_in_the_end(fakes: Fakes) -> None:
    names = [f"o{number}" for number in range(WRITES_A_ROUND + 5)]
    for name in names:
        fakes.put(name)
    fakes.say(**{name: Tally(1) for name in names})
    fakes.quiet = fakes.quiet_comes = False
    assert sorted(await fakes.rounds(5)) == sorted(names)


async def test_a_lull_is_half_a_second_without_a_change() -> None:
    now, change = 100.0, 99.0

    def clock() -> float:
        nonlocal now
        now += 0.25
        return now

    assert Lull(lambda: change, clock).is_now()
    change = now
    assert not Lull(lambda: change, clock).is_now()
    assert await Lull(lambda: change, clock).wait()
    assert not await Lull(lambda: now, clock).wait(), "it does not wait for ever"
