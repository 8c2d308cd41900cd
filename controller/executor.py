"""From a change to a call, and from the call's outcome to what we remember.

Rules of this module:

1. The intent is committed before the call, together with what it takes from the brake; the outcome after the call,
   together with its audit row and all it changes. Between the two there is only the call. Without an intent there is
   no call: where none can be stored, nothing is done. An outcome waits until it can be.
2. An answer that got lost leaves the intent open. It is resolved by reading (`resolve`), never by sending again.
3. What a call answered is not believed to be the state of the platform; the next list is.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, assert_never

from controller.shown import as_json, show_spec
from controller.store import Intent, OpenIntent, Store
from controller.store.codec import encode, fingerprint
from controller.store.ledger import Ledger
from controller.targets import Platform
from desired_state.brake import is_limited_update
from desired_state.plan import Change, Create, Delete, Rename, Resume, Suspend, Update, is_destructive, name_after
from desired_state.subscriber import SPEC_FIELDS, UNREADABLE, Observation, SubscriberSpec
from platforms.driver import PlatformError, Transient, Unavailable
from platforms.transport import Clock

_UNREADABLE = set(UNREADABLE)


@dataclass(frozen=True, slots=True)
class Cause:
    """What asked for a change, for which account label; `text` says in words who or what that was, if it is known.

    `is_free`: the brake does not count it. `trace_id`: the trace of which the call is a part.
    """

    trigger: str
    account_id: str
    is_free: bool = False
    text: str | None = None
    trace_id: str | None = None


@dataclass(frozen=True, slots=True)
class Doubt:
    """What a look at the platform showed, and the intents it has to settle."""

    seen: Observation | None
    open_intents: tuple[OpenIntent, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a change: `changed`, `held`, `stale`, `rejected`, `transient` or `unavailable`.

    `stale`: what is wished has changed since the change was made up; nothing was done.

    `error` is what the platform or the network objected. `call` is what was announced, where something was.
    """

    result: str
    error: PlatformError | None = None
    call: "Opened | None" = None


@dataclass(frozen=True, slots=True)
class Attendance:
    """What happens together with a call, each within its transaction.

    `hold` is asked in the one that stores the intent: what it allows is spent there, so that two workers cannot use the
    same allowance; it says why nothing is to be done (`held`, `stale`), or nothing. `approved_with` is asked there for
    the plan with which a person approved the change: it may have come, or be void, since the look began. `note` is told
    of the outcome in the one that stores it.
    """

    hold: Callable[[Store], str | None]
    approved_with: Callable[[Store], str | None]
    note: Callable[[Store, Outcome], None]


class Executor:
    """Performs changes, one call each."""

    def __init__(self, ledger: Ledger, clock: Clock, new_request_id: Callable[[], str]) -> None:
        self.ledger = ledger
        self.clock = clock
        self._new_request_id = new_request_id

    async def perform(self, platform: Platform, change: Change, cause: Cause, attendance: Attendance) -> Outcome:
        """Announce, call, and remember what came of it. Raises only what is a bug of ours."""
        announce = partial(self.announce, change=change, cause=cause, attendance=attendance)
        opened = await self.ledger.run(announce, durable=True)
        if isinstance(opened, str):
            return Outcome(opened)
        return await self.carry_out(platform, change, opened, attendance)

    def announce(self, store: Store, *, change: Change, cause: Cause, attendance: Attendance) -> "Opened | str":
        """Store the intent and what it takes from the brake; or say why nothing is to be done.

        Within a transaction that is durable. Nothing but `carry_out` may follow.
        """
        verdict = attendance.hold(store)
        if verdict is not None:
            return verdict
        now, plan = self.clock.now(), attendance.approved_with(store)
        caused_by = "; ".join(filter(None, (_approved(store, plan), cause.text))) or None
        leave = _Leave(self._new_request_id(), plan, caused_by, store.recovery.epoch())
        intent, platform = _intent(change, cause, leave), change.desired.key.platform
        if intent.spent is not None and intent.plan is None:
            store.targets.spend(platform, **{intent.spent: 1})
        store.subscribers(platform).mark_in_flight(intent.key.i_account, now)
        return Opened(store.journal.open(intent, now), intent)

    async def carry_out(self, platform: Platform, change: Change, opened: "Opened", attendance: Attendance) -> Outcome:
        """Make the call that was announced, and remember what came of it."""
        try:
            with self.ledger.calling():
                record_id = await _call(platform, change)
        except PlatformError as error:
            outcome = Outcome(_result_of(error), error, opened)
            await self.ledger.run(partial(self._fail, outcome=outcome, attendance=attendance), patient=True)
            return outcome
        done = _Done(platform, change, record_id, opened)
        await self.ledger.run(partial(self._keep, done=done, attendance=attendance), patient=True)
        return Outcome("changed", call=opened)

    def note_seen(self, store: Store, *, platform: Platform, looked_for: str | None, doubt: Doubt) -> None:
        """Keep what a look at the platform showed, and close by it the intents whose answers were lost.

        An intent is done if the platform shows what was to be written, else not done: the next comparison decides.
        """
        seen = doubt.seen
        store.records(platform.name, platform.i_env).note_observed(looked_for, seen)
        for intent in doubt.open_intents:
            result = _result_seen(intent, seen)
            text = "the answer was lost; the platform was read instead"
            store.journal.close(intent.number, result, text, self.clock.now())
            if result == "not_done" and intent.plan is None:
                store.targets.give_back(platform.name, intent.spent)
            if result == "ok" and intent.plan is not None:
                store.holds.performed(intent.key, intent.plan, self.clock.now())

    def _fail(self, store: Store, *, outcome: Outcome, attendance: Attendance) -> None:
        """Nobody knows whether a call happened whose answer is missing: its intent stays open."""
        if outcome.result != "transient" and outcome.error is not None and outcome.call is not None:
            number, intent = outcome.call.number, outcome.call.intent
            store.journal.close(number, outcome.result, outcome.error.text, self.clock.now())
            if intent.plan is None:
                store.targets.give_back(intent.key.platform, intent.spent)
        attendance.note(store, outcome)

    def _keep(self, store: Store, *, done: "_Done", attendance: Attendance) -> None:
        now, change, plan = self.clock.now(), done.change, done.opened.intent.plan
        store.journal.close(done.opened.number, "ok", change.desired.because or None, now)
        if plan is not None:
            store.holds.performed(change.desired.key, plan, now)
        records = store.records(done.platform.name, done.platform.i_env)
        if change.after is None:
            records.note_removed(done.record_id, now)
        else:
            if change.observed is not None and change.observed.record_id != done.record_id:
                records.remove(change.observed.record_id)  # its name is its id, and others may have that from now on
            written = Observation(name_after(change) or "", done.record_id, change.after.sealed(), now)
            records.note_written(written, change.desired.key.i_account, now)
        attendance.note(store, Outcome("changed", call=done.opened))


