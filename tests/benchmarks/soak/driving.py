"""What happens around a daemon: accounts change and billing tells of it, records are changed by hand, targets fail.

Rules of this module:

1. An account is changed again only when its last change has come to the platform; so each change is one call.
2. A change of billing comes before its event, as billing sends it; the time to the call is taken from the posting.
3. Chance is seeded: two runs differ by what the machine does, not by what happens to the accounts.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random  # noqa: TID251  seeded, so that a run can be repeated
from time import perf_counter

import aiohttp

from tests.benchmarks.daemons import PRODUCT
from tests.benchmarks.fleets import Fleet
from tests.benchmarks.population import FIRST, PACKAGES, PRODUCTS, Fields, customer_event, event
from tests.benchmarks.soak.sampling import Told

LOOKED_EVERY = 0.25
_HEADERS = {"authorization": "Bearer token"}

Rate = Callable[[float], float]
"""How many things happen a second, by the seconds since the start."""


@dataclass(frozen=True, slots=True)
class Order:
    """What a server (`billing` or `platform`) is told at an instant, in seconds from the start: a latency, a fault, or
    what to change about accounts."""

    at: float
    server: str
    told: Mapping[str, object] = field(default_factory=dict)
    i_accounts: Sequence[int] = ()
    fields: Fields = field(default_factory=dict)

    @property
    def body(self) -> Mapping[str, object]:
        """As its `_world` takes it."""
        return {**self.told, "i_accounts": [*self.i_accounts], "fields": self.fields}


@dataclass(frozen=True, slots=True)
class Happening:
    """What happens: how much a second, in which mix (kind to weight), by how many at a time, and orders to servers.

    `operator_every`: so many seconds apart a person asks for an account (`requeue`); 0: nobody does.
    """

    rate: Rate
    mix: Mapping[str, int]
    orders: Sequence[Order] = ()
    at_once: int = 4
    operator_every: float = 0.0


DAILY = {"product": 40, "block": 25, "nothing": 20, "quiet": 5, "by hand": 5, "customer": 3, "again": 2}
"""A day's mix: `nothing` is an event that changed nothing of ours, `quiet` a change without an event, `again` an event
that comes twice, `customer` one about all accounts of a customer."""


class Driver:
    """Has things happen to a fleet of so many accounts."""

    def __init__(self, fleet: Fleet, accounts: int, hook: str, session: aiohttp.ClientSession) -> None:
        self._config = str(fleet.config)
        self._servers = {"billing": fleet.billing, "platform": fleet.platform}
        self._accounts = accounts
        self._hook = f"{hook}/process-event"
        self._session = session
        self._random = Random(1)
        self._changed: dict[int, Fields] = {}
        self._posted: dict[int, float] = {}
        self._asked: dict[int, float] = {}
        self._number = 0
        self._told = Told()
        self._kinds = {
            "product": self._product,
            "block": self._block,
            "nothing": self._nothing,
            "quiet": self._quiet,
            "by hand": self._by_hand,
            "customer": self._customer,
            "again": self._again,
        }

    def told(self) -> Told:
        """What was seen since it was asked last."""
        told, self._told = self._told, Told()
        told.pending = len(self._posted)
        return told

    async def drive(self, happening: Happening, seconds: float) -> None:
        """Have it happen for so long."""
        began = perf_counter()
        async with asyncio.TaskGroup() as group:
            for number in range(happening.at_once):
                group.create_task(self._happen(happening, began + number / happening.at_once, began + seconds))
            for order in happening.orders:
                group.create_task(self._order(order, began))
            if happening.operator_every:
                group.create_task(self._operate(happening.operator_every, began + seconds))

    async def watch(self) -> None:
        """Take note of the calls that the platform sees."""
        while True:
            await self.look()
            await asyncio.sleep(LOOKED_EVERY)

    async def look(self) -> None:
        """Take note of those since the last look."""
        async with self._session.delete(f"{self._servers['platform']}/_world", params={"writes": 1}) as answer:
            written = (await answer.json())["at"]
        for text, at in written.items():
            for waiting, took in ((self._posted, self._told.calls), (self._asked, self._told.asked)):
                since = waiting.pop(int(text), None)
                if since is not None:
                    took.append(max(0.0, at - since) * 1000)

    async def _happen(self, happening: Happening, begin: float, end: float) -> None:
        kinds, weights, next_at = [*happening.mix], [*happening.mix.values()], begin
        while (now := perf_counter()) < end:
            rate = happening.rate(now - begin) / happening.at_once
            if rate <= 0:
                next_at = now + 1
            elif now >= next_at:
                next_at = max(next_at, now - 1) + 1 / rate
                await self._kinds[self._random.choices(kinds, weights)[0]]()
            await asyncio.sleep(max(0.0, min(next_at - perf_counter(), 1.0)))

    async def _operate(self, every: float, end: float) -> None:
        while perf_counter() + every < end:
            await asyncio.sleep(every)
            i_account = self._anybody()
            await self._change(self._other_product(i_account), i_account)
            command = (*PRODUCT, "requeue", f"i_account:{i_account}", "--config", self._config)
            process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.DEVNULL)
            await process.wait()
            self._asked[i_account] = perf_counter()

    async def _order(self, order: Order, began: float) -> None:
        await asyncio.sleep(max(0.0, began + order.at - perf_counter()))
        if order.server == "billing":
            for i_account in order.i_accounts:
                self._changed[i_account] = {**self._changed.get(i_account, {}), **order.fields}
        await self._tell(order.server, order.body)

    async def _tell(self, server: str, order: Mapping[str, object]) -> None:
        async with self._session.post(f"{self._servers[server]}/_world", json=order) as answer:
            await answer.read()

    def _anybody(self) -> int:
        while (i_account := FIRST + self._random.randrange(self._accounts)) in self._posted.keys() | self._asked.keys():
            pass
        return i_account

    async def _change(self, fields: Fields, i_account: int) -> None:
        self._changed[i_account] = {**self._changed.get(i_account, {}), **fields}
        await self._tell("billing", {"i_accounts": [i_account], "fields": fields})

    def _other_product(self, i_account: int) -> Fields:
        before = self._changed.get(i_account, {}).get("i_product", PRODUCTS[i_account % 2][0])
        number, name = next(each for each in PRODUCTS if each[0] != before)
        return {"i_product": number, "product_name": name}

    def _is_blocked(self, i_account: int) -> bool:
        return self._changed.get(i_account, {}).get("blocked") == "Y"

    async def _product(self) -> None:
        i_account = self._anybody()
        await self._change(self._other_product(i_account), i_account)
        await self._announce(i_account, leads_to_call=not self._is_blocked(i_account))

    async def _block(self) -> None:
        i_account = self._anybody()
        await self._change({"blocked": "N" if self._is_blocked(i_account) else "Y"}, i_account)
        await self._announce(i_account)

    async def _nothing(self) -> None:
        await self._announce(self._anybody(), leads_to_call=False)

    async def _quiet(self) -> None:
        i_account = self._anybody()
        await self._change(self._other_product(i_account), i_account)

    async def _by_hand(self) -> None:
        i_account = self._anybody()
        packages = PACKAGES[62] if self._random.random() < 0.5 else ()
        await self._tell("platform", {"i_accounts": [i_account], "fields": {"packages": [*packages]}})

    async def _customer(self) -> None:
        await self._post(customer_event(self._anybody() // 2, self._next()))

    async def _again(self) -> None:
        i_account, number = self._anybody(), self._next()
        for _ in range(2):
            await self._post(event(i_account, number))

    async def _announce(self, i_account: int, *, leads_to_call: bool = True) -> None:
        if leads_to_call:
            self._posted[i_account] = perf_counter()
        await self._post(event(i_account, self._next()))

    def _next(self) -> int:
        self._number += 1
        return self._number

    async def _post(self, body: bytes) -> None:
        """Until it is taken, as billing does."""
        status = 0
        while status != 202:
            began = perf_counter()
            async with self._session.post(self._hook, data=body, headers=_HEADERS) as answer:
                await answer.read()
                status = answer.status
            self._told.answers.append((perf_counter() - began) * 1000)
            self._told.statuses[str(status)] = self._told.statuses.get(str(status), 0) + 1
            if status != 202:
                await asyncio.sleep(1)
