"""Reading billing and the platforms into the store.

Rules of this module:

1. What was read is kept as it comes, slice by slice: every row is true for itself. Only that something is *not* there
   needs a whole list, and is concluded after its end (`concluding.py`). What reads as it did is known by its
   fingerprint and costs no more than that: nothing is made of it, and nothing is written.
2. A failure is noted on its target and goes no further, and so is a bug of ours that a target brings out. Whom a
   complete list does not show is later asked for by its number (promise P3).
3. Details cost two calls an account. Whose are read, and when, is for others to say: a command's plan needs all that
   are due (`fleet.py`), the daemon reads them in the background (`backlog.py`), and everybody's, slowly (`audit.py`).
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

from controller.billing.faults import BillingFault
from controller.concluding import Conclusions, ReadList
from controller.fresh import FreshReader
from controller.judgement import bug_in, context, judge
from controller.log import logger
from controller.pages import BillingPages, PlatformPages
from controller.slices import slices
from controller.store import (
    Reading,
    Store,
    StoreError,
    TargetReading,
    Unseen,
    WholeList,
)
from controller.store.ledger import Ledger
from controller.targets import Billing, Household, Moment, Platform
from desired_state.account import BillingSnapshot
from desired_state.catalog import Offer
from platforms.driver import PlatformError, Resting, Transient, Unavailable
from platforms.transport import Clock

T = TypeVar("T")

JUDGED = 25  # accounts judged or compared at a time: some milliseconds
PRODUCTS_EVERY = 3600.0
DETAILS_AT_ONCE = 16
DETAILS_PATIENCE = 5  # failures in a row, after which the others are left for later
LOOK_UPS_AT_ONCE = 2
_STEADY = timedelta(minutes=1)  # a clock that moved otherwise by more than this, was set

Told = Callable[[int, bool], None]
"""Hears of an account whose details were asked for, and whether they came."""


class Gatherer:
    """Reads one billing source and its platforms."""

    def __init__(self, billing: Billing, house: Household, ledger: Ledger, fresh: FreshReader, clock: Clock) -> None:
        self._billing = billing
        self._house = house
        self._ledger = ledger
        self._fresh = fresh
        self._clock = clock
        self._products_at: float | None = None
        self._listed_at: Moment | None = None
        self._given: tuple[BillingSnapshot, frozenset[str]] | None = None
        self._conclusions = Conclusions(billing, house, ledger, clock)
        self._pages = BillingPages(billing, ledger, clock)
        self._records = {each.name: PlatformPages(each, ledger, clock) for each in billing.platforms}

    def trust(self, snapshot: BillingSnapshot, platforms: Iterable[str]) -> None:
        """Billing and these platforms have just been read into this store by another; they are not read again."""
        self._given = snapshot, frozenset(platforms)

    async def read_billing(self) -> BillingSnapshot | None:
        """Read billing's list; `None` if that failed, which is noted."""
        if self._given is not None:
            return self._given[0]
        return await self._noted(self._billing.name, self._read_billing)

    async def read_platform(self, platform: Platform) -> bool:
        """Read what the platform offers and all it holds; says whether that worked."""
        if self._given is not None and platform.name in self._given[1]:
            platform.offer = await self._ledger.run(lambda store: store.targets.offer(platform.name))
            return True
        return bool(await self._noted(platform.name, partial(self._read_platform, platform)))

    async def _noted(self, target: str, read: Callable[[], Awaitable[T]]) -> T | None:
        """What reading the target brings; `None` if that failed, which is noted: by a bug of ours, too."""
        await self._note_attempt(target)
        failure: PlatformError
        try:
            return await read()
        except StoreError:
            raise
        except PlatformError as error:
            failure = error
        except Exception as bug:
            logger("gather").error("a target could not be read, by a bug", target=target, exc_info=bug)
            failure = Transient(f"{target!r} could not be read, by a bug of ours: the log has it")
        await self._note_failure(target, failure)
        return None

    async def _read_billing(self) -> BillingSnapshot:
        began = Moment.of(self._clock)
        snapshot, shown = await self._pages.read(began.now)
        await self._read_products(began.monotonic)
        snapshot = replace(snapshot, taken_at=began.now)
        seconds = self._clock.monotonic() - began.monotonic
        whole = WholeList(began.now, self._clock.now(), self._leap_to(began))
        return await self._conclusions.of_billing(ReadList(snapshot, seconds, whole, Unseen(began.now, shown)))

    def _leap_to(self, began: Moment) -> timedelta:
        """By how much the wall clock moved otherwise than time since the list before, as far as we were there."""
        before, self._listed_at = self._listed_at, began
        if before is None:
            return timedelta(0)
        leap = began.now - before.now - timedelta(seconds=began.monotonic - before.monotonic)
        return leap if abs(leap) > _STEADY else timedelta(0)

    async def _read_platform(self, platform: Platform) -> bool:
        began = Moment.of(self._clock)
        reading = Reading(began.now, platform.driver.capabilities.read_lag)
        await self._read_offer(platform)
        count = await self._records[platform.name].read(reading)
        seconds = self._clock.monotonic() - began.monotonic
        done = TargetReading(success_at=self._clock.now(), seconds=seconds, complete=True, accounts=count)
        await self._conclusions.of_platform(platform, reading, done)
        return True

    async def judge_all(self) -> None:
        """Judge every account that changed, whose time has come, or that was judged by other rules."""
        rules = context(self._billing, self._house)
        now = self._clock.now()
        due = await self._ledger.run_slice(partial(self._to_judge, rules=rules, now=now))
        for i_accounts in slices(due, JUDGED):
            await self._ledger.run_slice(partial(self._judge, i_accounts=i_accounts, now=now))
            await self._clock.sleep(0)

    async def due_details(self) -> tuple[list[int], list[int]]:
        """Whose details are due: those of whom one of the platforms holds a record of ours, and the others."""
        held: tuple[list[int], list[int]] = ([], [])
        after = 0
        while some := await self._ledger.run_slice(partial(self._due_details, after=after)):
            for i_account, has_record in some:
                if has_record is not None:
                    held[0 if has_record else 1].append(i_account)
            after = some[-1][0]
        return held

    async def read_details(
        self,
        i_accounts: Iterable[int],
        told: Told = lambda _i_account, _was_read: None,
        *,
        at_once: int = DETAILS_AT_ONCE,
        for_lanes: bool = False,
        as_absent: bool = False,
    ) -> PlatformError | None:
        """Read these accounts anew, `at_once` within billing's limits; returns what put an end to it, if anything did.

        Stops where billing does not answer. `told` hears of every account that was tried, and whether it could be read.
        `for_lanes`: their secrets are kept for the looks that follow. `as_absent`: nobody expects them to be there, and
        some installations say so by a refusal, which is then no sign that billing is in trouble.
        """
        read = self._fresh.read_for_another if for_lanes else self._fresh.read
        waiting, failures = iter(i_accounts), 0
        last: PlatformError | None = None

        async def read_on() -> None:
            nonlocal failures, last
            while failures < DETAILS_PATIENCE and (i_account := next(waiting, None)) is not None:
                try:
                    await read(i_account)
                except PlatformError as error:
                    if not (as_absent and isinstance(error, BillingFault)):
                        failures += DETAILS_PATIENCE if isinstance(error, Unavailable) else 1
                    last = error
                    told(i_account, False)
                else:
                    failures = 0
                    told(i_account, True)

        async with asyncio.TaskGroup() as group:
            for _ in range(at_once):
                group.create_task(read_on())
        return last if failures >= DETAILS_PATIENCE else None

    async def look_up(self, i_accounts: Iterable[int], told: Told = lambda _i_account, _was_read: None) -> bool:
        """Ask billing for accounts that its lists do not show; says whether it answered."""
        return await self.read_details(i_accounts, told, at_once=LOOK_UPS_AT_ONCE, as_absent=True) is None

    async def _read_products(self, now: float) -> None:
        """What billing sells, now and then: only to find catalog entries that match nothing; a refusal is no harm."""
        if self._products_at is not None and now - self._products_at < PRODUCTS_EVERY:
            return
        self._products_at = now
        try:
            products = await self._billing.source.products()
        except PlatformError:
            return
        await self._ledger.run(lambda store: store.targets.set_products(self._billing.name, products))

    async def _note_attempt(self, target: str) -> None:
        await self._ledger.run(lambda store: store.targets.note_attempt(target, self._clock.now()))

    async def _note_failure(self, target: str, error: PlatformError) -> None:
        """What a target that rests had been found to suffer from says more than that it rests."""
        is_new = not isinstance(error, Resting)
        await self._ledger.run(lambda store: store.targets.note_failure(target, error.text, is_new=is_new))

    async def _read_offer(self, platform: Platform) -> None:
        packages = await platform.driver.packages()
        platform.offer = Offer(packages)
        await self._ledger.run(lambda store: store.targets.set_offer(platform.name, packages))

    def _due_details(self, store: Store, *, after: int) -> list[tuple[int, bool | None]]:
        platforms = [platform.name for platform in self._billing.platforms]
        return store.accounts(self._billing.name).due_details(platforms, after)

    def _to_judge(self, store: Store, *, rules: bytes, now: datetime) -> Sequence[int]:
        due = set(store.accounts(self._billing.name).to_judge(rules, now))
        for platform in self._billing.platforms:
            due.update(store.subscribers(platform.name).unknown_owners())
        return sorted(due)

    def _judge(self, store: Store, *, i_accounts: Sequence[int], now: datetime) -> None:
        accounts = store.accounts(self._billing.name)

        def one(i_account: int) -> None:
            stored = accounts.get(i_account)
            if stored is not None:
                judge(store, self._billing, stored, self._house, now)

        store.each(i_accounts, one, bug_in("judging"))
