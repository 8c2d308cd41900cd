"""Keeping the mark beside the store up to date (`mark.py`).

Rules of this module:

1. What the mark says was committed before, to the disk: a number is read in one transaction, and written after it.
2. It may lag a little: it is written after `STEP` calls or `LATEST` seconds, at the start and at the end. A copy that
   is not older than that is taken for the database itself.
3. Where it cannot be written, that is said once; nobody waits for it, and nothing depends on it but noticing a loss.
"""

from functools import partial
from pathlib import Path

from controller.log import Logger
from controller.mark import MarkError, write_mark
from controller.store import Identity, Store
from controller.store.ledger import Ledger
from platforms.transport import Clock

STEP = 50
LATEST = 60.0


class Marker:
    """Writes the mark of one store."""

    def __init__(self, ledger: Ledger, clock: Clock, log: Logger) -> None:
        self._ledger = ledger
        self._clock = clock
        self._log = log
        self._written: Identity | None = None
        self._written_at = 0.0
        self._said = ""

    async def keep_up(self) -> None:
        """Write the mark if it lags by as much as it may."""
        _, here = await self._ledger.run(_identity)
        steps = here.steps - self._written.steps if self._written is not None else STEP
        if steps >= STEP or (steps and self._clock.monotonic() - self._written_at >= LATEST):
            await self.write()

    async def write(self) -> None:
        """Write the mark, unless it says so already."""
        path, here = await self._ledger.run(_identity, durable=True)
        if here == self._written:
            return
        try:
            await self._ledger.beside(partial(write_mark, path, here))
        except MarkError as error:
            if str(error) != self._said:
                self._log.warning("a loss of the store would not be noticed", text=str(error))
            self._said = str(error)
        else:
            self._written, self._written_at, self._said = here, self._clock.monotonic(), ""


def _identity(store: Store) -> tuple[Path, Identity]:
    return store.path, store.recovery.identity()
