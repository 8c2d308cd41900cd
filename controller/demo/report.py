"""What the demo has to say in the end: what was done, and whether it came out as promised."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from rich.console import Group, RenderableType
from rich.table import Table

from controller.demo.lookout import Wrong


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that happened on a platform: to how many accounts, with how many calls, and when all of it showed.

    `calls` are writes that reached the platform, `refused` those among them that it turned away on purpose.
    """

    what: str
    platform: str
    accounts: int
    seconds: float
    calls: int
    refused: int = 0

    def cells(self) -> tuple[str, ...]:
        """The row as texts; the calls for each change leave out those that were turned away on purpose."""
        share = f"{(self.calls - self.refused) / self.accounts:.2f}" if self.accounts else ""
        counts = (str(self.accounts), str(self.calls), str(self.refused), share)
        return self.what, self.platform, *counts, f"{self.seconds:.1f}"


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
    differences: Sequence[Wrong] = ()
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
    table.add_column("platform")
    for name in ("accounts", "calls", "refused", "per change", "seconds"):
        table.add_column(name, justify="right")
    said = ""
    for row in report.rows:
        what, *cells = row.cells()
        table.add_row("" if what == said else what, *cells)
        said = what
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
