"""What follows from whole lists that lack many: noted in slices, decided about as one."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from controller.concluding import SLICE, Conclusions, ReadList
from controller.numbers import Numbers
from controller.store import ListedAccount, Reading, Store, TargetReading, Unseen, WholeList
from desired_state.account import Account, BillingSnapshot
from desired_state.subscriber import Observation, Owner
from platforms.listing import Listed
from tests.bed import Bed
from tests.desired_state.builders import ON

MANY = 2 * SLICE + 50
ALLOWED, BRAKED = {"destructive_fraction": 1.0}, {"destructive_fraction": 0.0}
LATER = timedelta(hours=1)
MakeBed = Callable[..., Bed]


@dataclass(frozen=True)
class Site:
    """A store that knows many accounts and their records, and lists that show one account alone."""

    bed: Bed

    @property
    def conclusions(self) -> Conclusions:
        (installation,) = self.bed.application.installations
        return Conclusions(installation.billing, installation.fleet.house, self.bed.application.ledger, self.bed.world)

    async def of_billing(self, last: int = 1) -> BillingSnapshot:
        """Conclude a list of billing's that shows the first account only, or those up to another."""
        now, shown = self.bed.world.now(), Numbers()
        shown.update(range(1, last + 1))
        snapshot = BillingSnapshot(accounts=1, taken_at=now, complete=True)
        return await self.conclusions.of_billing(ReadList(snapshot, 1.0, WholeList(now, now), Unseen(now, shown)))

    async def of_platform(self) -> None:
        """Conclude a list of the platform's that shows the first record only."""
        now, reading = self.bed.world.now(), Reading(self.bed.world.now(), timedelta(0))
        reading.shown.add(1)
        platform = self.bed.application.installations[0].billing.platforms[0]
        await self.conclusions.of_platform(
            platform, reading, TargetReading(success_at=now, seconds=1.0, complete=True, accounts=1)
        )

    async def watched(self, conclusion: Coroutine[object, object, object], count: Callable[[Store], int]) -> list[int]:
        """What somebody urgent counts again and again while it is concluded."""
        counts, concluding = list[int](), asyncio.ensure_future(conclusion)
        while not concluding.done():
            counts.append(await self.bed.application.ledger.run(count))
        await concluding
        return [*counts, await self.bed.application.ledger.run(count)]


async def begun(bed: Bed) -> Site:
    """A store that was filled an hour ago."""
    await bed.application.ledger.run(lambda store: fill(store, bed.world.now()))
    bed.world.advance(LATER.total_seconds())
    return Site(bed)


def fill(store: Store, now: datetime) -> None:
    for number in range(1, MANY + 1):
        show(store, number, now)
    rows = [Observation(f"tv{n}", f"r{n:03}", replace(ON, note=Owner(3, n).note), now) for n in range(1, MANY + 1)]
    store.records("tv", 3).merge([(Listed.of(row), row) for row in rows], Reading(now, timedelta(0)), now)


def show(store: Store, number: int, now: datetime) -> None:
    account = Account(i_account=number, id=f"tv{number}", i_env=3)
    row = ListedAccount(number, b"row", b"details", b"addons", lambda: account)
    store.account_list("billing").merge([row], now, now)


def missing(store: Store) -> int:
    rows = store.db.conn.execute("SELECT count(*) FROM accounts WHERE missing_since IS NOT NULL")
    return int(rows.fetchone()[0])


def gone(store: Store) -> int:
    return MANY - store.records("tv", 3).owned()


def steps(counts: Iterable[int]) -> list[int]:
    return sorted(set(counts))


async def test_accounts_that_vanish_together_are_noted_in_slices(make_bed: MakeBed) -> None:
    site = await begun(make_bed(brake=ALLOWED))
    counts = await site.watched(site.of_billing(), missing)
    assert steps(counts) == [0, SLICE, 2 * SLICE, MANY - 1]


async def test_records_that_vanish_together_are_forgotten_in_slices(
    make_bed: MakeBed,
) -> None:
    site = await begun(make_bed(brake=ALLOWED))
    counts = await site.watched(site.of_platform(), gone)
    assert steps(counts) == [0, SLICE, 2 * SLICE, MANY - 1]


async def test_of_a_list_that_lacks_more_than_the_brake_allows_nobody_is_noted_at_all(make_bed: MakeBed) -> None:
    site = await begun(make_bed(brake=BRAKED))
    assert steps(await site.watched(site.of_billing(), missing)) == [0]
    assert steps(await site.watched(site.of_platform(), gone)) == [0]
    store = await site.bed.store()
    assert not store.targets.reading("billing").complete
    assert "taken to be there still" in str(store.targets.reading("tv").text)


async def test_a_conclusion_that_was_broken_off_is_completed_by_the_next_list(
    make_bed: MakeBed,
) -> None:
    site = await begun(make_bed(brake=ALLOWED))
    concluding = asyncio.ensure_future(site.of_billing())
    while not await site.bed.application.ledger.run(missing):
        assert not concluding.done()
    concluding.cancel()
    await asyncio.gather(concluding, return_exceptions=True)
    store = await site.bed.store()
    assert 0 < missing(store) < MANY - 1
    assert store.targets.listed_at("billing") is None

    site.bed.world.advance(LATER.total_seconds())
    assert (await site.of_billing()).complete
    assert missing(store) == MANY - 1
    assert store.targets.listed_at("billing") is not None


async def test_who_is_shown_while_it_is_concluded_is_not_missing(make_bed: MakeBed) -> None:
    site = await begun(make_bed(brake=ALLOWED))
    concluding = asyncio.ensure_future(site.of_billing())
    while not await site.bed.application.ledger.run(missing):
        pass
    await site.bed.application.ledger.run(lambda store: show(store, MANY, site.bed.world.now()))
    await concluding
    assert missing(await site.bed.store()) == MANY - 2


async def test_a_list_is_counted_once_against_everybody_who_is_missing_whenever_they_went(make_bed: MakeBed) -> None:
    site = await begun(make_bed(brake=ALLOWED))
    await site.of_billing(SLICE)
    site.bed.world.advance(LATER.total_seconds())
    await site.of_billing(SLICE - 10)
    store = await site.bed.store()
    counts = [store.absences("billing").get(number) for number in range(1, MANY + 1)]
    lists = [0 if each is None else each.absence.lists for each in counts]
    assert lists == [0] * (SLICE - 10) + [1] * 10 + [2] * (MANY - SLICE)
