"""Since when the breaker of each target is open, kept in the store: for `status`, for metrics, for the next process.

Rules of this module:

1. The transports open and close the breakers. Here it is only written down, soon after.
2. A process that finds one open goes on from there: nothing is sent but a probe, and that at once, since whatever was
   wrong may have been mended together with the restart.
"""

from collections.abc import Sequence
from datetime import timedelta

from controller.log import Logger
from controller.store import Store, StoreUnavailable
from controller.store.ledger import Ledger
from controller.targets import Billing, Moment
from platforms.breaker import Breaker
from platforms.transport import Clock


class BreakerBook:
    """The breakers of all billing sources and platforms."""

    def __init__(self, billings: Sequence[Billing], ledger: Ledger, clock: Clock, log: Logger) -> None:
        self._ledger = ledger
        self._clock = clock
        self._log = log
        self._breakers: dict[str, Breaker] = {billing.name: billing.breaker for billing in billings}
        self._breakers |= {each.name: each.breaker for billing in billings for each in billing.platforms}
        self._written: dict[str, float | None] = dict.fromkeys(self._breakers)

    def restore(self, store: Store) -> None:
        """A process has begun: open those that were open when the last one ended."""
        moment = Moment.of(self._clock)
        for name, breaker in self._breakers.items():
            opened_at = store.targets.reading(name).breaker_opened_at
            if opened_at is not None and not breaker.is_open:
                age = max(timedelta(0), moment.now - opened_at)
                breaker.restore(moment.monotonic - age.total_seconds(), moment.monotonic)
                self._written[name] = breaker.opened_at

    async def keep(self) -> None:
        """Write down which have opened or closed."""
        for name, breaker in self._breakers.items():
            before = self._written[name]
            if breaker.opened_at != before:
                self._written[name] = breaker.opened_at
                try:
                    await self._write(name, breaker.opened_at)
                except StoreUnavailable:
                    self._written[name] = before  # the next pulse writes it, when the store can be used again

    async def _write(self, name: str, opened_at: float | None) -> None:
        moment = Moment.of(self._clock)
        if opened_at is None:
            self._log.info("the breaker closed", target=name)
            await self._ledger.run(lambda store: store.targets.set_breaker(name, None))
        else:
            self._log.warning("the breaker opened", target=name)
            since = moment.now - timedelta(seconds=moment.monotonic - opened_at)
            await self._ledger.run(lambda store: store.targets.set_breaker(name, since))
