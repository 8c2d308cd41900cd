"""A change that is due: past the policies, to its call, to what the look comes to.

Rules of this module:

1. Policies are asked in the transaction that announces the call, about what is to be done there and then.
2. What a call came to, and how its subscriber stands after it, are noted in one transaction.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial

from controller.executor import Attendance, Cause, Executor, Opened, Outcome
from controller.fresh import SETTLING, FreshReader
from controller.holding import Circumstances, Safeguards, hold_progress, safeguards
from controller.judgement import Comparison, compare, rest
from controller.look import Look, Result, note_failure
from controller.moves import concerned_elsewhere
from controller.news import News
from controller.store import Progress, Store
from controller.targets import Billing, Platform
from desired_state.plan import Change, Plan, identity, key_of
from desired_state.subscriber import State
from desired_state.turns import released

_FAVOUR = "another record waits for what this one gives up"


@dataclass(frozen=True, slots=True)
class Attempt:
    """A change that a look is to make. `due` is the change as the store has it, without the clear text of secrets.

    `to_wake` are those who may go on because it has to wait. `results` is what the look came to; the last one counts.
    """

    look: Look
    due: Change
    change: Change
    cause: Cause
    draw: Callable[[], float]
    to_wake: list[int] = field(default_factory=list)
    results: list[Result] = field(default_factory=list)


class Acting:
    """Makes the changes of one billing source's subscribers."""

    def __init__(self, billing: Billing, fresh: FreshReader, news: News, executor: Executor) -> None:
        self._billing = billing
        self._fresh = fresh
        self._news = news
        self._executor = executor
        self._ledger = executor.ledger
        self._clock = executor.clock

    async def act(self, attempt: Attempt) -> Result:
        """Make the change, unless it has to wait, or something else is to be done by now."""
        announce = partial(self._announce, attempt=attempt, hold=partial(self._hold, attempt=attempt))
        return await self.finish(attempt, await self._ledger.run(announce, durable=True))

    def begin(self, store: Store, attempt: Attempt, comparison: Comparison) -> Opened | str:
        """Announce the change in the transaction that found it due, which is durable; `finish` is to follow."""
        hold = partial(self._held, attempt=attempt, comparison=comparison)
        return self._announce(store, attempt=attempt, hold=hold)

    async def finish(self, attempt: Attempt, opened: Opened | str) -> Result:
        """Make the call that was announced; or conclude the look, where it was not."""
        look = attempt.look
        if opened == "stale":
            return await self.conclude(look, lambda _: Result("noop", again_in=timedelta(0)))
        if isinstance(opened, str):
            return await self.conclude(look, lambda _: Result("held", wake=tuple(attempt.to_wake)))
        await self._executor.carry_out(look.platform, attempt.change, opened, self._attendance(attempt, _never))
        return attempt.results[-1]

    async def conclude(self, look: Look, note: Callable[[Store], Result]) -> Result:
        """Note what the look came to."""
        return await self._ledger.run(lambda store: self._ended(store, look, note(store)))

    def rest(self, store: Store, *, look: Look, comparison: Comparison) -> timedelta | None:
        """Note that there is nothing to do; says for how long there had been."""
        rest(store, look.platform, comparison)
        since = comparison.subscriber.unconverged_since
        return None if since is None else self._clock.now() - since

    def _announce(self, store: Store, *, attempt: Attempt, hold: Callable[[Store], str | None]) -> Opened | str:
        attendance = self._attendance(attempt, hold)
        return self._executor.announce(store, change=attempt.change, cause=attempt.cause, attendance=attendance)

    def _attendance(self, attempt: Attempt, hold: Callable[[Store], str | None]) -> Attendance:
        return Attendance(hold, partial(_approved_with, due=attempt.due), partial(self._note, attempt=attempt))

    def _hold(self, store: Store, *, attempt: Attempt) -> str | None:
        """`stale` if something else is to be done by now; else `held` if it has to wait."""
        comparison = compare(store, attempt.look.platform, attempt.look.i_account)
        due = comparison.change if comparison is not None else None
        if comparison is None or due is None or not _is_same(due, attempt.due):
            return "stale"
        return self._held(store, attempt=attempt, comparison=comparison)

    def _held(self, store: Store, *, attempt: Attempt, comparison: Comparison) -> str | None:
        """`held` if a policy holds the change, which is noted.

        Whoever begins to wait has those looked at whom he waits for: they may have been at rest until now. Those whose
        call is under way or failed have their own time.
        """
        look, turn = attempt.look, comparison.turn
        plan = self._safeguards(store, look, comparison, attempt.due).apply(Plan((attempt.due,)))
        if not plan.held:
            return None
        progress = hold_progress(plan.held[0])
        if progress != comparison.subscriber.progress:
            attempt.to_wake.extend(filter(partial(_may_be_woken, store, look.platform), turn.waits_for))
        store.subscribers(look.platform.name).unsettle(look.i_account, progress, look.now)
        return "held"

    def _safeguards(self, store: Store, look: Look, comparison: Comparison, change: Change) -> Safeguards:
        platform, record, turn = look.platform, comparison.record, comparison.turn
        around = Circumstances(
            billing=self._billing,
            platform=platform,
            now=look.now,
            bound={record.i_account: record.observation.record_id} if record and record.i_account is not None else {},
            allowance=store.targets.allowance(platform.name),
            completing=frozenset([key_of(change)] if turn.completes else ()),
            alone=1 + turn.followers,
        )
        return safeguards(store, around, [change])

    def _note(self, store: Store, outcome: Outcome, *, attempt: Attempt) -> None:
        look = attempt.look
        if outcome.error is None:
            result = self._note_success(store, look=look, change=attempt.change)
        else:
            result = note_failure(store, look, outcome, attempt.draw)
        attempt.results.append(self._ended(store, look, result, outcome.call))

    def _note_success(self, store: Store, *, look: Look, change: Change) -> Result:
        """Note how the subscriber stands after a call; what is left to do is done by another look."""
        subscribers = store.subscribers(look.platform.name)
        standing = store.accounts(self._billing.name).standing(look.i_account)
        if standing is not None and standing.is_missing:
            self._fresh.judge(store, look.i_account)  # from now on its record is off, or gone
        ended = partial(
            Result,
            "changed",
            wake=tuple(subscribers.wishing(released(change), look.i_account)),
            elsewhere=concerned_elsewhere(store, self._billing, look.platform, look.i_account),
        )
        comparison = compare(store, look.platform, look.i_account)
        if comparison is None:
            return ended()
        if comparison.change is None and (standing is None or standing.half_read is None):
            return ended(converged_after=self.rest(store, look=look, comparison=comparison))
        subscribers.unsettle(look.i_account, Progress(State.PENDING), look.now)
        return ended(again_in=timedelta(0))

    def _ended(self, store: Store, look: Look, result: Result, call: Opened | None = None) -> Result:
        """With what is new, and when the decision changes by itself, or a reading comes late enough after an event."""
        announced_at = store.events(self._billing.name).announced_at(look.i_account)
        settled = announced_at + SETTLING if announced_at is not None else None
        instants = (store.accounts(self._billing.name).valid_until(look.i_account), settled)
        due_at = min((at for at in instants if at is not None and at > look.now), default=None)
        news = self._news.of_look(store, look, result, call)
        settles = due_at is not None and due_at == settled
        return replace(result, due_at=due_at, settles=settles, call=call, news=news)


def attempted(
    look: Look, comparison: Comparison, change: Change, account_id: str, draw: Callable[[], float]
) -> Attempt:
    """The attempt at a change that the comparison found due; `change` is that one, with the values it has to write."""
    favour = _FAVOUR if comparison.turn.lets_go else None
    cause = Cause(
        look.trigger,
        account_id,
        is_free=comparison.turn.completes,
        text="; ".join(filter(None, (look.caused_by, favour))) or None,
        trace_id=look.trace_id,
    )
    return Attempt(look, comparison.change or change, change, cause, draw)


def _never(_: Store) -> str | None:
    """It was asked when the change was announced."""
    return None


def _approved_with(store: Store, *, due: Change) -> str | None:
    approvals = store.holds.approvals(key_of(due))
    return approvals.get(identity(due)) if approvals else None


def _may_be_woken(store: Store, platform: Platform, i_account: int) -> bool:
    known = store.subscribers(platform.name).get(i_account)
    return known is not None and known.progress.state not in (State.IN_FLIGHT, State.BACKOFF)


def _is_same(change: Change, other: Change) -> bool:
    """Whether they would do the same, whatever is known besides."""
    return identity(change) == identity(other)
