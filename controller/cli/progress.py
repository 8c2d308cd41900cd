"""A progress bar on standard error, where that is a terminal; elsewhere nothing moves."""

import sys
from collections.abc import Callable, Iterator, Sequence
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


@contextmanager
def counting(what: str) -> Iterator[Callable[[int], None]]:
    """Show how far something is; it is called after each step with how many are left."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    with bar() as shown:
        task = shown.add_task(what, total=None)

        def on_step(left: int) -> None:
            done = int(shown.tasks[0].completed) + 1
            shown.update(task, completed=done, total=done + left)

        yield on_step


def bar() -> Progress:
    """A bar with counts and the time that has passed."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=Console(stderr=True))


def _nothing() -> None:
    return None
