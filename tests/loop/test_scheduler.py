"""The periodic job: it asks, and it asks in the event loop."""

import asyncio
import threading
from datetime import timedelta

from controller.scheduler import scheduled


async def test_the_job_is_called_again_and_again_in_the_event_loop() -> None:
    calls: asyncio.Queue[int] = asyncio.Queue()
    with scheduled(lambda: calls.put_nowait(threading.get_ident()), timedelta(milliseconds=10), jitter=0.2):
        callers = [await calls.get() for _ in range(2)]
    assert set(callers) == {threading.get_ident()}
