"""`demo`: the whole at work against simulators, on this machine."""

import asyncio
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console

from controller.cli.codes import Code, Failed
from controller.cli.printing import say, tell
from controller.cli.progress import bar
from controller.clock import SystemClock
from controller.demo.company import Company, addresses, company
from controller.demo.lookout import Tell
from controller.demo.parts import PartFailed
from controller.demo.play import Play, Stage
from controller.demo.report import Claim, Report, complaints, tables
from controller.demo.settings import Tempo
from controller.waiting import first_of
from platforms.driver import PlatformError

_SEED = 1
_WIDTH = 110  # where the output is no terminal


def run_demo(accounts: int, *, serve: bool) -> Code:
    """Run it all, print what happened, and leave nothing behind."""
    try:
        return asyncio.run(_demo(accounts, serve=serve))
    except (PartFailed, PlatformError) as error:
        raise Failed(f"the demo cannot go on: {error}") from error


async def _demo(accounts: int, *, serve: bool) -> Code:
    stopping, clock = asyncio.Event(), SystemClock()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    async with company(clock) as parts:
        with _display() as display:
            playing = asyncio.create_task(_play(Stage(parts, clock, Tempo.of(accounts), display), accounts))
            await first_of(playing, stopping.wait(), parts.ending.wait())
        if playing.cancelled():
            parts.check()
            tell("interrupted; stopping all parts")
            return Code.ERROR
        report = playing.result()
        if serve:
            _print(report)
            await _serve(parts, stopping)
        else:
            report.claims.append(await _ending(parts))
            _print(report)
    return Code.OK if report.converged else Code.ERROR


async def _play(stage: Stage, accounts: int) -> Report:
    await stage.company.start_simulators(_SEED, stage.tempo)
    return await Play(stage, accounts).perform(_SEED)


async def _serve(parts: Company, stopping: asyncio.Event) -> None:
    """Keep everything running until somebody has had enough, or a part ends by itself."""
    for line in addresses(parts):
        say(line)
    await first_of(stopping.wait(), parts.ending.wait())
    parts.check()
    say(str(await _ending(parts)))


async def _ending(parts: Company) -> Claim:
    code = await parts.stop_daemon()
    return Claim("the daemon ends in order on SIGTERM", code == 0, f"exit code {code}")


def _print(report: Report) -> None:
    console = Console(width=None if sys.stdout.isatty() else _WIDTH)
    console.print(tables(report))
    for line in complaints(report):
        say(line)


@contextmanager
def _display() -> Iterator[Tell]:
    """A bar on a terminal; elsewhere a line whenever something new begins."""
    if not sys.stderr.isatty():
        yield _Lines().tell
        return
    with bar() as shown:
        task = shown.add_task("starting", total=None)
        yield lambda what, done, total: shown.update(task, description=what, completed=done, total=total)


class _Lines:
    """Says what is going on, once."""

    def __init__(self) -> None:
        self._last = ""

    def tell(self, what: str, _done: int, total: int) -> None:
        if what != self._last:
            tell(f"{what}: {total} to do")
        self._last = what
