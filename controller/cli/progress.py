"""A progress bar on standard error, where that is a terminal; elsewhere nothing moves."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from controller.lane import Lane


@contextmanager
def progress(lanes: Sequence[Lane]) -> Iterator[None]:
    """Show how far the lanes are with what is on their queues now."""
    if not sys.stderr.isatty():
        yield
        return
    total = sum(len(lane.platform.queue) for lane in lanes)
    with bar() as shown:
        task = shown.add_task("applying", total=total)
        for lane in lanes:
            lane.on_done = lambda: shown.advance(task)
        try:
            yield
        finally:
            for lane in lanes:
                lane.on_done = _nothing


def bar() -> Progress:
    """A bar with counts and the time that has passed."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=Console(stderr=True))


def _nothing() -> None:
    return None
