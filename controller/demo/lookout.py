"""Looking until everything is as it should be, with a deadline.

Rules of this module:

1. Looking must not slow down what is looked at: after a look comes a pause of several times its length.
2. What is not reached in time ends the play (`Quitting`); `found` then holds what is still different.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from controller.demo.check import WORDS, Account, Difference, Memory, Record, Scene, differences
from platforms.transport import Clock

GLANCE = 0.2  # seconds between two looks, at least
_SHARE = 4

Tell = Callable[[str, int, int], None]
"""Told of every look: what is waited for, how much of it is done, how much there is."""


class Sight(Protocol):
    """Where the truth is to be seen; `Site` is one."""

    async def accounts(self) -> Sequence[Account]:
        """Billing's facts."""
        ...

    async def records(self, platform: str) -> Sequence[Record]:
        """Everything the platform holds."""
        ...


class Quitting(Exception):
    """Patience ended; the text says what was waited for."""


@dataclass(frozen=True, slots=True)
class Wrong:
    """A difference, and on which platform it is."""

    platform: str
    difference: Difference

    def __str__(self) -> str:
        return f"{self.platform}: {self.difference}"


@dataclass(frozen=True, slots=True)
class Happening:
    """What happens on one platform, and to how many accounts; `None` stands for all."""

    name: str
    platform: str
    accounts: int | None = None


class Lookout:
    """Compares billing and the platforms, and remembers what was on each when all was well."""

    def __init__(self, site: Sight, clock: Clock, patience: float, tell: Tell) -> None:
        self.memory: Mapping[str, Memory] = {name: Memory() for name in WORDS}
        self.found: Sequence[Wrong] = ()
        self._site = site
        self._clock = clock
        self._patience = patience
        self._tell = tell

    @property
    def ours(self) -> Mapping[str, frozenset[str]]:
        """The names of our records when all was last well, by platform."""
        return {name: memory.ours for name, memory in self.memory.items()}

    async def remember_foreign(self) -> None:
        """Everything that the platforms hold now is not ours."""
        self.memory = {
            name: Memory({words.key_of(record): record for record in await self._site.records(name)})
            for name, words in WORDS.items()
        }

    async def all_is_well(self) -> bool:
        """Whether the independent check finds nothing on any platform."""
        accounts, dumps = await asyncio.gather(
            self._site.accounts(), asyncio.gather(*(self._site.records(name) for name in WORDS))
        )
        now, found = self._clock.now(), list[Wrong]()
        for (name, words), records in zip(WORDS.items(), dumps, strict=True):
            scene = Scene(words, records, self.memory[name], now)
            found += [Wrong(name, each) for each in differences(accounts, scene)]
        self.found = found
        if not found:
            self.memory = {
                name: _with_ours(name, self.memory[name], records) for name, records in zip(WORDS, dumps, strict=True)
            }
        return not found

    async def until_all_is_well(self, happenings: Sequence[Happening]) -> Mapping[Happening, float]:
        """Wait until the check finds nothing; returns the clock's seconds when each platform first was as asked for."""
        title, most = happenings[0].name, 1
        shown: dict[Happening, float] = {}

        async def look() -> bool:
            nonlocal most
            well = await self.all_is_well()
            most = max(most, len(self.found))
            self._tell(title, most - len(self.found), most)
            waiting = {wrong.platform for wrong in self.found}
            for each in happenings:
                if each.platform not in waiting:
                    shown.setdefault(each, self._clock.monotonic())
            return well

        await self.until(title, look)
        return shown

    async def until(self, what: str, holds: Callable[[], Awaitable[bool]]) -> None:
        """Look again and again, until it holds. Raises `Quitting` when patience ends."""
        deadline = self._clock.monotonic() + self._patience
        while True:
            began = self._clock.monotonic()
            if await holds():
                return
            now = self._clock.monotonic()
            if now > deadline:
                raise Quitting(what)
            await self._clock.sleep(max(GLANCE, _SHARE * (now - began)))


def _with_ours(platform: str, memory: Memory, records: Sequence[Record]) -> Memory:
    words = WORDS[platform]
    ours = (words.name_of(each) for each in records if words.key_of(each) not in memory.foreign)
    return replace(memory, ours=frozenset(ours))