@dataclass(frozen=True, slots=True)
class Opened:
    """An intent that is stored, by its number."""

    number: int
    intent: Intent


@dataclass(frozen=True, slots=True)
class _Leave:
    """Under which name, plan and epoch a call is made, and whom it is due to in words."""

    request_id: str
    plan: str | None
    caused_by: str | None
    epoch: int


@dataclass(frozen=True, slots=True)
class _Done:
    platform: Platform
    change: Change
    record_id: str
    opened: Opened


def _approved(store: Store, plan: str | None) -> str | None:
    """Who let the change go."""
    if plan is None:
        return None
    owner = store.operator.who_decided(plan)
    return f"plan {plan}, approved by {owner or 'a person'}"


def _result_of(error: PlatformError) -> str:
    match error:
        case Transient():
            return "transient"
        case Unavailable():
            return "unavailable"
        case _:
            return "rejected"


async def _call(platform: Platform, change: Change) -> str:
    """The one call of a change; returns the platform's id of the record."""
    driver = platform.driver
    match change:
        case Create():
            return await driver.create(change.desired.external_id, change.after)
        case Update() | Suspend() | Resume():
            await driver.update(change.observed, change.after)
        case Delete():
            await driver.delete(change.observed)
        case Rename():
            return await driver.rename(change.observed, change.desired.external_id)
        case _:
            assert_never(change)
    return change.observed.record_id


def _intent(change: Change, cause: Cause, leave: _Leave) -> Intent:
    before = change.observed.spec if change.observed is not None else None
    name = name_after(change) or (change.observed.external_id if change.observed is not None else "")
    return Intent(
        key=change.desired.key,
        account_id=cause.account_id,
        kind=change.kind,
        external_id=name,
        reason=change.desired.reason,
        cause=cause.trigger,
        caused_by=leave.caused_by,
        plan=leave.plan,
        epoch=leave.epoch,
        request_id=leave.request_id,
        before=as_json(show_spec(before, change.after)),
        after=as_json(show_spec(change.after, before)),
        after_fp=_readable_fp(change),
        managed=_managed(change.after) if change.after is not None else "",
        spent=None if cause.is_free else _spent(change),
        trace_id=cause.trace_id,
    )


def _spent(change: Change) -> str | None:
    """What a change takes of the brake."""
    if is_destructive(change):
        return "destructive"
    return "updates" if is_limited_update(change) else None


def _readable_fp(change: Change) -> bytes | None:
    """What will be read once the change is made; `None` where nothing that can be read is going to change."""
    if change.after is None:
        return None
    name, seen = name_after(change) or "", change.observed
    if seen is not None and seen.external_id == name and not set(change.after.differs_from(seen.spec)) - _UNREADABLE:
        return None
    return _reading(name, change.after, _managed(change.after))


def _managed(spec: SubscriberSpec) -> str:
    """The fields that a spec sets and that can be read back."""
    return " ".join(name for name in SPEC_FIELDS if name not in UNREADABLE and getattr(spec, name) is not None)


def _reading(external_id: str, spec: SubscriberSpec, managed: str) -> bytes:
    shown: dict[str, Any] = {name: getattr(spec, name) for name in ("enabled", *managed.split())}
    return fingerprint(external_id.encode() + encode(SubscriberSpec(**shown)))


def _result_seen(intent: OpenIntent, seen: Observation | None) -> str:
    """What became of an intent whose answer was lost, as far as reading the platform can tell."""
    if intent.kind == Delete.kind:
        return "ok" if seen is None else "not_done"
    if intent.after_fp is None:
        return "unknown"
    done = seen is not None and _reading(seen.external_id, seen.spec, intent.managed) == intent.after_fp
    return "ok" if done else "not_done"
