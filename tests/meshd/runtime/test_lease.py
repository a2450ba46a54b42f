"""At most one replica leads, whatever the others and the API server do."""

import asyncio
from dataclasses import replace

import pytest

from meshd.runtime import lease
from meshd.runtime.lease import DURATION_SECONDS, GIVE_UP_SECONDS, Candidate, LeaseUnavailable, LostRace, Record, lead

pytestmark = pytest.mark.asyncio


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class FakeStore:
    """A lease in memory, with versions as the API server has them."""

    def __init__(self) -> None:
        self.record: Record | None = None
        self.away = False
        self.writes = 0

    async def read(self) -> Record | None:
        if self.away:
            raise LeaseUnavailable("away")
        return self.record

    async def write(self, holder: str, transitions: int, version: str) -> Record:
        if self.away:
            raise LeaseUnavailable("away")
        if version != (self.record.version if self.record else ""):
            raise LostRace("outdated")
        self.writes += 1
        self.record = Record(holder, str(self.writes), transitions)
        return self.record


class ReadsBefore(FakeStore):
    """Tells what was there before another replica wrote."""

    async def read(self) -> Record | None:
        before = self.record
        self.record = replace(before, version="newer") if before else Record("b", "newer")
        return before


@pytest.fixture
def clock() -> Clock:
    return Clock()


async def test_the_first_leads_and_the_second_waits(clock: Clock) -> None:
    store = FakeStore()
    first, second = (Candidate(store, name, clock) for name in "ab")
    for _ in range(5):
        await first.try_once()
        await second.try_once()
        assert (first.leads, second.leads) == (True, False)
        clock.now += DURATION_SECONDS / 2 - 1
    assert store.record is not None
    assert (store.record.holder, store.record.transitions) == ("a", 1)


async def test_a_leader_that_is_gone_is_followed_when_its_lease_has_run_out(clock: Clock) -> None:
    store = FakeStore()
    first, second = (Candidate(store, name, clock) for name in "ab")
    await first.try_once()
    await second.try_once()
    clock.now += DURATION_SECONDS - 0.1
    await second.try_once()
    assert not second.leads
    clock.now += 0.1
    await second.try_once()
    assert second.leads
    await first.try_once()
    assert not first.leads
    assert store.record == Record("b", "2", 2)


async def test_a_leader_that_cannot_renew_stops_before_another_begins(clock: Clock) -> None:
    store = FakeStore()
    first = Candidate(store, "a", clock)
    await first.try_once()
    store.away = True
    clock.now += GIVE_UP_SECONDS
    with pytest.raises(LeaseUnavailable):
        await first.try_once()
    assert not first.leads
    assert GIVE_UP_SECONDS < DURATION_SECONDS


async def test_a_lease_that_is_given_back_is_taken_at_once(clock: Clock) -> None:
    store = FakeStore()
    first, second = (Candidate(store, name, clock) for name in "ab")
    await first.try_once()
    await second.try_once()
    await first.give_back()
    await second.try_once()
    assert (first.leads, second.leads) == (False, True)
    await first.give_back()
    assert store.record is not None
    assert store.record.holder == "b"


async def test_of_two_that_write_at_once_one_leads(clock: Clock) -> None:
    late = Candidate(ReadsBefore(), "a", clock)
    with pytest.raises(LostRace):
        await late.try_once()
    assert not late.leads


async def test_a_term_lasts_as_long_as_the_lease(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease, "RENEW_SECONDS", 0.0)
    store = FakeStore()
    terms: list[str] = []

    async def term() -> None:
        terms.append("began")
        try:
            await asyncio.Event().wait()
        finally:
            terms.append("ended")

    async def until(expected: list[str]) -> None:
        async with asyncio.timeout(5):
            while terms != expected:
                await asyncio.sleep(0)

    leading = asyncio.create_task(lead(Candidate(store, "a", clock), term))
    await until(["began"])
    store.away = True
    clock.now += GIVE_UP_SECONDS
    await until(["began", "ended"])
    store.away = False
    await until(["began", "ended", "began"])
    leading.cancel()
    await until(["began", "ended", "began", "ended"])
    with pytest.raises(asyncio.CancelledError):
        await leading
    assert store.record is not None
    assert store.record.holder == ""


async def test_a_term_that_breaks_begins_anew(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease, "RENEW_SECONDS", 0.0)
    begun: list[int] = []

    async def term() -> None:
        begun.append(1)
        raise ZeroDivisionError

    leading = asyncio.create_task(lead(Candidate(FakeStore(), "a", clock), term))
    async with asyncio.timeout(5):
        while len(begun) < 3:
            await asyncio.sleep(0)
    leading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leading
