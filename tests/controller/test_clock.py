"""The real clock: aware, monotonic, and its sleep and draws."""

from datetime import timedelta

from controller.clock import SystemClock
from platforms.transport import Clock


async def test_the_real_clock_is_a_clock_of_the_transport() -> None:
    clock: Clock = SystemClock()
    assert clock.now().utcoffset() == timedelta(0)
    before = clock.monotonic()
    await clock.sleep(0)
    await clock.sleep(-1)
    assert clock.monotonic() >= before


def test_draws_lie_in_the_unit_interval() -> None:
    clock = SystemClock()
    assert all(0 <= clock.draw() < 1 for _ in range(100))
