"""A `Bed` whose every boundary is tapped, and whose process can die.

Rules of this module:

1. Death is complete: from that instant on nothing of the old process crosses any boundary, its tasks are gone, what it
   had not committed is taken back by SQLite, and what it had in memory is lost. The next process begins as the daemon
   does: it takes stock, acts on what was announced, and makes a full pass.
2. While the store cannot be used, the process lives and waits, as the daemon does; here is the pulse that ends it.
3. Nothing here knows which faults there are.
"""

import asyncio
import sqlite3  # noqa: TID251  the files of the database, as the system sees them
from collections.abc import Awaitable, Callable, Mapping
from contextlib import closing
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

import msgspec
from starlette.types import ASGIApp

from controller import orders
from controller.billing.simulator.changes import Action
from controller.demo.check import WORDS, Account, Record
from controller.fleet import PassReport
from controller.store import Store, StoreUnavailable, store_error_in
from platforms.simulation import Fault, Faults
from platforms.transport import Http
from tests.bed import Bed, Values
from tests.harness.chronicle import Chronicle, owner
from tests.harness.crossings import Kind, Tap
from tests.harness.money import Market, Sold, being_sent
from tests.harness.restraint import Limits, Restraint
from tests.harness.taps import Killed, Life, Wire, glimpse, tapped
from tests.harness.teller import Counter, Teller
from tests.loop.platforms import cable

OF_CHARGES = " for charges"
SETTLE = timedelta(seconds=60)
_TRIES = 100  # of an event, until it is answered


