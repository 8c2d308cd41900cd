"""What rows of a list show, as far as it takes to find out whether the store knows it.

A page that reads as before shows the same rows. Whether the store knows them so is asked of it every time: events,
commands and our own calls change it too.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b

import msgspec

_BYTES = 16
_ENCODE = msgspec.msgpack.Encoder().encode
_SPREAD = 4  # numbers from the first to the last, for each that is shown


@dataclass(frozen=True, slots=True)
class PageNote:
    """Whom some rows of a page show, by their numbers from `first` to `last`, and a `digest` of their fingerprints."""

    first: int
    last: int
    digest: bytes

    @staticmethod
    def of(shown: Iterable[tuple[int, bytes]]) -> "PageNote | None":
        """Of numbers and fingerprints; `None` where their numbers are too far apart to be looked up together."""
        pairs = sorted(shown)
        if not pairs or pairs[-1][0] - pairs[0][0] >= _SPREAD * len(pairs):
            return None
        return PageNote(pairs[0][0], pairs[-1][0], _digest(pairs))

    def numbers(self, known: Sequence[tuple[int, bytes | None]]) -> list[int] | None:
        """Whom they show, if just this is known of everybody from the first to the last, in their order."""
        return [number for number, _ in known] if _digest(known) == self.digest else None


def _digest(known: Sequence[tuple[int, bytes | None]]) -> bytes:
    return blake2b(_ENCODE(known), digest_size=_BYTES).digest()
