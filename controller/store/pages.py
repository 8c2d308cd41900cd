"""What rows of a list show, as far as it takes to find out whether the store knows it.

A page that reads as before shows the same rows. Whether the store knows them so is asked of it every time: events,
commands and our own calls change it too. Whom it knows by no fingerprint (a list has missed them, say) no rows can
have shown just so: they may stand between the numbers of a page for years, and are left out.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b

_BYTES = 16

TOGETHER = "SELECT json_group_array(number), CAST(group_concat(fingerprint, '') AS BLOB) FROM ({})"
"""Numbers and fingerprints of a query that has them in the order of the numbers: all in one row, which is faster."""

Known = tuple[str, bytes | None]
"""That row."""


@dataclass(frozen=True, slots=True)
class PageNote:
    """Whom some rows of a page show: their numbers, from `first` to `last`, and a `digest` of their fingerprints."""

    first: int
    last: int
    digest: bytes
    rows: int

    @staticmethod
    def of(shown: Iterable[tuple[int, bytes]]) -> "PageNote":
        """Of numbers and fingerprints."""
        pairs = sorted(shown)
        first, last = (pairs[0][0], pairs[-1][0]) if pairs else (0, 0)
        numbers = json.dumps([number for number, _ in pairs], separators=(",", ":"))
        return PageNote(first, last, _digest(numbers, b"".join([each for _, each in pairs])), len(pairs))

    @property
    def enough(self) -> int:
        """How many to ask the store for: one more than there may be, for lists that do not follow the numbers."""
        return self.rows + 1

    def numbers(self, known: Known) -> list[int] | None:
        """Whom they show, if just these are known from the first to the last."""
        numbers, fingerprints = known
        return json.loads(numbers) if _digest(numbers, fingerprints or b"") == self.digest else None


def _digest(numbers: str, fingerprints: bytes) -> bytes:
    digest = blake2b(numbers.encode(), digest_size=_BYTES)
    digest.update(fingerprints)
    return digest.digest()
