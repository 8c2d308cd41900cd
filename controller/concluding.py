"""What follows from a list that was read to its end: whom it lacks, and whether that is believed.

Rules of this module:

1. Whom a list lacks is found, and noted, slice by slice: however many they are, what is urgent goes on in between.
2. Whether it is believed is decided in one transaction, once, for all of them together. A list that lost more than the
   brake would allow is no proof of anything (promise P2): nothing is noted of any of them.
3. Every slice leaves out whom something else has shown by then, and only the last one says that the list was whole.
   Where that never comes, what was noted is true, each for itself, and an absence counts a list less (P3).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

from controller.recovery import notice_marks
from controller.shrunk import forget_lost, note_lost
from controller.slices import slices, with_records
from controller.store import AccountList, Reading, Records, Store, TargetReading, Unseen, WholeList
from controller.store.ledger import Ledger
from controller.targets import Billing, Household, Platform
from desired_state.account import BillingSnapshot
from platforms.transport import Clock

T = TypeVar("T")

SLICE = 100  # of whom something is noted at a time: some milliseconds
_REQUEUE = "requeue has the record of an account looked for"


@dataclass(frozen=True, slots=True)
class ReadList:
    """A list of billing's that was read to its end: what it is, how many seconds it took, and whom it showed."""

    snapshot: BillingSnapshot
    seconds: float
    whole: WholeList
    unseen: Unseen


