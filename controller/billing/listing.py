"""Reading the whole account list, and what proves that it was the whole (contract, section 2.1; promise P2).

Paging is by offset, over rows in no stated order and without a snapshot: while accounts change, rows repeat or are
skipped. Rules of this module:

1. The offset advances by the rows received, never by the rows asked for: a server that silently returns fewer than
   asked costs more calls, not accounts.
2. A reading ends with a page that brings nothing new. A short page ends nothing, and billing's count (`total`) does not
   either: one that is too low would hide all accounts behind it, and agree with itself.
3. A reading is proven complete if exactly as many distinct accounts came as billing counted at first, and each rise of
   the count in addition. An account that slipped through between two pages is then one too few, also where another came
   twice, or a new one fills the count up again; one too many means that the count cannot be relied upon.
   Without any count a reading is proven by a second one after it: no row came twice in either, and both showed the same
   accounts. Whatever makes room for one to slip through, was seen before and is gone: it cannot come again.
4. What the count cannot show is one account purged and another made between the same two pages. So absence counts only
   over two listings and a direct look-up (promise P3).
5. A reading that is not proven, and shows that the list moved meanwhile or has no count, is followed by one more. Only
   what is new in the second is handed on.
6. Whom a recalled page shows counts like whom the rows of others show. A page is handed on with its mark if nothing of
   it was left out: only then is it the same page the next time.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace

from controller.billing.rows import GARBLED, AccountRow, Page
from controller.numbers import Numbers
from desired_state.account import BillingModel

ReadPage = Callable[[int], Awaitable[Page]]
"""Reads the page that begins at an offset."""

_READINGS = 2
_ONCE = "billing gives no count, and no second reading showed the same accounts"
REAL = tuple(model for model in BillingModel if model.is_real)
"""The billing models of subscribers: no vouchers, no aliases."""


@dataclass(slots=True)
class _Reading:
    """One way through the list, as far as it has come; `witness` is what a flawless one without a count saw before."""

    witness: Numbers | None = None
    seen: Numbers = field(default_factory=Numbers)
    offset: int = 0
    nameless: int = 0
    repeated: int = 0
    counted: int | None = None
    expected: int = 0
    unlisted: bool = False
    garbled: bool = False
    moved: bool = False
    ended: bool = False

    def take(self, page: Page) -> Page:
        """Note what the page says about the whole; returns the part of it that had not come before."""
        rows, recalled = self._new(page.rows), self.seen.add_new(page.recalled)
        unreadable = tuple(row for row in page.unreadable if row.i_account is not None and self.seen.add(row.i_account))
        nameless = sum(row.i_account is None for row in page.unreadable)
        self.nameless += nameless
        new = Page(rows, unreadable, page.total, mark=page.mark, recalled=recalled)
        self.repeated += len(page) - nameless - len(new)
        self.offset += len(page)
        self.unlisted = not page.listed and not self._all_came
        if page.total == GARBLED:
            self.garbled = True
        elif page.total is not None:
            self._count(page.total)
        self.moved |= self.repeated > 0
        self.ended = not len(new)
        return new if len(new) == len(page) else replace(new, mark=b"")

    def _new(self, rows: tuple[AccountRow, ...]) -> tuple[AccountRow, ...]:
        new = self.seen.add_new([row.i_account for row in rows])
        if len(new) == len(rows):
            return rows
        first = dict(zip((row.i_account for row in reversed(rows)), reversed(rows), strict=True))
        return tuple(first[i_account] for i_account in new)

    @property
    def _all_came(self) -> bool:
        """Whether as many accounts have come as billing counts: behind the last, it may leave the list out."""
        return self.counted is not None and len(self.seen) == self.expected

    def _count(self, total: int) -> None:
        """A fall tells that rows are gone, not that fewer had to come."""
        self.moved |= self.counted not in (None, total)
        self.expected += max(0, total - (self.counted or 0))
        self.counted = total

    @property
    def doubt(self) -> str:
        """Why the reading is not proven complete; empty if it is."""
        countless = self.counted is None
        reasons = {
            "an answer held no account list at all": self.unlisted,
            f"{self.nameless} rows do not tell whose they are": self.nameless > 0,
            "billing's count of its accounts makes no sense": self.garbled,
            "billing gave neither an account nor a count": countless and not self.seen,
            f"billing gives no count, and {self.repeated} rows came twice": countless and self.repeated > 0,
            _ONCE: countless and not (self.witness and self.witness.same_as(self.seen)),
            f"billing counts {self.expected} accounts, {len(self.seen)} came": not countless
            and self.expected != len(self.seen),
        }
        return next((reason for reason, holds in reasons.items() if holds), "")


@dataclass(slots=True)
class Listing:
    """What reading the list brought: `real` accounts, those `unreadable` among them, and the `doubt` that is left."""

    real: int = 0
    unreadable: dict[int, str] = field(default_factory=dict)
    doubt: str = "the list was not read to its end"

    async def pages(self, read_page: ReadPage) -> AsyncIterator[Page]:
        """The readable real accounts page by page, each once. What `read_page` raises ends it, unproven."""
        earlier, witness = Numbers(), None
        for _ in range(_READINGS):
            reading = _Reading(witness)
            while not reading.ended:
                yield self._handed_on(reading.take(await read_page(reading.offset)), earlier)
            self.doubt = reading.doubt
            witness = reading.seen if reading.doubt == _ONCE else None
            if not reading.doubt or (witness is None and not reading.moved):
                return
            earlier = reading.seen

    def _handed_on(self, page: Page, earlier: Numbers) -> Page:
        """Rows of other billing models than real accounts count for the proof, and go no further."""
        unreadable = {row.i_account: row.text for row in page.unreadable if row.i_account is not None}
        rows = tuple(row for row in page.rows if row.billing_model in REAL)
        recalled = page.recalled
        if earlier:
            unreadable = {number: text for number, text in unreadable.items() if number not in earlier}
            rows = tuple(row for row in rows if row.i_account not in earlier)
            recalled = earlier.lacking(recalled)
        self.unreadable.update(unreadable)
        self.real += len(rows) + len(unreadable) + len(recalled)
        is_whole = len(rows) + len(recalled) == len(page)
        return Page(rows, total=page.total, mark=page.mark if is_whole else b"", recalled=recalled)
