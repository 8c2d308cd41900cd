"""The rolling audit: every account's details are read again in a stated time, evenly spread over it.

Rules of this module:

1. Those whose details are oldest come first, a few at a time; while details are due (`backlog.py`), the audit rests.
2. What is owed is kept in the store: a restart neither forgets it nor pays it twice. At most one step's worth is ever
   owed: after a long stop everybody is read later, not all at once.
3. Where billing does not answer, the audit rests ever longer. An account that cannot be read is passed over until
   the next round: it keeps nobody else waiting.
4. The audit only reads. What it finds changed is in the plan of the next pass, under one brake with all the rest.
"""

from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from itertools import takewhile

from controller.gather import Gatherer
from controller.rounds import LONGEST_PAUSE, AuditRound, audit_round
from controller.store import Store
from controller.store.ledger import Ledger
from platforms.transport import Clock

AT_ONCE = 2
LONGEST_REST = 900.0


class Audit:
    """The rolling audit of one billing source."""

    def __init__(self, name: str, gatherer: Gatherer, ledger: Ledger, clock: Clock) -> None:
        self._name = name
        self._gatherer = gatherer
        self._ledger = ledger
        self._clock = clock
        self._passed_over: set[int] = set()
        self._round_began = clock.monotonic()
        self._rest = 0.0

    async def step(self, period: timedelta, is_idle: Callable[[], bool] = lambda: True) -> float:
        """Read who is owed, as long as nothing is more urgent; returns the seconds until the next step."""
        if self._clock.monotonic() - self._round_began > period.total_seconds():
            self._round_began = self._clock.monotonic()
            self._passed_over.clear()
        round_ = await self._ledger.run(partial(audit_round, name=self._name, period=period))
        owed = await self._ledger.run(partial(self._owed, round_=round_))
        turns = takewhile(lambda _: is_idle(), owed)
        await self._gatherer.read_details(turns, self._told, at_once=AT_ONCE)
        if owed:
            failed = self._passed_over.issuperset(owed)
            self._rest = min(max(2 * self._rest, LONGEST_PAUSE), LONGEST_REST) if failed else 0.0
        return max(round_.pause, self._rest)

    def _told(self, i_account: int, was_read: bool) -> None:
        if not was_read:
            self._passed_over.add(i_account)

    def _owed(self, store: Store, *, round_: AuditRound) -> Sequence[int]:
        """Whose turn it is by now; taken for paid from here on."""
        instant, key = self._clock.now(), f"{self._name} was audited at"
        now = instant.timestamp()
        most = max(round_.interval, 2 * round_.pause)
        paid_until = min(max(float(store.targets.meta(key) or now), now - most), now)
        share = int((now - paid_until) / round_.interval + 1e-9)
        store.targets.set_meta(key, str(paid_until + share * round_.interval if round_.accounts else now))
        asked = share + len(self._passed_over)
        oldest = store.accounts(self._name).oldest_details(asked, instant) if share else ()
        return [i_account for i_account in oldest if i_account not in self._passed_over][:share]
