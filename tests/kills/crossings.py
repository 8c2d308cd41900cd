"""Where a process dies: the boundary, which one of its kind, and on which side of it.

Written `commit:17:before`, so that a case is replayed by its name. Kinds that the process sees itself: `commit` (every
transaction that wrote something), those of them that stored an `intent`, an `outcome`, an `event`, a `hold` or an
`approval`, kept a `sale`, or brought a charge to `sending`, `doubt` or `booked`, and `file` (a file beside the database
gets its name, or loses it). Kinds that the other side sees: `billing` (reads), `book` (a charge) and `look` (for one),
`read` and `write` (the platform's) and `feed` (as soon as something was sold), and `answer` (the sender of events has
the last 200).
"""

from dataclasses import dataclass
from typing import Literal, cast, get_args

Kind = Literal[
    "commit",
    "intent",
    "outcome",
    "event",
    "hold",
    "approval",
    "sale",
    "sending",
    "doubt",
    "booked",
    "file",
    "billing",
    "book",
    "look",
    "read",
    "write",
    "feed",
    "answer",
]
Side = Literal["before", "after"]
CALLS: tuple[Kind, ...] = ("billing", "book", "look", "read", "write", "feed")
ONE_SIDED: tuple[Kind, ...] = ("file", "billing", "look", "read", "feed")
"""What changes nothing has no other side; the other side of a renamed file is the next crossing."""


@dataclass(frozen=True, slots=True)
class Crossing:
    """One side of one boundary, which is the `number`th of its kind in a process, from 1."""

    kind: Kind
    number: int
    side: Side = "before"

    @property
    def is_call(self) -> bool:
        """Whether the other side of the wire sees it."""
        return self.kind in CALLS

    def __str__(self) -> str:
        return f"{self.kind}:{self.number}:{self.side}"

    @staticmethod
    def read(text: str) -> "Crossing":
        """The crossing of that name."""
        kind, number, side = text.split(":")
        assert kind in get_args(Kind), f"{text} is no crossing"
        assert side in get_args(Side), f"{text} is no crossing"
        return Crossing(cast(Kind, kind), int(number), cast(Side, side))


def sides(kind: Kind, number: int) -> list[Crossing]:
    """A boundary from every side on which dying makes a difference."""
    one = Crossing(kind, number)
    return [one] if kind in ONE_SIDED else [one, Crossing(kind, number, "after")]