class Conclusions:
    """What follows from the lists of one billing source and its platforms."""

    def __init__(self, billing: Billing, house: Household, ledger: Ledger, clock: Clock) -> None:
        self._billing = billing
        self._house = house
        self._ledger = ledger
        self._clock = clock

    async def of_billing(self, read: ReadList) -> BillingSnapshot:
        """Note whom billing's list lacks, if it is believed; else the snapshot comes back in doubt."""
        await self._ledger.run_slice(partial(self._note_unreadable, snapshot=read.snapshot))
        await self._find_unseen(read.unseen)
        snapshot = await self._ledger.run_slice(partial(self._believed, read=read))
        if snapshot.complete:
            await self._note_missing(read)
        await self._ledger.run_slice(partial(self._note_read, read=read, snapshot=snapshot))
        return snapshot

    async def of_platform(self, platform: Platform, reading: Reading, done: TargetReading) -> None:
        """Note which records a platform's list lacks; forget them, if it is believed."""
        await self._find_missing(platform, reading)
        lost = list[str]()
        for some in slices(reading.missing, SLICE):
            lost += await with_records(self._ledger, platform, partial(self._unlisted, some=some, reading=reading))
        doubt = await self._ledger.run_slice(partial(self._doubt, platform=platform, lost=lost, done=done))
        for some in slices(reading.missing, SLICE):
            note = partial(self._note_unlisted, some=some, reading=reading, are_gone=doubt is None)
            await with_records(self._ledger, platform, note)
        note_whole = partial(self._note_whole, platform=platform, reading=reading, done=done, doubt=doubt)
        await self._ledger.run_slice(note_whole)

    def _note_unreadable(self, store: Store, *, snapshot: BillingSnapshot) -> None:
        for i_account, text in snapshot.unreadable.items():
            store.account_list(self._billing.name).mark_unreadable(i_account, text, snapshot.taken_at)

    async def _find_unseen(self, unseen: Unseen) -> None:
        after: int | None = 0
        while after is not None:
            find = partial(AccountList.find_unseen, unseen=unseen, now=self._clock.now(), after=after)
            after = await self._of_list(find)

    def _believed(self, store: Store, *, read: ReadList) -> BillingSnapshot:
        known = store.accounts(self._billing.name).population()
        snapshot = self._doubted(store, read.snapshot, read.unseen.lost, known)
        if snapshot.complete:
            absences = store.absences(self._billing.name)
            if not self._is_same_place(store):
                absences.begin_anew()  # what was counted at another place says nothing about this one
            absences.note_leap(read.whole.leap)
        return snapshot

    def _doubted(self, store: Store, snapshot: BillingSnapshot, lost: Sequence[int], known: int) -> BillingSnapshot:
        """The snapshot, in doubt if it lost more accounts at once than it may and no person said that they are gone."""
        if len(lost) <= self._most_lost(store, snapshot, known):
            forget_lost(store, self._billing.name)
            return snapshot
        doubt = f"{len(lost)} of {known} accounts that billing showed before are not in its list now"
        if snapshot.complete and snapshot.accounts:
            remedy = note_lost(store, self._billing.name, lost)
            return snapshot if remedy is None else replace(snapshot, complete=False, doubt=f"{doubt}; {remedy}")
        return replace(snapshot, complete=False, doubt=snapshot.doubt or doubt)

    async def _note_missing(self, read: ReadList) -> None:
        """Note whom the list did not show, and count it against all who are missing."""
        for some in slices(read.unseen.everybody, SLICE):
            mark = partial(AccountList.mark_missing, i_accounts=some, began=read.unseen.began, now=self._clock.now())
            await self._of_list(mark)
        after: tuple[float, int] | None = (0.0, 0)
        while after is not None:
            after = await self._ledger.run_slice(partial(self._count, whole=read.whole, after=after))

    def _count(self, store: Store, *, whole: WholeList, after: tuple[float, int]) -> tuple[float, int] | None:
        platforms = [platform.name for platform in self._billing.platforms]
        return store.absences(self._billing.name).count_list(whole, platforms, after)

    def _note_read(self, store: Store, *, read: ReadList, snapshot: BillingSnapshot) -> None:
        name = self._billing.name
        if snapshot.complete:
            store.targets.set_meta(_proven_at(self._billing), self._billing.source.place)
            store.targets.note_listed(name, read.whole.began)
            store.absences(name).forget_old()
        reading = TargetReading(
            success_at=self._clock.now(),
            seconds=read.seconds,
            complete=snapshot.complete,
            accounts=snapshot.accounts,
            text=snapshot.doubt or None,
        )
        store.targets.note_success(name, reading)

    def _is_same_place(self, store: Store) -> bool:
        return store.targets.meta(_proven_at(self._billing)) in (None, self._billing.source.place)

    def _most_lost(self, store: Store, snapshot: BillingSnapshot, known: int) -> int:
        """How many accounts a list may lose at once: as many as the brake lets anybody lose.

        A list of nobody is no list (promise P2), and one from another address or environment than before has to show
        whom we know, though they be few.
        """
        if not snapshot.accounts:
            return 0
        brake = self._house.brake
        return (brake if self._is_same_place(store) else brake.model_copy(update={"floor": 0})).destructive_limit(known)

    async def _find_missing(self, platform: Platform, reading: Reading) -> None:
        after: int | None = 0
        while after is not None:
            after = await with_records(
                self._ledger, platform, partial(Records.find_missing, reading=reading, after=after)
            )

    def _unlisted(self, records: Records, *, some: Sequence[str], reading: Reading) -> list[str]:
        return records.unlisted(some, reading, self._clock.now())

    def _doubt(self, store: Store, *, platform: Platform, lost: Sequence[str], done: TargetReading) -> str | None:
        """Why records of ours that were not listed are taken to be there still; `None` where they are gone."""
        owned = store.records(platform.name, platform.i_env).owned() if lost else 0
        is_old_copy = store.recovery.rebuilding(platform.name) is not None  # what it remembers is no proof
        if len(lost) <= self._house.brake.destructive_limit(owned):
            forget_lost(store, platform.name)
        elif not is_old_copy and (remedy := note_lost(store, platform.name, sorted(lost))) is not None:
            listed = f"platform {platform.name!r} listed {done.accounts} records"
            text = f"{listed}; {len(lost)} of our {owned} were not among them: they are taken to be there still"
            return f"{text}; {_REQUEUE}; {remedy}"
        return None

    def _note_unlisted(self, records: Records, *, some: Sequence[str], reading: Reading, are_gone: bool) -> None:
        if are_gone:
            records.drop_unlisted(some, reading, self._clock.now())
        records.note_missing(some)

    def _note_whole(
        self, store: Store, *, platform: Platform, reading: Reading, done: TargetReading, doubt: str | None
    ) -> None:
        store.records(platform.name, platform.i_env).note_listed(reading)
        if doubt is not None:
            store.targets.note_failure(platform.name, doubt)
            return
        notice_marks(store, platform, self._clock.now())
        store.targets.note_success(platform.name, done)

    async def _of_list(self, action: Callable[[AccountList], T]) -> T:
        return await self._ledger.run_slice(lambda store: action(store.account_list(self._billing.name)))


def has_list(store: Store, billing: Billing) -> bool:
    """Whether the store has had a whole list of this billing, read where it is read now."""
    return store.targets.meta(_proven_at(billing)) == billing.source.place


def _proven_at(billing: Billing) -> str:
    return f"{billing.name}: its list was complete at"
