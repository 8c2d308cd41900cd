"""One look at one subscriber: read, decide, act, record. It performs, under the holds the fleet recorded.

Rules of this module:

1. The order is always the same: know the account, settle what is in doubt, compare, hear the other side of a conflict,
   make sure, ask the policies, act.
2. Nothing is taken from a viewer before both sides were read anew in this very look.
3. Whatever the outside does ends here as a `Result`. What leaves as an exception is a bug of ours, or the store's end.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from controller.billing.source import HalfRead
from controller.causes import noticed
from controller.executor import Attendance, Cause, Doubt, Executor, Outcome
from controller.fresh import SETTLING, FreshReader
from controller.holding import Circumstances, Safeguards, safeguards
from controller.judgement import Comparison, compare, lacks_values, rest, with_values
from controller.look import Look, Result, billings_trouble, note_failure
from controller.moves import concerned_elsewhere
from controller.news import Before, News
from controller.rivals import Rivals
from controller.store import Ledger, OpenIntent, Progress, Store
from controller.targets import Billing, Household, Platform
from controller.turns import Turn
from controller.workqueue import WorkQueue
from desired_state.account import Account
from desired_state.plan import Change, Create, Held, Plan, Suspend, identity, is_destructive, key_of, only_off
from desired_state.subscriber import Observation, State
from desired_state.turns import Value, held, released
from platforms.driver import PlatformError, Reference, Transient, Unavailable
from platforms.transport import Clock

_ASKS_BILLING = ("event", "operator", "timer")
_CONFLICTS = ("ownership", "duplicate", "ambiguous", "unproven")


class Reconciler:
    """Looks at the subscribers of one billing source and its platforms."""

    def __init__(self, billing: Billing, house: Household, ledger: Ledger, executor: Executor, clock: Clock) -> None:
        self._billing = billing
        self._ledger = ledger
        self._executor = executor
        self._clock = clock
        self.fresh = FreshReader(billing, house, ledger, clock)
        self.rivals = Rivals(self.fresh, ledger)
        self.news = News(billing, house)
        self.billing_breaker = billing.breaker

    def queue_of(self, platform: str) -> WorkQueue:
        """The queue of one of the platforms."""
        return next(each.queue for each in self._billing.platforms if each.name == platform)

    async def reconcile(self, platform: Platform, i_account: int, trigger: str, draw: Callable[[], float]) -> Result:
        """Bring one subscriber nearer to its wish, by one call at most."""
        look = Look(platform, i_account, trigger, self._clock.now(), is_probe=platform.breaker.is_open)
        ends, caused_by, before = await self._ledger.run(partial(self._begun, look=look))
        if ends is not None:
            return Result("held", again_in=ends - look.now, put_off=True)
        result = await self._result(replace(look, caused_by=caused_by), draw)
        return await self._ledger.run(partial(self._ended, look=look, before=before, result=result))

    def _begun(self, store: Store, *, look: Look) -> tuple[datetime | None, str | None, Before]:
        """Until when the platform is not to be called at all; who or what caused the look; how it stands before it."""
        ends = store.holds.maintenance_ends(look.platform.name, look.now)
        return ends, noticed(store, self._billing.name, look), self.news.before(store, look)

    async def _result(self, look: Look, draw: Callable[[], float]) -> Result:
        try:
            return await self._look(look, draw)
        except PlatformError as error:
            outcome = Outcome("unavailable" if isinstance(error, Unavailable) else "transient", error)
            return await self._ledger.run(lambda store: note_failure(store, look, outcome, draw))

    def _ended(self, store: Store, *, look: Look, before: Before, result: Result) -> Result:
        """With what is new, and when the decision changes by itself, or a reading comes late enough after an event."""
        announced_at = store.events(self._billing.name).announced_at(look.i_account)
        settled = announced_at + SETTLING if announced_at is not None else None
        instants = (store.accounts(self._billing.name).valid_until(look.i_account), settled)
        due_at = min((at for at in instants if at is not None and at > look.now), default=None)
        news = self.news.of_look(store, look, before, result)
        return replace(result, due_at=due_at, settles=due_at is not None and due_at == settled, news=news)

    async def _look(self, look: Look, draw: Callable[[], float]) -> Result:
        known, account = await self._know(look)
        if known.open_intents and not _is_for_a_person(look, known):
            wait = _shown_from(look, known.open_intents) - look.now
            if wait > timedelta(0):
                return Result("noop", again_in=wait)
            known = await self._settle_doubts(look, known)
        if known.comparison is not None and await self.rivals.ask(known.comparison):
            known = replace(await self._load(look), freed=known.freed)
        known, account = await self._make_sure(look, known, account)
        result = await self._carry_out(look, known, account, draw)
        return replace(result, wake=(*known.freed, *result.wake))

    async def _carry_out(
        self, look: Look, known: "_Known", account: Account | None, draw: Callable[[], float]
    ) -> Result:
        comparison = known.comparison
        if comparison is None:
            return Result("noop")
        if comparison.change is None and known.half_read is not None:
            raise Transient(known.half_read)  # all that is known is done; the rest is asked for again, ever later
        if comparison.change is None:
            await self._ledger.run(partial(self._rest, look=look, comparison=comparison))
            return Result("noop")
        change = await self._with_secrets(look, comparison.change, account)
        favour = _FAVOUR if comparison.turn.lets_go else None
        cause = Cause(
            look.trigger,
            known.account_id,
            is_free=comparison.turn.completes,
            text="; ".join(filter(None, (look.caused_by, favour))) or None,
        )
        return await self._act(replace(look, due=comparison.change), change, cause, draw)

    async def _know(self, look: Look) -> tuple["_Known", Account | None]:
        """What the store knows, and the account read anew where that is due."""
        known = await self._load(look)
        if not known.is_account_due and look.trigger not in _ASKS_BILLING:
            return known, None
        account = await self._ask_billing(look.i_account)
        return await self._load(look), account

    async def _load(self, look: Look) -> "_Known":
        return await self._ledger.run(partial(self._known, look=look))

    def _known(self, store: Store, *, look: Look) -> "_Known":
        name = look.platform.name
        stored = store.accounts(self._billing.name).get(look.i_account)
        announced_at = store.events(self._billing.name).announced_at(look.i_account)
        comparison = compare(store, look.platform, look.i_account)
        return _Known(
            account_id=stored.account.id if stored is not None else "",
            is_account_due=stored is None or stored.details_due or announced_at is not None,
            comparison=comparison,
            open_intents=tuple(store.journal.open_of(name, look.i_account)),
            is_listed=store.targets.reading(name).complete,
            half_read=stored.half_read if stored is not None else None,
        )

    async def _ask_billing(self, i_account: int) -> Account | None:
        was_open = self._billing.breaker.is_open
        try:
            return await self.fresh.read(i_account)
        except HalfRead as half:
            return half.account
        except PlatformError as error:
            raise billings_trouble(error, is_known=was_open) from error

    async def _settle_doubts(self, look: Look, known: "_Known") -> "_Known":
        """Resolve calls whose answers were lost, by reading the platform."""
        freed = await self._observe(look, known)
        return replace(await self._load(look), freed=freed)

    async def _make_sure(self, look: Look, known: "_Known", account: Account | None) -> tuple["_Known", Account | None]:
        """Read both sides anew where something would be taken away, and the record where the last list failed."""
        if not _is_to_be_seen(look, known):
            return known, account
        freed = (*known.freed, *await self._observe(look, known))
        known = replace(await self._load(look), freed=freed)
        change = known.comparison.change if known.comparison is not None else None
        if change is not None and is_destructive(change) and account is None:
            account = await self._ask_billing(look.i_account)
            known = replace(await self._load(look), freed=freed)
        return known, account

    async def _observe(self, look: Look, known: "_Known") -> tuple[int, ...]:
        """Read the record now, unless our own write is so young that the platform may not show it yet.

        Returns whose turn it is, because the record turned out to have set free what they wish.
        """
        record = known.comparison.record if known.comparison is not None else None
        written_at = record.written_at if record is not None else None
        lag = look.platform.driver.capabilities.read_lag
        if not known.open_intents and written_at is not None and look.now - written_at <= lag:
            return ()
        reference = _reference(known)
        is_gone = bool(known.open_intents) and _is_unfindable(look, reference)  # a whole list did not show it
        seen = None if is_gone else await look.platform.driver.observe(reference)
        doubt = Doubt(seen, known.open_intents)
        note = partial(self._executor.note_seen, platform=look.platform, looked_for=reference.record_id, doubt=doubt)
        await self._ledger.run(note)
        freed = held(record.observation) - _held_by_same(record.observation, doubt.seen) if record else ()
        wishing = partial(_wishing, values=freed, look=look)
        return await self._ledger.run(wishing) if freed else ()

    async def _with_secrets(self, look: Look, change: Change, account: Account | None) -> Change:
        """The change with the clear text of what it has to write; billing is asked for it, the store has none.

        A suspension waits for no secret: where it is not to be had, only the service is turned off.
        """
        anew = look.platform.driver.capabilities.writes_secrets_anew
        if not lacks_values(change, anew=anew):
            return change
        account = account or self.fresh.take(look.i_account) or await self._ask_billing(look.i_account)
        if account is not None:
            change = with_values(change, account)
        if not lacks_values(change, anew=anew):
            return change
        if isinstance(change, Suspend):
            return only_off(change)
        raise Transient(f"billing did not show the password or PIN of i_account {look.i_account} once more")

    def _hold(self, store: Store, *, look: Look, to_wake: list[int]) -> str | None:
        """`held` if a policy holds the change, which is noted; `stale` if something else is to be done by now.

        Whoever begins to wait has those looked at whom he waits for: they may have been at rest until now. Those whose
        call is under way or failed have their own time.
        """
        comparison = compare(store, look.platform, look.i_account)
        due = comparison.change if comparison is not None else None
        if comparison is None or due is None or not _is_same(due, look.due):
            return "stale"
        plan = self._safeguards(store, look, comparison.turn, due).apply(Plan((due,)))
        if not plan.held:
            return None
        progress = hold_progress(plan.held[0])
        if progress != comparison.subscriber.progress:
            to_wake += filter(partial(_may_be_woken, store, look.platform), comparison.turn.waits_for)
        store.subscribers(look.platform.name).unsettle(look.i_account, progress, look.now)
        return "held"

    def _safeguards(self, store: Store, look: Look, turn: Turn, change: Change) -> Safeguards:
        platform = look.platform
        record_id = change.observed.record_id if change.observed is not None else None
        bound = store.records(platform.name, platform.i_env).binding(record_id) if record_id is not None else None
        around = Circumstances(
            billing=self._billing,
            platform=platform,
            now=look.now,
            bound={bound: record_id} if bound is not None and record_id is not None else {},
            allowance=store.targets.allowance(platform.name),
            completing=frozenset([key_of(change)] if turn.completes else ()),
            alone=1 + turn.followers,
        )
        return safeguards(store, around, [change])

    async def _act(self, look: Look, change: Change, cause: Cause, draw: Callable[[], float]) -> Result:
        results: list[Result] = []
        to_wake: list[int] = []
        attendance = Attendance(
            hold=partial(self._hold, look=look, to_wake=to_wake),
            approved_with=partial(_approved_with, due=look.due),
            settle=lambda store: results.append(self._note_success(store, look=look, change=change)),
            fail=lambda store, outcome: results.append(note_failure(store, look, outcome, draw)),
        )
        outcome = await self._executor.perform(look.platform, change, cause, attendance)
        if outcome.result == "stale":
            return Result("noop", again_in=timedelta(0))
        if outcome.result == "held":
            return Result("held", wake=tuple(to_wake))
        return replace(results[-1], kind=change.kind, call=outcome.call)

    def _note_success(self, store: Store, *, look: Look, change: Change) -> Result:
        """Note how the subscriber stands after a call; what is left to do is done by another look."""
        subscribers = store.subscribers(look.platform.name)
        stored = store.accounts(self._billing.name).get(look.i_account)
        if stored is not None and stored.missing_since is not None:
            self.fresh.judge(store, look.i_account)  # from now on its record is off, or gone
        result = Result(
            "changed",
            change.kind,
            wake=tuple(subscribers.wishing(released(change), look.i_account)),
            elsewhere=concerned_elsewhere(store, self._billing, look.platform, look.i_account),
        )
        comparison = compare(store, look.platform, look.i_account)
        if comparison is None:
            return result
        if comparison.change is None and (stored is None or stored.half_read is None):
            return replace(result, converged_after=self._rest(store, look=look, comparison=comparison))
        subscribers.unsettle(look.i_account, Progress(State.PENDING), look.now)
        return replace(result, again_in=timedelta(0))

    def _rest(self, store: Store, *, look: Look, comparison: Comparison) -> timedelta | None:
        """Note that there is nothing to do; says for how long there had been."""
        rest(store, look.platform, comparison)
        since = comparison.subscriber.unconverged_since
        return None if since is None else self._clock.now() - since


@dataclass(frozen=True, slots=True)
class _Known:
    """What the store knows of a subscriber; `is_listed`: the platform's last list was read whole.

    `half_read`: why the account's credentials are not known as they are now. `freed`: whose turn it is, because a look
    at the platform showed that what they wish is free.
    """

    account_id: str
    is_account_due: bool
    comparison: Comparison | None
    open_intents: tuple[OpenIntent, ...]
    is_listed: bool
    half_read: str | None = None
    freed: tuple[int, ...] = ()


_FAVOUR = "another record waits for what this one gives up"


def _is_to_be_seen(look: Look, known: _Known) -> bool:
    """Whether the record is read anew. Where the last list was no proof, a person may ask for one that is gone."""
    if known.comparison is None:
        return False
    change = known.comparison.change
    if known.is_listed:
        return change is not None and is_destructive(change)
    return change is not None or look.trigger == "operator"


def _shown_from(look: Look, open_intents: tuple[OpenIntent, ...]) -> datetime:
    """From when on the platform shows what the last of these calls did, if it did it."""
    lag = look.platform.driver.capabilities.read_lag
    opened = [intent.opened_at for intent in open_intents if intent.opened_at <= look.now]
    return max(opened, default=look.now - lag) + lag


def _is_for_a_person(look: Look, known: _Known) -> bool:
    """Whether a record may have been made that no look can find: its account is held until it is known (`proven`)."""
    is_bound = known.comparison is not None and known.comparison.record is not None
    made = any(intent.kind == Create.kind for intent in known.open_intents)
    return made and not is_bound and not look.platform.driver.capabilities.finds_by_name


def _is_unfindable(look: Look, reference: Reference) -> bool:
    return reference.record_id is None and not look.platform.driver.capabilities.finds_by_name


def _reference(known: _Known) -> Reference:
    """Where to look: at the record we know, else under the name an open intent used, else under the wished one."""
    comparison = known.comparison
    if comparison is not None and comparison.record is not None:
        return Reference(comparison.record.observation.external_id, comparison.record.observation.record_id)
    if known.open_intents or comparison is None:
        return Reference(known.open_intents[0].external_id)
    return Reference(comparison.subscriber.desired.external_id)


def _held_by_same(before: Observation, seen: Observation | None) -> frozenset[Value]:
    """What the record has now; nothing, if another one was found in its place."""
    return held(seen) if seen is not None and seen.record_id == before.record_id else frozenset()


def _wishing(store: Store, *, values: Collection[Value], look: Look) -> tuple[int, ...]:
    return tuple(store.subscribers(look.platform.name).wishing(values, look.i_account))


def _approved_with(store: Store, *, due: Change | None) -> str | None:
    return store.holds.approval(key_of(due), identity(due)) if due is not None else None


def _may_be_woken(store: Store, platform: Platform, i_account: int) -> bool:
    known = store.subscribers(platform.name).get(i_account)
    return known is not None and known.progress.state not in (State.IN_FLIGHT, State.BACKOFF)


def _is_same(change: Change, other: Change | None) -> bool:
    """Whether they would do the same, whatever is known besides."""
    return other is not None and Plan((change,)).hash == Plan((other,)).hash


def hold_progress(held: Held) -> Progress:
    """How a subscriber stands whose change is held."""
    if held.by == "waiting":
        return Progress(State.PENDING, held.by, held.text)
    if held.by == "paused":
        return Progress(State.PAUSED, held.by, held.text)
    codes = {problem.code for problem in held.change.desired.problems} if held.by == "condition" else {held.by}
    state = State.CONFLICT if codes & set(_CONFLICTS) else State.HELD
    return Progress(state, held.by, held.text)
