"""What stands at the addresses: a simulator, and before it somebody who sees every call and can kill the caller.

Rules of this module:

1. `before`: the call arrived and takes no effect, since its caller died a moment earlier. `after`: it took effect, and
   nobody is there to read the answer.
2. What a write really changed is told by comparing all records before and after it, not by what it asked for.
"""

import asyncio
import os
import re
import signal
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from random import Random  # noqa: TID251  seeded, so that a run can be repeated

import httpx
import msgspec
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from controller.billing.simulator import Simulator, create_simulator
from controller.billing.simulator.state import Installation
from controller.clock import SystemClock
from controller.demo.check import WORDS, Record
from controller.demo.kinds import KINDS
from platforms.registry import DRIVERS
from tests.kills.crossings import Crossing, Kind
from tests.servers import serving_beside

DEADLINE = 60.0
_HOLDING = {"tv": "operator", "cable": "platform", "box": "portal"}
"""The attribute of a simulator with all that it holds."""
_AT_BILLING: Mapping[str, Kind] = {"make_transaction": "book", "get_xdr_list": "look"}
_MARK = re.compile(r"i_account=(\d+)")

Effects = Mapping[tuple[int, str], int]
"""How often each account's record was created, deleted, suspended and resumed."""


@dataclass(frozen=True, slots=True)
class Held:
    """All that billing and the platform hold, and what the platform's records went through so far."""

    installation: Installation
    records: object
    effects: Counter[tuple[int, str]]


@dataclass(slots=True)
class Tally:
    """The calls of one process, in order."""

    calls: list[Crossing] = field(default_factory=list)
    counts: Counter[Kind] = field(default_factory=Counter)


class Wires:
    """Billing and one platform, on loopback. `order` is where `victim` is to die, if that is at a call.

    `effects` is what the platform's records went through. `is_selling`: its feed has something to show.
    """

    def __init__(self, platform: str) -> None:
        clock, draw = SystemClock(), Random(1).random
        self.platform_name = platform
        self.words = WORDS[platform]
        self.billing: Simulator = create_simulator(clock, draw)
        self.platform: ASGIApp = DRIVERS[KINDS[platform].driver].simulator(clock, draw)
        self.tally = Tally()
        self.effects: Counter[tuple[int, str]] = Counter()
        self.order: Crossing | None = None
        self.victim = 0
        self.is_selling = False

    def forget(self) -> None:
        """Count calls from zero; nobody is to die."""
        self.tally, self.order = Tally(), None

    def keep(self) -> "Held":
        """All that billing and the platform hold, to be put back by `restore`."""
        held = Held(self.billing.installation, getattr(self.platform, _HOLDING[self.platform_name]), self.effects)
        return deepcopy(held)

    def restore(self, kept: "Held") -> None:
        """Make everything as it was."""
        held = deepcopy(kept)
        self.billing.world.installation, self.effects = held.installation, held.effects
        setattr(self.platform, _HOLDING[self.platform_name], held.records)

    async def records(self) -> Sequence[Record]:
        """Every record of the platform, as its simulator dumps it."""
        async with httpx.AsyncClient(transport=httpx.ASGITransport(self.platform)) as client:
            answer = await client.get(f"http://platform.test{self.words.path}")
        return msgspec.convert(answer.json()["rows"], list[dict[str, object]])

    async def at_billing(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Billing."""
        kind = _AT_BILLING.get(scope["path"].rpartition("/")[2], "billing")
        if self._arrived(kind):
            return
        if kind == "book":
            await self._unless_killed(
                Crossing(kind, self.tally.counts[kind], "after"), self.billing, scope, receive, send
            )
        else:
            await self.billing(scope, receive, send)

    async def at_platform(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The platform."""
        is_read = scope["method"] == "GET" or scope["path"].endswith("/access-token")
        is_feed = is_read and scope["path"].endswith("/transactions") and self.is_selling
        if self._arrived("feed" if is_feed else "read" if is_read else "write"):
            return
        if is_read:
            await self.platform(scope, receive, send)
        else:
            await self._write(self.tally.counts["write"], scope, receive, send)

    def _arrived(self, kind: Kind) -> bool:
        """Note the call; says whether its caller is dead."""
        self.tally.counts[kind] += 1
        crossing = Crossing(kind, self.tally.counts[kind])
        self.tally.calls.append(crossing)
        return self._kills(crossing)

    async def _write(self, number: int, scope: Scope, receive: Receive, send: Send) -> None:
        before = await self.records()

        async def write(scope: Scope, receive: Receive, send: Send) -> None:
            await self.platform(scope, receive, send)
            self.effects.update(_went_through(self._switches(before), self._switches(await self.records())))

        await self._unless_killed(Crossing("write", number, "after"), write, scope, receive, send)

    async def _unless_killed(
        self, crossing: Crossing, app: ASGIApp, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Have it done; its answer is sent unless the caller dies first."""
        answer = list[Message]()

        async def keep(message: Message) -> None:
            answer.append(message)

        await app(scope, receive, keep)
        if self._kills(crossing):
            return
        for message in answer:
            await send(message)

    def _kills(self, crossing: Crossing) -> bool:
        if crossing != self.order:
            return False
        os.kill(self.victim, signal.SIGKILL)
        return True

    def _switches(self, records: Sequence[Record]) -> dict[int, bool]:
        """Who has a record of ours, and whether it is on."""
        found = ((_MARK.search(str(each[self.words.note])), self.words.is_on(each)) for each in records)
        return {int(mark[1]): is_on for mark, is_on in found if mark}


def _went_through(before: Mapping[int, bool], after: Mapping[int, bool]) -> Iterator[tuple[int, str]]:
    for i_account in before.keys() | after.keys():
        was, is_ = before.get(i_account), after.get(i_account)
        if was is None or is_ is None:
            yield from [(i_account, "create")] if was is None else [(i_account, "delete")]
        elif was is not is_:
            yield i_account, "resume" if is_ else "suspend"


@dataclass(frozen=True, slots=True)
class _Door:
    """An app that the server knows for one, which a bound method is not."""

    app: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)


@dataclass(frozen=True, slots=True)
class Served:
    """Wires that are up."""

    wires: Wires
    billing_url: str
    platform_url: str
    loop: asyncio.AbstractEventLoop

    def records(self) -> Sequence[Record]:
        """Every record of the platform."""
        return asyncio.run_coroutine_threadsafe(self.wires.records(), self.loop).result(DEADLINE)


@contextmanager
def served(wires: Wires) -> Iterator[Served]:
    """Serve them from a thread while the context lasts."""
    with serving_beside(_Door(wires.at_billing), _Door(wires.at_platform)) as beside:
        billing_url, platform_url = beside.urls
        yield Served(wires, billing_url, platform_url, beside.loop)
