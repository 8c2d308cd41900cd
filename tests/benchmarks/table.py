"""What was measured, and the table of it. Pure.

Rules of this module:

1. Everything is judged by one ratio: ours over that of the floor, the peer or the stated target. Where several runs
   were made, the medians count.
2. What could not be measured is a row as well, and says why.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import inf
from statistics import median

Samples = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """One comparison. `most` or `least` is what the ratio has to be; without either nothing is judged."""

    goal: str
    what: str
    unit: str
    accounts: int
    against: str
    theirs: Samples = ()
    ours: Samples = ()
    most: float | None = None
    least: float | None = None
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """Ours over theirs, by the medians; of nothing, nothing is as much (1) and anything too much."""
        if not (self.ours and self.theirs):
            return None
        ours, theirs = median(self.ours), median(self.theirs)
        return ours / theirs if theirs else inf if ours else 1.0

    @property
    def met(self) -> bool | None:
        """Whether the goal is reached; `None` where that cannot be said."""
        if self.ratio is None:
            return None
        if self.most is not None:
            return self.ratio <= self.most
        return self.ratio >= self.least if self.least is not None else None

    @property
    def verdict(self) -> str:
        """The same as a word."""
        is_judged = self.most is not None or self.least is not None
        if not self.ours or (is_judged and not self.theirs):
            return "not measured"
        return {True: "yes", False: "NO", None: "-"}[self.met]

    def as_json(self) -> dict[str, object]:
        """With every single run."""
        return {
            **{name: getattr(self, name) for name in ("goal", "what", "unit", "accounts", "against", "note")},
            **{name: getattr(self, name) for name in ("theirs", "ours", "most", "least", "met")},
            "ratio": None if self.ratio == inf else self.ratio,
        }


_HEAD = ("goal", "measured", "accounts", "floor, peer or target", "theirs", "ours", "spread", "ratio", "wanted", "met")
_RIGHT = {"accounts", "theirs", "ours", "spread", "ratio", "wanted"}


def table(rows: Iterable[Row]) -> str:
    """Aligned columns, and the notes below."""
    kept = list(rows)
    lines = [_HEAD, *(_cells(row) for row in kept)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(_HEAD))]
    drawn = [_line(line, widths) for line in lines]
    drawn.insert(1, "  ".join("-" * width for width in widths))
    notes = [f"{row.goal}, {row.what}, {row.accounts:,} accounts: {row.note}" for row in kept if row.note]
    return "\n".join((*drawn, *([""] if notes else []), *notes))


def _cells(row: Row) -> tuple[str, ...]:
    return (
        row.goal,
        row.what,
        f"{row.accounts:,}",
        row.against,
        value(row.theirs, row.unit),
        value(row.ours, row.unit),
        _spread(row.ours),
        "" if row.ratio is None else number(row.ratio),
        _wanted(row),
        row.verdict,
    )


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    sides = (">" if head in _RIGHT else "<" for head in _HEAD)
    return "  ".join(f"{cell:{side}{width}}" for cell, side, width in zip(cells, sides, widths, strict=True)).rstrip()


def _wanted(row: Row) -> str:
    if row.most is not None:
        return f"<= {number(row.most)}"
    return f">= {number(row.least)}" if row.least is not None else ""


def _spread(samples: Samples) -> str:
    """How far the runs lie apart, as a share of their median."""
    if len(samples) < 2 or not median(samples):
        return ""
    return f"{(max(samples) - min(samples)) / median(samples):.0%}"


def value(samples: Samples, unit: str) -> str:
    """The median with its unit; empty where there is none."""
    return f"{number(median(samples))} {unit}".rstrip() if samples else ""


def number(amount: float) -> str:
    """Three digits that matter; from a thousand on whole, with commas."""
    if amount == inf:
        return "inf"
    if abs(amount) >= 100 or amount == int(amount):
        return f"{amount:,.0f}"
    return f"{amount:.1f}" if abs(amount) >= 10 else f"{amount:.3g}" if abs(amount) < 1 else f"{amount:.2f}"
