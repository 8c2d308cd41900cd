"""The periodic jobs: the door of apscheduler.

Rules of this module:

1. A job only asks for something to be done; it never does it. What takes long runs in the loop, one at a time.
2. Missed and coalesced runs are no loss: one pass sees everything. Misfires are never skipped (`misfire_grace_time`
   is 1 s by default, which would).
3. apscheduler follows the wall clock. Where that jumps back and a tick does not come, the loop's own watchdog asks.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger


@contextmanager
def scheduled(job: Callable[[], None], every: timedelta, jitter: float) -> Iterator[None]:
    """Call `job` periodically while the context lasts; `jitter` is the share by which a period may vary."""
    scheduler = AsyncIOScheduler(timezone="UTC")
    seconds = every.total_seconds()
    trigger = IntervalTrigger(seconds=seconds, jitter=seconds * jitter or None, timezone="UTC")

    async def ask() -> None:
        job()  # a coroutine runs in the event loop; a plain function would be called from a thread

    scheduler.add_job(ask, trigger, id="full pass", coalesce=True, misfire_grace_time=None, max_instances=1)
    scheduler.start()
    try:
        yield
    finally:
        scheduler.shutdown(wait=False)
