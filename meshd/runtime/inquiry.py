"""Asks others about what the store names: each when its turn comes, all of one turn at once."""

import asyncio
import time
from abc import ABC, abstractmethod
from typing import Generic, TypeVar

Name = TypeVar("Name", str, tuple[str, str])

LOOK_SECONDS = 1.0
"""Between two looks at what the store names."""


class Inquiry(ABC, Generic[Name]):
    """Who is asked about which names, and what becomes of the answers, a subclass says."""

    def __init__(self) -> None:
        self.looked = asyncio.Event()
        """Set once those that were named at the start were asked about."""
        self._next: dict[Name, float] = {}

    @abstractmethod
    def named(self) -> set[Name]:
        """What the store names now."""

    @abstractmethod
    async def ask(self, name: Name) -> float:
        """Ask about `name`: seconds until it is asked about again. Never raises."""

    @abstractmethod
    def forget(self, name: Name) -> None:
        """Nobody names it any more."""

    async def run(self, known: asyncio.Event) -> None:
        """Look and ask, without end, once the objects are known."""
        await known.wait()
        while True:
            await self.look()
            self.looked.set()
            await asyncio.sleep(LOOK_SECONDS)

    async def look(self) -> None:
        """Ask about those whose turn it is, and forget those that are named no more."""
        named = self.named()
        for gone in self._next.keys() - named:
            del self._next[gone]
            self.forget(gone)
        now = time.monotonic()
        await asyncio.gather(*(self._ask(name) for name in sorted(named) if self._next.get(name, now) <= now))

    async def _ask(self, name: Name) -> None:
        wait = await self.ask(name)
        self._next[name] = time.monotonic() + wait
