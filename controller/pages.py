"""Taking the pages of lists over into the store.

Rules of this module:

1. Most pages of most lists say, byte for byte, what they said the last time. Such a page is known by its mark, a hash
   of its bytes, and is neither decoded nor compared row by row: it shows whom it showed.
2. It counts only if the store knows all whom it shows just so, which is asked every time (`store/pages.py`): others
   change the store too, and news that came too late for it was not taken over.
3. Of other pages every row is compared by its fingerprint, and understood only where it differs. Rows that differ are
   taken over slice by slice.
4. What is noted of pages lives as long as the process, and only until the next list has been read to its end: one that
   fails in the middle makes nobody forget the pages behind.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from controller.billing.addons import ListedAddons
from controller.billing.details import addons_in
from controller.billing.rows import AccountRow, Page
from controller.billing.source import Recall
from controller.billing.wire import to_account
from controller.numbers import Numbers
from controller.slices import slices, with_records
from controller.store import ListedAccount, PageNote, Reading, Records
from controller.store.ledger import Ledger
from controller.targets import Billing, Platform
from desired_state.account import BillingSnapshot
from platforms.listing import Listed, Unread
from platforms.transport import Clock

Find = Callable[[PageNote], Awaitable[list[int] | None]]
"""The numbers of those whom a page shows, if all of them are known to read so."""

SLICE = 100
COMPARED = 1000  # rows at a time, where most are as before: some milliseconds


@dataclass(frozen=True, slots=True)
class _Noted:
    """A page: its rows, slice by slice, and the total that the server states with it."""

    slices: tuple[PageNote, ...]
    total: int | None


class KnownPages(Recall):
    """What is noted of the pages of one list."""

    def __init__(self, find: Find) -> None:
        self._find = find
        self._before: dict[bytes, _Noted] = {}
        self._now: dict[bytes, _Noted] = {}

    def begin(self) -> None:
        """The list is read once more."""
        self._now = {}

    def end(self) -> None:
        """It was read to its end."""
        self._before = self._now

    def __contains__(self, mark: object) -> bool:
        """Whether a page of the list had that mark when it was last read to its end."""
        return mark in self._before

    async def recall(self, mark: bytes) -> tuple[Sequence[int], int | None] | None:
        """The numbers of those whom the page shows, and the total it states, if that page is known just so."""
        page = self._before.get(mark)
        if page is None:
            return None
        numbers = list[int]()
        for note in page.slices:
            found = await self._find(note)
            if found is None:
                return None
            numbers += found
        self._now[mark] = page
        return numbers, page.total

    def keep(self, mark: bytes, slices: Sequence[PageNote | None], total: int | None = None) -> None:
        """Note a page, unless it has no mark, or not all of its rows have a note to know them by."""
        notes = tuple(note for note in slices if note is not None)
        if mark and notes and len(notes) == len(slices):
            self._now[mark] = _Noted(notes, total)


class BillingPages:
    """The pages of one billing source's list."""

    def __init__(self, billing: Billing, ledger: Ledger, clock: Clock) -> None:
        self._billing = billing
        self._ledger = ledger
        self._clock = clock
        self._addons = ListedAddons(billing.source)
        self._known = KnownPages(self._find)

    async def read(self, began: datetime) -> tuple[BillingSnapshot, Numbers]:
        """Read the list to its end; what it is, and whom it showed. Raises `PlatformError`."""
        shown = Numbers()
        self._known.begin()
        snapshot = await self._billing.source.snapshot(partial(self._take, began, shown), self._known)
        self._known.end()
        shown.update(snapshot.unreadable)
        return snapshot, shown

    async def _find(self, note: PageNote) -> list[int] | None:
        return await self._ledger.run_slice(lambda store: store.account_list(self._billing.name).recalled(note))

    async def _take(self, began: datetime, shown: Numbers, page: Page) -> None:
        shown.update(page.recalled)
        notes = list[PageNote]()
        for rows in slices(page.rows, COMPARED):
            fingerprints = {row.i_account: row.fingerprint() for row in rows}
            shown.update(fingerprints)
            notes.append(PageNote.of(fingerprints.items()))
            await self._compare(began, rows, fingerprints)
            await self._clock.sleep(0)
        if not page.recalled:
            self._known.keep(page.mark, notes, page.total)

    async def _compare(self, began: datetime, rows: Sequence[AccountRow], fingerprints: Mapping[int, bytes]) -> None:
        """Take over what differs."""
        name = self._billing.name
        differing = set(await self._ledger.run_slice(lambda store: store.account_list(name).differing(fingerprints)))
        for changed in slices([row for row in rows if row.i_account in differing], SLICE):
            await self._merge(began, changed)

    async def _merge(self, began: datetime, rows: Sequence[AccountRow]) -> None:
        with_addons = await self._addons.can_be_relied_upon(rows)
        kept = [listed(row, self._billing.source.environment, with_addons=with_addons) for row in rows]
        await self._ledger.run_slice(
            lambda store: store.account_list(self._billing.name).merge(kept, began, self._clock.now())
        )


class PlatformPages:
    """The pages of one platform's list."""

    def __init__(self, platform: Platform, ledger: Ledger, clock: Clock) -> None:
        self._platform = platform
        self._ledger = ledger
        self._clock = clock
        self._known = KnownPages(
            lambda note: with_records(self._ledger, self._platform, lambda records: records.recalled(note))
        )

    async def read(self, reading: Reading) -> int:
        """Read the list to its end; how many records it has. What they are is in `reading`. Raises `PlatformError`."""
        count = 0
        self._known.begin()
        async for rows in self._platform.driver.list():
            count += len(rows)
            await self._take(rows, reading)
        self._known.end()
        return count

    async def _take(self, rows: Sequence[Listed], reading: Reading) -> None:
        if not rows:  # all of them came before
            return
        mark = rows.mark if isinstance(rows, Unread) else b""
        recalled = await self._known.recall(mark)
        if recalled is not None:
            numbers, _ = recalled
            reading.shown.update(numbers)
            return
        self._known.keep(mark, [await self._compare(some, reading) for some in slices(list(rows), COMPARED)])

    async def _compare(self, rows: Sequence[Listed], reading: Reading) -> PageNote | None:
        """Take over what differs; where nothing does, returns by what these rows are known together."""
        differing, note = await with_records(
            self._ledger, self._platform, lambda records: records.differing(rows, reading)
        )
        for some in slices(differing, SLICE):
            seen = [(row, row.observe()) for row in some]
            merge = partial(Records.merge, differing=seen, reading=reading, now=self._clock.now())
            await with_records(self._ledger, self._platform, merge)
        return note


def listed(row: AccountRow, i_env: int, *, with_addons: bool = False) -> ListedAccount:
    """A row of billing's list as the store takes it; `with_addons`: what it shows of them is true."""
    addons = partial(addons_in, row) if with_addons else None
    return ListedAccount(
        row.i_account,
        row.fingerprint(),
        *row.details_fingerprint(),
        build=partial(to_account, row, i_env),
        addons=addons,
    )
