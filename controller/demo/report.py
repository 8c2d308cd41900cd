"""What the demo has to say in the end: what was done, and whether it came out as promised."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from rich.console import Group, RenderableType
from rich.table import Table

from controller.demo.check import Difference


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that happened: to how many accounts, with how many calls, and when the platform showed it.

    `calls` are writes that reached the platform (`None` where they cannot be told from those of what happened at the
    same time), `refused` those among them that it turned away on purpose.
    """

    what: str
    accounts: int
    seconds: float
    calls: int | None = None
    refused: int = 0

    def cells(self) -> tuple[str, ...]:
        """The row as texts; the calls for each change leave out those that were turned away on purpose."""
        if self.calls is None or not self.accounts:
            return self.what, str(self.accounts), "", "", "", f"{self.seconds:.1f}"
        share = f"{(self.calls - self.refused) / self.accounts:.2f}"
        return self.what, str(self.accounts), str(self.calls), str(self.refused), share, f"{self.seconds:.1f}"


@dataclass(frozen=True, slots=True)
class Claim:
    """Something promised, whether it held, and what was seen."""

    text: str
    holds: bool
    seen: str

    def __str__(self) -> str:
        return f"{self.text}: {'yes' if self.holds else 'NO'} ({self.seen})"


@dataclass(slots=True)
class Report:
    """Everything so far. `differences` is what was still wrong when patience ended."""

    rows: list[Row] = field(default_factory=list)
    claims: list[Claim] = field(default_factory=list)
    faults: Mapping[str, int] = field(default_factory=Counter)
    status: str = ""
    differences: Sequence[Difference] = ()
    given_up: str = ""

    @property
    def converged(self) -> bool:
        """Whether everything came out as promised."""
        return bool(self.claims) and all(claim.holds for claim in self.claims) and not self.given_up


_MOST_DIFFERENCES = 20


def tables(report: Report) -> RenderableType:
    """The report, to be printed by rich."""
    return Group(_what_was_done(report), _what_came_of_it(report))


def complaints(report: Report) -> Iterator[str]:
    """What is not as it should be, in lines."""
    if report.given_up:
        yield f"not reached in time: {report.given_up}; {len(report.differences)} differences are left"
    if not report.converged:
        yield from (f"  {each}" for each in report.differences[:_MOST_DIFFERENCES])


def _what_was_done(report: Report) -> Table:
    caption = "calls: writes that reached the platform; refused: those among them that it turned away on purpose"
    table = Table(title="What was done", caption=caption)
    table.add_column("what")
    for name in ("accounts", "calls", "refused", "per change", "seconds"):
        table.add_column(name, justify="right")
    for row in report.rows:
        table.add_row(*row.cells())
    return table


def _what_came_of_it(report: Report) -> Table:
    table = Table(title="What came of it")
    for name in ("what", "holds", "seen"):
        table.add_column(name)
    faults = ", ".join(f"{count} x {name}" for name, count in sorted(report.faults.items()) if count)
    table.add_row("faults on the way", "", faults or "none")
    table.add_row("what `status` says", "", report.status or "-")
    for claim in report.claims:
        table.add_row(claim.text, "yes" if claim.holds else "NO", claim.seen)
    return table
