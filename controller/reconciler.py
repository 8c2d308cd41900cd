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

from controller.acting import Acting, Attempt, attempted
from controller.billing.source import HalfRead
from controller.causes import noticed
from controller.executor import Doubt, Executor, Opened, Outcome
from controller.fresh import FreshReader
from controller.judgement import Comparison, compare, lacks_values, with_values
from controller.look import Look, Result, billings_trouble, note_failure
from controller.news import News, before
from controller.rivals import Rivals
from controller.store import OpenIntent, Store
from controller.store.ledger import Ledger
from controller.targets import Billing, Household, Platform
from controller.workqueue import WorkQueue
from desired_state.account import Account
from desired_state.plan import Change, Create, Suspend, is_destructive, only_off
from desired_state.subscriber import Observation
from desired_state.turns import held
from desired_state.unique import Value
from platforms.driver import PlatformError, Reference, Transient, Unavailable
from platforms.trace import current
from platforms.transport import Clock

_ASKS_BILLING = ("event", "operator", "timer")


class Reconciler:
    """Looks at the subscribers of one billing source and its platforms."""

    def __init__(self, billing: Billing, house: Household, ledger: Ledger, executor: Executor, clock: Clock) -> None:
        self._billing = billing
        self._ledger = ledger
        self._executor = executor
        self._clock = clock
        self.fresh = FreshReader(billing, house, ledger, clock)
        self.rivals = Rivals(self.fresh, ledger)
        self._acting = Acting(billing, self.fresh, News(billing, house), executor)
        self.billing_breaker = billing.breaker

    def queue_of(self, platform: str) -> WorkQueue:
        """The queue of one of the platforms."""
        return next(each.queue for each in self._billing.platforms if each.name == platform)

    async def reconcile(self, platform: Platform, i_account: int, trigger: str, draw: Callable[[], float]) -> Result:
        """Bring one subscriber nearer to its wish, by one call at most."""
        trace = current()
        look = Look(
            platform,
            i_account,
            trigger,
            self._clock.now(),
            is_probe=platform.breaker.is_open,
            trace_id=trace.trace_id if trace is not None else None,
        )
        asks = trigger in _ASKS_BILLING
        begin = partial(self._begun, look=look, kept=self.fresh.kept(i_account), draw=draw, may_act=not asks)
        known = await self._ledger.run(begin, durable=not asks)
        if known.ends is not None:
            return Result("held", again_in=known.ends - look.now, put_off=True)
        try:
            return await self._look(known, draw)
        except PlatformError as error:
            outcome = Outcome("unavailable" if isinstance(error, Unavailable) else "transient", error)
            return await self._acting.conclude(known.look, lambda store: note_failure(store, known.look, outcome, draw))

    def _begun(
        self, store: Store, *, look: Look, kept: Account | None, draw: Callable[[], float], may_act: bool
    ) -> "_Known":
        """What the store knows; and, where nothing else has to be found out first, the announcement of the call."""
        ends = store.holds.maintenance_ends(look.platform.name, look.now)
        if ends is not None:
            return _Known(look, ends=ends)
        known = self._known(store, look=look)
        subscriber = known.comparison.subscriber if known.comparison is not None else None
        caused_by = noticed(store, self._billing.name, look, subscriber, is_announced=known.is_announced)
        look = replace(look, caused_by=caused_by, before=before(subscriber, known.open_intents))
        attempt = _attempt(look, known, kept, draw) if may_act else None
        if attempt is None or known.comparison is None:
            return replace(known, look=look)
        return replace(known, look=look, attempt=attempt, opened=self._acting.begin(store, attempt, known.comparison))

    async def _look(self, known: "_Known", draw: Callable[[], float]) -> Result:
        look = known.look
        if known.attempt is not None:
            if isinstance(known.opened, Opened):
                self.fresh.take(look.i_account)  # its secrets are being written
            return await self._acting.finish(known.attempt, known.opened)
        account = None
        if known.is_account_due or look.trigger in _ASKS_BILLING:
            account = await self._ask_billing(look.i_account)
            known = await self._load(look)
        if known.open_intents and not _is_for_a_person(look, known):
            wait = _shown_from(look, known.open_intents) - look.now
            if wait > timedelta(0):
                return await self._acting.conclude(look, lambda _: Result("noop", again_in=wait))
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
            return await self._acting.conclude(look, lambda _: Result("noop"))
        if comparison.change is None and known.half_read is not None:
            raise Transient(known.half_read)  # all that is known is done; the rest is asked for again, ever later
        if comparison.change is None:
            return await self._acting.conclude(look, partial(self._rest, look=look, comparison=comparison))
        change = await self._with_secrets(look, comparison.change, account)
        return await self._acting.act(attempted(look, comparison, change, known.account_id, draw))

    def _rest(self, store: Store, *, look: Look, comparison: Comparison) -> Result:
        self._acting.rest(store, look=look, comparison=comparison)
        return Result("noop")

    async def _load(self, look: Look) -> "_Known":
        return await self._ledger.run(partial(self._known, look=look))

    def _known(self, store: Store, *, look: Look) -> "_Known":
        name = look.platform.name
        standing = store.accounts(self._billing.name).standing(look.i_account)
        is_announced = store.events(self._billing.name).announced_at(look.i_account) is not None
        return _Known(
            look,
            account_id=standing.id if standing is not None else "",
            is_announced=is_announced,
            is_account_due=standing is None or standing.details_due or is_announced,
            comparison=compare(store, look.platform, look.i_account),
            open_intents=tuple(store.journal.open_of(name, look.i_account)),
            is_listed=store.targets.reading(name).complete,
            half_read=standing.half_read if standing is not None else None,
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


@dataclass(frozen=True, slots=True)
class _Known:
    """What the store knows of a subscriber; `is_listed`: the platform's last list was read whole.

    `half_read`: why the account's credentials are not known as they are now. `freed`: whose turn it is, because a look
    at the platform showed that what they wish is free. `ends`: until when the platform is not to be called at all.
    `attempt`: nothing else had to be found out, so that its call was announced (`opened`), or why it was not.
    """

    look: Look
    account_id: str = ""
    is_announced: bool = False
    is_account_due: bool = False
    comparison: Comparison | None = None
    open_intents: tuple[OpenIntent, ...] = ()
    is_listed: bool = False
    half_read: str | None = None
    freed: tuple[int, ...] = ()
    ends: datetime | None = None
    attempt: Attempt | None = None
    opened: Opened | str = ""


def _attempt(look: Look, known: _Known, account: Account | None, draw: Callable[[], float]) -> Attempt | None:
    """The change that is due, if nothing has to be found out before it is made; `account` has its secrets."""
    comparison = known.comparison
    if comparison is None or comparison.change is None or not _is_all_known(known, comparison):
        return None
    change = comparison.change if account is None else with_values(comparison.change, account)
    if lacks_values(change, anew=look.platform.driver.capabilities.writes_secrets_anew):
        return None
    return attempted(look, comparison, change, known.account_id, draw)


def _is_all_known(known: _Known, comparison: Comparison) -> bool:
    """Whether nobody outside has to be asked before the change is made."""
    is_unclear = known.is_account_due or known.open_intents or comparison.turn.rivals
    return not (is_unclear or _is_to_be_seen(known.look, known))


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
