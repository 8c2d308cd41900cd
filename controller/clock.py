"""The door of time and randomness.

Rules of this module:

1. Nothing else reads a clock or draws a number (ruff TID251 forbids it). Everything that needs an instant gets one as
   an argument, or this object.
2. `now()` is for what is stored, shown or compared with what others say; it can jump. `monotonic()` is for deadlines,
   ages and watchdogs; it cannot.
"""

import random
import time
from datetime import UTC, datetime


class SystemClock:
    """The real clock; the tests have one of their own."""

    def now(self) -> datetime:
        """The current instant, in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds since some fixed instant; never goes back."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Let `seconds` pass (at least one turn of the event loop)."""
        import asyncio  # noqa: PLC0415  who only asks for the time starts faster without the event loop

        await asyncio.sleep(max(seconds, 0))

    def draw(self) -> float:
        """A number drawn evenly from [0, 1): for jitter, never for anything secret."""
        return random.random()  # noqa: S311  jitter needs no cryptography

    def request_id(self) -> str:
        """A name for a request, or for a trace, that no other bears: 32 hex digits.

        Drawn from a generator that the system seeds once: asking the system for each costs a switch between threads.
        """
        return f"{random.getrandbits(128):032x}"
