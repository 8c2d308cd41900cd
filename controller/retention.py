"""The retention: what grows with time is cut back, and the file of the store with it, while everything goes on.

Rules of this module:

1. Step by step, with a pause after each in which everybody else has the store; what a step has done is committed.
2. A round goes over every table from its oldest row on: what had to stay may go by now. Where a round was is in memory
   only; after a restart another begins.
3. What may go, and what must not, is said in `store/retention.py`.
"""

from collections.abc import Callable
from functools import partial

from controller.keep import Keep
from controller.store import CUT_BACK, Cut, Store
from controller.store.ledger import Ledger
from platforms.transport import Clock

PAUSE = 1.0
FIRST = 60.0
BETWEEN_ROUNDS = 6 * 3600.0


class Retention:
    """Keeps the store from growing; `told` hears how many rows went from which table."""

    def __init__(self, keep: Keep, ledger: Ledger, clock: Clock, told: Callable[[str, int], None]) -> None:
        self._keep = keep
        self._ledger = ledger
        self._clock = clock
        self._told = told
        self._left = list(CUT_BACK)
        self._after = 0

    async def step(self) -> float:
        """Do a little; returns the seconds until the next step."""
        if self._left:
            table = self._left[0]
            cut = await self._ledger.run_slice(partial(self._cut, table=table))
            self._told(table, cut.rows)
            self._after = cut.last or 0
            if cut.last is None:
                self._left.pop(0)
            return PAUSE
        if await self._ledger.run_slice(lambda store: store.retention.vacuum()):
            return PAUSE
        self._left = list(CUT_BACK)
        return BETWEEN_ROUNDS

    def _cut(self, store: Store, *, table: str) -> Cut:
        return store.retention.cut(table, self._keep, self._after, self._clock.now())
