"""How long to wait before the next try: arithmetic only.

Full jitter: the delay is drawn evenly between nothing and the ceiling, which doubles with every failure in a row. So
many subscribers that failed together do not come back together.
"""

from datetime import timedelta

FIRST = timedelta(seconds=5)
LONGEST = timedelta(minutes=30)
PARKED = timedelta(hours=24)


def backoff(failures: int, draw: float, at_least: timedelta = timedelta(0)) -> timedelta:
    """The delay after `failures` (>= 1) failures in a row; `draw` is uniform in [0, 1).

    `at_least` is what the other side asked for (`Retry-After`): never less, and jitter comes on top of it.
    """
    doublings = min(max(failures - 1, 0), 20)
    ceiling = min(FIRST * float(2**doublings), LONGEST)
    return at_least + ceiling * draw
