"""Reading a list page by page while others change it, with a proof that nothing was skipped.

Rules of this module:

1. Pages overlap: each begins with a row that was seen before, so that no row can have slipped through between two
   pages when earlier ones were deleted. Where it does not, the reading steps back until it does.
2. A page may be shorter than asked for: the reading advances by what it got.
3. The end is a page shorter than others that brings nothing new, or reaches the total the server states. An empty
   page proves the end only of an empty list.
4. The rows must be as many as the smaller of the totals stated first and last. What cannot be proven is `Transient`.

The server must keep one order of rows that do not change. A row is yielded once, whatever shifts.
"""

from array import array
from bisect import bisect_left
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from platforms.driver import Transient

Row = TypeVar("Row")
_MOST_WASTED_PAGES = 30


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Some rows; the total the server stated with them, if it did; the instant at which reading them began.

    `ids` are those of the rows, where they are known without a look at them.
    """

    rows: Sequence[Row]
    total: int | None
    read_at: datetime
    ids: Sequence[str] | None = None


async def whole_list(
    fetch: Callable[[int], Awaitable[Page[Row]]], identify: Callable[[Row], str], what: str
) -> AsyncGenerator[Page[Row], None]:
    """Every row once, page by page, each page reduced to its new rows.

    `fetch` reads the page at an offset, `identify` gives a row's lasting id, `what` names the list in sentences.
    Raises `Transient` at the end, unless the list is proven whole: what was yielded then proves nothing.
    """
    reading = _Reading(what)
    while not reading.done:
        page = await fetch(reading.offset)
        ids = page.ids if page.ids is not None else [identify(row) for row in page.rows]
        yield Page(_chosen(page.rows, reading.take(ids, page.total)), page.total, page.read_at)
    reading.prove()


def _chosen(rows: Sequence[Row], places: Sequence[int]) -> Sequence[Row]:
    """The rows at these places; that are mostly all of them, or all but the first."""
    first = len(rows) - len(places)
    return rows[first:] if not places or places[0] == first else [rows[place] for place in places]


class _Reading:
    """Where a reading stands."""

    def __init__(self, what: str) -> None:
        self.offset = 0
        self.done = False
        self._what = what
        self._seen = Seen()
        self._longest = 2  # no server cuts its pages to a single row
        self._step = 0
        self._wasted = 0
        self._totals: list[int] = []

    def take(self, ids: Sequence[str], total: int | None) -> list[int]:
        """The places of the rows not seen before; moves on, or back where the page does not connect."""
        if total is not None:
            self._totals[1:] = [total]
        if self.offset and not (ids and ids[0] in self._seen):
            self._step_back()
            return []
        self._step = 0
        self._longest = max(self._longest, len(ids))
        fresh = self._seen.add(ids)
        self.done = self._is_last(len(ids), total, bool(fresh))
        self.offset += max(0, len(ids) - 1)
        if not fresh and not self.done:
            self._waste()
        return fresh

    def prove(self) -> None:
        """Raise unless there are as many rows as there must be."""
        needed = min(self._totals, default=0)
        if len(self._seen) < needed:
            raise Transient(f"{self._what} is not whole: {len(self._seen)} of {needed} rows were shown")

    def _is_last(self, rows: int, total: int | None, brought_new: bool) -> bool:
        if rows == 0:
            return True
        if rows < self._longest:
            return not brought_new or (total is not None and self.offset + rows >= total)
        all_at_once = total is not None and rows >= total  # shown again: the server does not know offsets
        return all_at_once and not brought_new

    def _step_back(self) -> None:
        self._waste()
        self._step = 2 * self._step or self._longest // 2
        self.offset = max(0, self.offset - self._step)

    def _waste(self) -> None:
        self._wasted += 1
        if self._wasted > _MOST_WASTED_PAGES:
            raise Transient(f"{self._what} cannot be read: its rows keep changing their places")


class Seen:
    """A set of texts in little memory, for lists of millions.

    Ids that end in three digits are mostly numbered: they are kept exactly, a thousand neighbours in one block. Others
    take about nine bytes each: 64 bits of their hashes, in sorted buckets. Two texts of one hash would leave a row out,
    and with it the proof that the list is whole.
    """

    def __init__(self) -> None:
        self._blocks: dict[str, bytearray] = {}
        self._are_numbered = True
        self._buckets = [array("Q") for _ in range(4096)]
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def __contains__(self, text: str) -> bool:
        digits, block = _THREE_DIGITS.get(text[-3:]), self._blocks.get(text[:-3])
        if digits is not None and block is not None:
            return bool(block[digits])
        bucket, value, place = self._find(text)
        return place < len(bucket) and bucket[place] == value

    def add(self, texts: Iterable[str]) -> list[int]:
        """The places of those that are new."""
        new = []
        head: str | None = None
        block: bytearray | None = None
        for place, text in enumerate(texts):
            digits = _THREE_DIGITS.get(text[-3:])
            if digits is not None and text[:-3] != head:
                head = text[:-3]
                block = self._blocks.get(head) or self._begin(head)
            if digits is None or block is None:
                is_new = self._add_hash(text)
            elif is_new := not block[digits]:
                block[digits] = 1
            if is_new:
                new.append(place)
        self._size += len(new)
        return new

    def _begin(self, head: str) -> bytearray | None:
        """A block for the ids that begin so, unless most blocks hold next to nothing."""
        if self._are_numbered:
            self._are_numbered = len(self._blocks) <= _FEW_BLOCKS + self._size // _WORTH_A_BLOCK
        return self._blocks.setdefault(head, bytearray(len(_THREE_DIGITS))) if self._are_numbered else None

    def _add_hash(self, text: str) -> bool:
        bucket, value, place = self._find(text)
        if place < len(bucket) and bucket[place] == value:
            return False
        bucket.insert(place, value)
        return True

    def _find(self, text: str) -> "tuple[array[int], int, int]":
        value = hash(text) & 0xFFFF_FFFF_FFFF_FFFF
        bucket = self._buckets[value & 4095]
        return bucket, value, bisect_left(bucket, value)


_THREE_DIGITS = {f"{number:03}": number for number in range(1000)}
_FEW_BLOCKS = 1000
_WORTH_A_BLOCK = 100  # ids in one, so that it takes no more memory than their hashes
