"""Looking until everything is as it should be, with a deadline.

Rules of this module:

1. Looking must not slow down what is looked at: after a look comes a pause of several times its length.
2. What is not reached in time ends the play (`Quitting`); `found` then holds what is still different.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from controller.demo.check import Account, Difference, Memory, Record, differences
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

    async def records(self) -> Sequence[Record]:
        """Everything the platform holds."""
        ...


class Quitting(Exception):
    """Patience ended; the text says what was waited for."""


@dataclass(frozen=True, slots=True)
class Happening:
    """One thing that happens, and the names of the records that are to show it (none: all of them)."""

    name: str
    records: frozenset[str] = frozenset()


class Lookout:
    """Compares billing and platform, and remembers what was there when all was well."""

    def __init__(self, site: Sight, clock: Clock, patience: float, tell: Tell) -> None:
        self.memory = Memory()
        self.found: Sequence[Difference] = ()
        self._site = site
        self._clock = clock
        self._patience = patience
        self._tell = tell

    async def remember_foreign(self) -> None:
        """Everything that the platform holds now is not ours."""
        self.memory = Memory({str(record["id"]): record for record in await self._site.records()})

    async def all_is_well(self) -> bool:
        """Whether the independent check finds nothing."""
        accounts, records = await asyncio.gather(self._site.accounts(), self._site.records())
        self.found = differences(accounts, records, self.memory, self._clock.now())
        if not self.found:
            names = (str(each["externalId"]) for each in records if each["id"] not in self.memory.foreign)
            self.memory = replace(self.memory, ours=frozenset(names))
        return not self.found

    async def until_all_is_well(self, happenings: Sequence[Happening]) -> Mapping[str, float]:
        """Wait until the check finds nothing; returns for each happening the clock's seconds when it first showed."""
        title, most = happenings[0].name + (f" and {len(happenings) - 1} more" if len(happenings) > 1 else ""), 1
        shown: dict[str, float] = {}

        async def look() -> bool:
            nonlocal most
            well = await self.all_is_well()
            most = max(most, len(self.found))
            self._tell(title, most - len(self.found), most)
            waiting = {each.record for each in self.found}
            for each in happenings:
                if well or (each.records and not each.records & waiting):
                    shown.setdefault(each.name, self._clock.monotonic())
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
