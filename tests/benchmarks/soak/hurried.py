"""The real daemon on a clock that goes faster: `python -m … SPEED run --config FILE`.

All that it reads of time goes faster: passes, audit, retention, timers, breakers, how late it is with what. Not so the
servers' latencies, the time-outs of requests, and the scheduler's ticks: the watchdog asks for the passes instead, two
`full_pass` after the last.
"""

import sys
from datetime import datetime, timedelta
from pathlib import Path

from controller.cli.run import run_daemon
from controller.clock import SystemClock


class HurriedClock(SystemClock):
    """A clock that shows the true time when it is made, and then goes `speed` times as fast."""

    def __init__(self, speed: float) -> None:
        self._speed = speed
        self._began = super().monotonic()
        self._at = super().now()

    def now(self) -> datetime:
        return self._at + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        return (super().monotonic() - self._began) * self._speed

    async def sleep(self, seconds: float) -> None:
        await super().sleep(seconds / self._speed)


if __name__ == "__main__":
    speed, _run, _config, path = sys.argv[1:]
    sys.exit(run_daemon(Path(path), HurriedClock(float(speed))))
