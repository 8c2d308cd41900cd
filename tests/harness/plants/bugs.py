"""The bugs: each what somebody could have written, and reviewed, and not seen.

Rules of this module:

1. One bug replaces one method. Its docstring says what was got wrong.
"""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar
from weakref import WeakKeyDictionary

from controller import executor, holding, look
from controller.billing import listing
from controller.billing.wire import Page
from controller.concluding import Conclusions
from controller.events.bodies import Notice
from controller.events.inbox import Inbox
from controller.events.vocabulary import Subject, positive
from controller.executor import Attendance, Executor, Opened, Outcome
from controller.holding import Safeguards
from controller.look import Look
from controller.reconciler import Reconciler
from controller.shown import Shown
from controller.store import Announced, Intent, Store, StoredRecord, absences
from controller.store.journal import Journal
from controller.store.records import Reading, Records
from controller.targets import Platform
from desired_state import brake
from desired_state.absence import Absence
from desired_state.account import Account, BillingSnapshot
from desired_state.allowance import Brake
from desired_state.plan import Change, Create, Plan
from desired_state.policy import Policy
from desired_state.subscriber import SubscriberSpec
from platforms.breaker import Breaker
from platforms.telebreeze.driver import TelebreezeDriver
from tests.harness.plants.planting import Bug, Function, Reach, bug

T = TypeVar("T")


@bug(Journal, "open")
def intent_not_committed(reach: Reach, _sound: Function) -> Function:
    """What is about to be done is written down nowhere."""

    def bad(self: Journal, intent: Intent, now: datetime) -> int:
        reach()
        return 0

    return bad


@bug(Executor, "carry_out")
def outcome_before_the_call(reach: Reach, _sound: Function) -> Function:
    """The outcome is taken for granted, and committed before the call."""

    async def bad(
        self: Executor, platform: Platform, change: Change, opened: Opened, attendance: Attendance
    ) -> Outcome:
        reach()
        record_id = change.observed.record_id if change.observed is not None else change.desired.external_id
        done = executor._Done(platform, change, record_id, opened)
        await self.ledger.run(partial(self._keep, done=done, attendance=attendance))
        await executor._call(platform, change)
        return Outcome("changed", call=opened)

    return bad


@bug(listing._Reading, "take")
def page_skipped(reach: Reach, sound: Function) -> Function:
    """The offset of the next page is one too large, as where pages are counted from one."""

    def bad(self: listing._Reading, page: Page) -> Page:
        fresh: Page = sound(self, page)
        if len(page):
            reach()
            self.offset += 1
        return fresh

    return bad


@bug(Reconciler, "_make_sure")
def _nothing_made_sure_of(reach: Reach, _sound: Function) -> Function:
    """Nothing is read anew before something is taken away."""

    async def bad(self: Reconciler, look: Look, known: T, account: Account | None) -> tuple[T, Account | None]:
        reach()
        return known, account

    return bad


@bug(absences, "unlisted", along=_nothing_made_sure_of)
def _gone_after_one_list(reach: Reach, sound: Function) -> Function:
    """Who is not in one list is gone."""

    def bad(known: Absence | None, began: datetime, ended: datetime) -> Absence:
        reach()
        counted: Absence = sound(known, began, ended)
        return replace(counted, proven_at=ended)

    return bad


@bug(Conclusions, "_doubted", along=_gone_after_one_list)
def empty_list_believed(reach: Reach, _sound: Function) -> Function:
    """A list that shows nobody is whole if billing says so; by this list alone everybody is gone."""

    def bad(
        self: Conclusions, store: Store, snapshot: BillingSnapshot, lost: Sequence[int], known: int
    ) -> BillingSnapshot:
        if len(lost) == known > 0:
            reach()
        return snapshot

    return bad


@bug(TelebreezeDriver, "create")
def create_not_idempotent(reach: Reach, sound: Function) -> Function:
    """Each creation bears a name of its own, put right afterwards: one that is repeated makes a second record."""
    numbers = itertools.count()

    async def bad(self: TelebreezeDriver, external_id: str, spec: SubscriberSpec) -> str:
        reach()
        return str(await sound(self, f"{external_id}-{next(numbers)}", spec))

    return bad


@bug(Brake, "destructive_limit")
def brake_off_by_one(reach: Reach, sound: Function) -> Function:
    """One more may be taken away in a pass."""

    def bad(self: Brake, owned: int) -> int:
        reach()
        return int(sound(self, owned)) + 1

    return bad