class Site(Bed):
    """Billing, platforms and the reconciler, with a tap on all that passes between them.

    `copies` are the database as it was before each tick. `skips_next`: what is about to happen does not. `down`: until
    when, on the monotonic clock, nobody answers at a target. `waits`: not all that billing asks for can be done now,
    since a person or the next day has a word in it. `purpose`: what crossings are for, where that is not records.
    """

    def __init__(self, folder: Path, blocks: Values, tap: Tap) -> None:
        self.tap = tap
        self.life = Life()
        self.copies: list[bytes] = []
        self.skips_next = False
        self.down: dict[str, float] = {}
        self.waits = False
        self.purpose = ""
        self.market = Market()
        self._outage: tuple[float, sqlite3.OperationalError] | None = None
        self._flickering = 0
        self._sickness: tuple[Faults, float] | None = None
        self._outside = asyncio.all_tasks()
        asyncio.get_running_loop().set_exception_handler(_mourn)
        self.teller = Teller(SETTLE, self._now, self._being_sent)
        super().__init__(folder, blocks)
        self.chronicle = Chronicle({name: WORDS[name] for name in self.config.platforms})
        self.restraint = Restraint(Limits(self.config.brake.floor, self.config.brake.daily_floor))
        self.application.ledger.watch()

    # -- the boundaries

    def carrier(self, target: str, app: ASGIApp) -> Http:
        wire = Wire(self, target, super().carrier(target, app))
        return Counter(self.teller, self.world, wire) if target == "billing" else wire

    def opened_store(self) -> Store:
        self.life.check()
        store = super().opened_store()
        self.life.connection = store.db.conn
        store.db.conn = tapped(self, store.db.conn)
        return store

    def store_fails(self, error: sqlite3.OperationalError, seconds: float) -> None:
        """For so long, whoever needs the store hears this."""
        self._outage = (self.world.monotonic() + seconds, error)

    def check_store(self, code: int) -> None:
        """Raise what the store suffers from, if it is this."""
        if self._outage and self.world.monotonic() < self._outage[0] and self._outage[1].sqlite_errorcode == code:
            raise self._outage[1]

    # -- what is there, seen from outside

    def dumped(self, platform: str) -> list[Record]:
        """Everything that a platform holds, as its simulator dumps it."""
        app = self._simulator(self.config.platforms[platform].url)
        return [*msgspec.convert(glimpse(app, WORDS[platform].path)["rows"], list[dict[str, object]])]

    def record_of(self, platform: str, i_account: int) -> Record:
        """The record of an account, by its mark."""
        words = self.chronicle.words[platform]
        (found,) = (row for row in self.dumped(platform) if owner(words, row) == i_account)
        return found

    def facts_now(self) -> list[Account]:
        """Every account as billing's simulator tells it."""
        return msgspec.convert(glimpse(self.billing, "/_sim/accounts")["accounts"], list[Account])

    def announced_calls(self, platform: str) -> Mapping[int, int]:
        """The accounts whose calls are announced on a platform, by the intents that another program finds committed."""
        with closing(sqlite3.connect(self.config.store.path)) as other:
            rows = other.execute("SELECT id, i_account FROM intents WHERE platform = ?", (platform,))
            return dict(rows.fetchall())

    def audited(self) -> frozenset[int]:
        """The intents that have a row in the audit."""
        with closing(sqlite3.connect(self.config.store.path)) as other:
            return frozenset(number for (number,) in other.execute("SELECT id FROM audit"))

    # -- what happens in the world

    async def tick(self) -> None:
        """The scheduler asks for a pass, which is made, with all that follows from it."""
        with closing(sqlite3.connect(self.config.store.path)) as other:
            self.copies.append(other.serialize())
        self.tap.cross(Kind.TICK, "scheduler", "full pass").before(self)
        if not self._is_skipped():
            await self.full_pass()
            await self.book()
            await self.application.loop.marker.keep_up()

    async def book(self) -> None:
        """What was sold is read and booked."""
        self.purpose = OF_CHARGES
        try:
            for installation in self.application.installations:
                if installation.cashier is not None:
                    await installation.cashier.once()
        finally:
            self.purpose = ""

    def _now(self) -> datetime:
        return self.world.now()

    def _being_sent(self) -> frozenset[str]:
        return being_sent(self.config.store.path)

    async def let_time_pass(self, seconds: float) -> None:
        await super().let_time_pass(seconds)
        if self.config.charges.enabled:
            await self.application.loop.marker.keep_up()

    def sell(
        self, platform: str, i_account: int, amount: str, refund_of: str = "", ago: timedelta = timedelta(0)
    ) -> str:
        """A platform sells something to an account, or gives back an amount of a sale; returns the sale's id.

        Telebreeze may show what was sold so long `ago`.
        """
        sale = BOOTHS[platform](self, i_account, amount, refund_of, self.world.now() - ago)
        signed = -Decimal(amount) if refund_of else Decimal(amount)
        self.market.note(Sold(f"[ref:{platform}-{sale}]", i_account, signed), platform, self.world.now())
        return sale

    async def announce(self, i_account: int) -> None:
        """Billing sends an event, again and again until it is answered 200."""
        answers: list[int] = []
        while 200 not in answers:
            assert len(answers) < _TRIES, f"an event is never accepted: {answers}"
            answers.append(0)
            await self.live(partial(self._sent, i_account, answers))

    async def _sent(self, i_account: int, answers: list[int]) -> None:
        passage = self.tap.cross(Kind.EVENT, "billing", f"Account/Updated of {i_account}")
        passage.before(self)
        response = None if self._is_skipped() else await self.espf("Account/Updated", i_account=i_account)
        answers.append(200 if response is None else response.status_code)
        passage.after(self)

    def _is_skipped(self) -> bool:
        skipped, self.skips_next = self.skips_next, False
        return skipped

    async def full_pass(self) -> list[PassReport]:
        self.restraint.pass_begins()
        return await super().full_pass()

    def approve(self, *, is_void: bool = False) -> None:
        """A person approves what is held, by a command: another process. `is_void`: it becomes another plan now."""
        store = Store.open(self.config.store.path)
        for platform in self.config.platforms:
            if store.targets.held_plan(platform) is not None:
                accounts = [each.i_account for each in store.holds.held(platform)]
                with store.transaction():
                    orders.approve(store, orders.Person("the harness", self.world.now()), "billing", platform)
                self.restraint.approved(platform, () if is_void else accounts)
        store.close()

    def sicken(self, faults: Faults, fault: Fault, seconds: float) -> None:
        """A platform suffers from a fault for so long."""
        faults.add(fault)
        self._sickness = (faults, seconds)

    async def outlive_sickness(self) -> None:
        """The daemon's workers go on until the platform is well again."""
        if self._sickness is not None:
            faults, seconds = self._sickness
            self._sickness = None
            await self.live(partial(self._work_for, seconds))
            faults.clear()

    async def _work_for(self, seconds: float) -> None:
        working = [asyncio.create_task(lane.work()) for lane in self._lanes()]
        await self.application.loop.full_pass()
        await self.world.sleep(seconds)
        for each in working:
            each.cancel()
        await asyncio.gather(*working, return_exceptions=True)

    def flicker(self, action: Action) -> None:
        """The first account that is on is blocked, or the one that was blocked so is not any more."""
        if action == "block":
            self._flickering = min((each.i_account for each in self.facts_now() if each.is_on), default=0)
            self.chronicle.may_lose(self._flickering)
        if self._flickering:
            self.billing.change(action, i_account=self._flickering)

    # -- life and death

    def die(self, then: Callable[[], None] | None = None) -> NoReturn:
        """The process is killed now; raised in the process itself. `then` something happens to what it leaves."""
        self.life.is_over, self.life.afterwards = True, then
        raise Killed

    def restore(self, ticks_ago: int) -> None:
        """The database is as it was so many ticks ago, or at the first one."""
        copy = self.copies[max(0, len(self.copies) - 1 - ticks_ago)]
        self.lose_files(but="*.key *.mark")
        self.config.store.path.write_bytes(copy)

    def lose_files(self, but: str) -> None:
        """All files of the database are gone, but those of these patterns."""
        self.restraint.forgotten()
        self.market.unsure_before(self.world.now())
        for file in self.folder.glob(f"{self.config.store.path.name}*"):
            if not any(file.match(pattern) for pattern in but.split()):
                file.unlink()
        self.chronicle.intents.clear()  # nobody can know of them any more

    async def live(self, *works: Callable[[], Awaitable[object]]) -> None:
        """The process does these things; where it dies, the next one makes a pass and goes on with what is left."""
        for work in works:
            is_done = await self._survives(work)
            while not is_done:
                await self._bury()
                is_done = await self._survives(self.begin_work)

    async def begin_work(self) -> None:
        """What a process does first, and once the store can be used again."""
        if self._begun is not self.application:
            await self.application.loop.begin()
            for installation in self.application.installations:
                if installation.cashier is not None:
                    await installation.cashier.till.begin()
            self._begun = self.application
        await self.act_on_events()
        await self.full_pass()
        await self.book()

    async def _survives(self, work: Callable[[], Awaitable[object]]) -> bool:
        """Whether the process does not die of it."""
        task = asyncio.ensure_future(work())
        while not task.done() and not self.life.is_over:
            if self.tap.turn():
                task.cancel()
                await asyncio.wait([task])
                return False
            await self._see_to_store()
            await asyncio.sleep(0)
        if self.life.is_over:
            return False
        try:
            await task
        except Exception as error:
            if not isinstance(store_error_in(error), StoreUnavailable):
                raise
            while self.application.ledger.trouble is not None:
                await self._see_to_store()
            return await self._survives(self.begin_work)
        return True

    async def _see_to_store(self) -> None:
        ledger = self.application.ledger
        if ledger.trouble is not None and not self.life.is_over:
            self.world.advance(1)
            await ledger.try_again()

    async def _bury(self) -> None:
        self.life.is_over = True
        tasks = asyncio.all_tasks() - self._outside
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self.life.close()
        self.life = Life()
        self.application = self._assembled()
        self.application.ledger.watch()

    async def aclose(self) -> None:
        self.life.is_over = False
        await super().aclose()


