"""Child processes: the product's own commands, started and stopped.

Rules of this module:

1. A part runs in a session of its own, so that Ctrl-C reaches the demo alone, which then stops its parts in order.
2. A part is stopped whatever happens: SIGTERM, and after a grace SIGKILL. One that says nothing useful at its start is
   an error with its last words.
"""

import asyncio
import os
import re
import signal
import sys
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import controller

START_SECONDS = 60.0
_GRACE_SECONDS = 20.0
_LAST_LINES = 20
_LONGEST_LINE = 4 * 1024 * 1024
_ADDRESS = re.compile(r'(?:^http://|"listen": ")(127\.0\.0\.1:\d+)')
_HOME = str(Path(controller.__file__).parent.parent)


class PartFailed(Exception):
    """A part did not start, or ended by itself; the text says which, and quotes its last lines."""


class Part:
    """A running child process. `url` is where it listens; `ending` is set when it runs no more."""

    def __init__(self, name: str, process: asyncio.subprocess.Process, ending: asyncio.Event) -> None:
        self.name = name
        self.url = ""
        self._ending = ending
        self._last_lines: deque[str] = deque(maxlen=_LAST_LINES)
        self._process = process
        self._started = asyncio.Event()
        self._reading = asyncio.create_task(self._read())

    async def started(self) -> None:
        """Return once it has said where it listens. Raises `PartFailed`."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._started.wait(), START_SECONDS)
        if not self.url:
            raise self.failed("did not start")

    @property
    def has_ended(self) -> bool:
        """Whether it runs no more."""
        return self._reading.done()

    def failed(self, how: str) -> PartFailed:
        """The error to raise about it."""
        return PartFailed("\n".join([f"{self.name} {how}; it said last:", *self._last_lines]))

    async def stop(self) -> int:
        """Have it end, and return its exit code (negative: the signal that ended it)."""
        with suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(self._process.wait(), _GRACE_SECONDS)
        except TimeoutError:
            self._process.kill()
        await self._reading
        return await self._process.wait()

    async def _read(self) -> None:
        assert self._process.stdout is not None  # noqa: S101  it was asked for
        async for line in self._process.stdout:
            text = line.decode(errors="replace").rstrip()
            self._last_lines.append(text)
            if not self.url and (found := _ADDRESS.search(text)):
                self.url = f"http://{found[1]}"
                self._started.set()
        self._started.set()
        self._ending.set()


@asynccontextmanager
async def running(name: str, arguments: Sequence[str], folder: Path, ending: asyncio.Event) -> AsyncIterator[Part]:
    """A part for as long as the context lasts, working in `folder`; it may still be starting."""
    process = await asyncio.create_subprocess_exec(
        *command(arguments),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        cwd=folder,
        env=surroundings(),
        start_new_session=True,
        limit=_LONGEST_LINE,
    )
    part = Part(name, process, ending)
    try:
        yield part
    finally:
        await asyncio.shield(part.stop())


async def output_of(arguments: Sequence[str], folder: Path) -> bytes:
    """What a command prints, once it has ended; its exit code does not matter here."""
    process = await asyncio.create_subprocess_exec(
        *command(arguments),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        cwd=folder,
        env=surroundings(),
    )
    printed, _ = await process.communicate()
    return printed


def command(arguments: Sequence[str]) -> list[str]:
    """The command line of this very installation of the product."""
    return [sys.executable, "-m", "controller", *arguments]


def surroundings() -> dict[str, str]:
    """Our environment; the product is found where this copy of it is."""
    return {**os.environ, "PYTHONPATH": _HOME}