@bug(Journal, "destructive_since")
def budget_not_persisted(reach: Reach, sound: Function) -> Function:
    """What was spent of the day's budget is counted by each process for itself."""
    began: WeakKeyDictionary[Journal, datetime] = WeakKeyDictionary()

    def bad(self: Journal, platform: str, start: datetime) -> int:
        reach()
        return int(sound(self, platform, max(start, began.setdefault(self, start + timedelta(days=1)))))

    return bad


@bug(holding, "owned_only")
def unowned_record_updated(reach: Reach, _sound: Function) -> Function:
    """A record that bears the account's name is taken for its own."""

    def bad(bound: Mapping[int, str], platform: str) -> Policy:
        reach()
        return lambda plan: plan

    return bad


@bug(look, "backoff")
def retry_without_backoff(reach: Reach, _sound: Function) -> Function:
    """What failed is tried again at once."""

    def bad(failures: int, draw: float, at_least: timedelta = timedelta(0)) -> timedelta:
        reach()
        return at_least

    return bad


@bug(Inbox, "take")
def event_lost_after_200(reach: Reach, _sound: Function) -> Function:
    """An event is put on the queues, and answered, but not kept."""

    async def bad(self: Inbox, source: str, notice: Notice) -> str:
        reach()
        i_account = positive(notice.variables.get("i_account")) or 0
        for billing in self._billings.values():
            self.enqueue(billing, [Announced(i_account, self._clock.now(), routine=False)])
        return "stored"

    return bad


@bug(Reading, "settled_before")
def stale_read_believed(reach: Reach, _sound: Function) -> Function:
    """A list is believed to show whatever was written before it began, however late the platform shows it."""

    def bad(self: Reading) -> float:
        reach()
        return self.began.timestamp() + 1

    return bad


@bug(Records, "of_account")
def binding_keyed_by_account_id(reach: Reach, _sound: Function) -> Function:
    """The record of an account is the one that bears its id, which billing may change, and give to somebody else."""

    def bad(self: Records, i_account: int, external_id: str) -> StoredRecord | None:
        reach()
        row = self._conn.execute(
            "SELECT record_id FROM records WHERE platform = ? AND external_id = ? AND gone = 0",
            (self._platform, external_id),
        ).fetchone()
        return None if row is None else self.get(row[0])

    return bad


@bug(holding, "in_turn")
def claimed_before_released(reach: Reach, _sound: Function) -> Function:
    """Nobody waits until what he claims has been set free."""

    def bad(plan: Plan) -> Plan:
        reach()
        return plan

    return bad


@bug(Safeguards, "is_void")
def approval_good_for_a_changed_plan(reach: Reach, _sound: Function) -> Function:
    """What was approved goes on, whatever else is to be done by now."""

    def bad(self: Safeguards, plan: Plan) -> bool:
        reach()
        return False

    return bad


@bug(Breaker, "_open")
def breaker_never_opens(reach: Reach, _sound: Function) -> Function:
    """A platform that fails is asked on."""

    def bad(self: Breaker, now: float) -> None:
        reach()

    return bad


@bug(executor, "_spent")
def budget_counts_creations(reach: Reach, sound: Function) -> Function:
    """What is made is counted as if something were taken away."""

    def bad(change: Change) -> str | None:
        if not isinstance(change, Create):
            spent: str | None = sound(change)
            return spent
        reach()
        return "destructive"

    return bad


@bug(executor, "show_spec")
def password_in_the_audit(reach: Reach, sound: Function) -> Function:
    """The fields of a change are audited as they are."""

    def bad(spec: SubscriberSpec | None, beside: SubscriberSpec | None = None) -> Shown | None:
        shown: Shown | None = sound(spec, beside)
        if shown is None or spec is None:
            return shown
        reach()
        secrets = {"password": spec.password, "pin": spec.pin}
        return shown | {name: each.value for name, each in secrets.items() if each is not None and each.value}

    return bad


@bug(Inbox, "_key")
def event_deduplicated_by_account(reach: Reach, _sound: Function) -> Function:
    """Two events about one account are taken for one."""

    def bad(self: Inbox, notice: Notice, subject: Subject) -> str:
        reach()
        return f"{subject.scope} {subject.number}"

    return bad


@bug(brake, "is_limited_update")
def resumptions_held_by_the_brake(reach: Reach, sound: Function) -> Function:
    """Who pays again waits like everybody else."""

    def bad(change: Change) -> bool:
        reach()
        return change.kind == "resume" or bool(sound(change))

    return bad


ALL: Mapping[str, Bug] = {name: each for name, each in vars().items() if isinstance(each, Bug) and name[0] != "_"}