def _sold_by_telebreeze(site: Site, i_account: int, amount: str, refund_of: str, at: datetime) -> str:
    row = site.record_of("tv", i_account)
    sale = {"customerId": row["id"], "title": f"Film for {amount}", "amount": amount, "currency": "EUR"}
    sale["createdAt"] = at.isoformat()
    kind = {"type": "refund", "refundOf": refund_of} if refund_of else {"type": "vod"}
    return str(glimpse(site.platform, "/_sim/transactions", sale | kind)["id"])


def _sold_by_seachange(site: Site, i_account: int, amount: str, refund_of: str, at: datetime) -> str:
    assert not refund_of, "its feed has no refunds"
    assert at == site.world.now(), "it says itself when it sold"
    row = site.record_of("cable", i_account)
    sale = {"customer": row["id"], "kind": "ppv", "title": f"Match for {amount}", "amount": amount, "currency": "EUR"}
    return f"p-{glimpse(cable(site), '/_sim/purchases', sale)['sequence']}"


Booth = Callable[[Site, int, str, str, datetime], str]
BOOTHS: Mapping[str, Booth] = {"tv": _sold_by_telebreeze, "cable": _sold_by_seachange}


def _mourn(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Nobody has to ask what became of the tasks of a process that was killed."""
    if not isinstance(context.get("exception"), Killed):
        loop.default_exception_handler(context)
