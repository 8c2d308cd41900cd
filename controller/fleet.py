"""The full pass: read everything, decide who needs what, hold what has to wait, enqueue the rest. It decides.

Rules of this module:

1. Gather, decide, hand over, in that order. Each target fails for itself: what could not be read keeps what was known,
   and takes nothing away from anybody.
2. Work is done in slices, each in a transaction of its own, so that urgent keys are served in between.
3. The pass writes nothing to a platform. The plan it returns is the one `plan` prints and `apply` performs.
"""

from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from controller.backlog import Backlog
from controller.compared import bound_records, delay_of, drifted, refusals
from controller.decided import Decided, tell
from controller.gather import JUDGED, Gatherer
from controller.holding import (
    Circumstances,
    Safeguards,
    conclude_contact,
    hold_progress,
    keep_whole_plan,
    make_contact,
    note_held_plan,
    safeguards,
)
from controller.judgement import Comparison, bug_in, compare, rest
from controller.lane import Tools
from controller.news import News
from controller.readings import Readings
from controller.recovery import conclude
from controller.rivals import Rivals
from controller.slices import slices
from controller.store import REFUSALS, Progress, Store
from controller.targets import Billing, Household, Moment, Platform
from controller.workqueue import Priority
from desired_state.account import BillingSnapshot
from desired_state.allowance import Allowance
from desired_state.plan import Change, Held, Plan, identity, key_of
from desired_state.subscriber import State, SubscriberKey

_DAY = timedelta(days=1)
_ENQUEUED = 1000  # keys, between which others get a turn


@dataclass(frozen=True, slots=True)
class PassOptions:
    """How thorough a pass is. `horizon` is how far ahead timers are set.

    With `whole_plan`, details that are due are read for accounts without a record too, so that the plan names them;
    with `announced`, those of accounts that events have announced (the daemon's lanes read them by themselves).
    With `in_background`, what takes long is not waited for (details, a slow platform): it goes on being read meanwhile.
    """

    horizon: timedelta = timedelta(0)
    whole_plan: bool = False
    announced: bool = True
    refresh: bool = False
    in_background: bool = False


@dataclass(frozen=True, slots=True)
class PassReport:
    """What a pass found. `failed` names the targets that could not be read (in time); their plan is not known.

    `unread` counts accounts of which billing did not give the details. `drift` counts, by platform and kind, what the
    platform changed by itself since it was last as wished. `unsure` are in conflict with accounts that were not read
    for it: that is for a look of theirs. `resting` are in maintenance: nobody has called them.
    """

    plan: Plan
    snapshot: BillingSnapshot | None
    failed: tuple[str, ...]
    drift: Mapping[tuple[str, str], int]
    unread: int = 0
    unsure: tuple[SubscriberKey, ...] = ()
    resting: tuple[str, ...] = ()


class Fleet:
    """Passes over all accounts of one billing source and all records of its platforms."""

    def __init__(self, billing: Billing, house: Household, gatherer: Gatherer, rivals: Rivals, tools: Tools) -> None:
        self._billing = billing
        self.house = house
        self._ledger = tools.ledger
        self._gatherer = gatherer
        self._rivals = rivals
        self._clock = tools.clock
        self._watcher = tools.watcher
        self._news = News(billing, house)
        self.readings = Readings(gatherer, tools.clock)
        self.backlog = Backlog(billing, gatherer, tools)
        self._names = tuple(platform.name for platform in billing.platforms)

    async def survey(self, options: PassOptions) -> PassReport:
        """Read everything and decide; nothing is enqueued or noted as held yet."""
        began, resting = self._clock.now(), await self.resting()
        platforms = [platform for platform in self._billing.platforms if platform.name not in resting]
        snapshot, read = await self.read(platforms, patiently=not options.in_background)
        if snapshot is not None:
            await self._read_details(options)
            await self._gatherer.judge_all()
        plans, drift, unsure = list[Plan](), Counter[tuple[str, str]](), list[SubscriberKey]()
        for platform in read:
            comparisons = await self._differing(platform)
            if not options.in_background and await self._ask_rivals(comparisons):
                comparisons = await self._differing(platform)
            unsure += await self._ledger.run_slice(partial(self._unsure, comparisons=comparisons))
            plans.append(await self._plan(platform, comparisons, _Reading(began, comparisons, _doubt(snapshot))))
            drift.update(drifted(comparisons))
        failed = [platform.name for platform in platforms if platform not in read]
        if snapshot is None:
            failed.append(self._billing.name)
        unread = await self._ledger.run(lambda store: store.accounts(self._billing.name).unread())
        return PassReport(_united(plans), snapshot, tuple(failed), drift, unread, tuple(unsure), resting)

    async def resting(self) -> tuple[str, ...]:
        """The platforms that are in maintenance, and so are not called."""
        return await self._ledger.run(self._in_maintenance)

    def _in_maintenance(self, store: Store) -> tuple[str, ...]:
        return tuple(name for name in self._names if store.holds.maintenance_ends(name, self._clock.now()))

    async def read(
        self, platforms: Sequence[Platform], *, patiently: bool = True
    ) -> tuple[BillingSnapshot | None, list[Platform]]:
        """Read billing's list and these platforms, and judge; returns what billing gave, and who answered (in time)."""
        self.readings.begin(platforms)
        snapshot = await self._gatherer.read_billing()
        if snapshot is not None and snapshot.complete:
            self._watcher.listed()
        read = await self.readings.read(platforms, patiently=patiently)
        is_complete = snapshot is not None and snapshot.complete
        await self._ledger.run(partial(conclude, read=read, is_billing_complete=is_complete))
        await self._gatherer.judge_all()
        return snapshot, read

    def stop(self) -> None:
        """Read nothing more."""
        self.readings.stop()
        self.backlog.stop()

    async def ended(self) -> None:
        """Wait until nothing is being read any more, or not for a while."""
        await self.readings.ended()
        await self.backlog.ended()

    async def note(self, report: PassReport) -> dict[str, list[tuple[int, timedelta]]]:
        """Set the brakes, and note who waits for a call and who is held; returns, by platform, who waits how long."""
        waiting = dict[str, list[tuple[int, timedelta]]]()
        for platform in self._billing.platforms:
            if platform.name not in (*report.failed, *report.resting):
                waiting[platform.name] = await self._note(platform, report.plan.on(platform.name))
        whole = partial(keep_whole_plan, billings=[self._billing.name], plan=report.plan.hash, platforms=list(waiting))
        await self._ledger.run(whole)
        return waiting

    async def hand_over(self, report: PassReport, options: PassOptions) -> None:
        """Note how everybody stands, and put who waits on the queues."""
        waiting = await self.note(report)
        for platform in self._billing.platforms:
            in_doubt = await self._ledger.run(partial(_in_doubt, platform=platform, now=self._clock.now()))
            for number, (i_account, delay) in enumerate((*waiting.get(platform.name, ()), *in_doubt)):
                self._enqueue(platform, [i_account], delay)
                if number % _ENQUEUED == 0:
                    await self._clock.sleep(0)
            self._enqueue(platform, [key.i_account for key in report.unsure if key.platform == platform.name])
        if options.in_background:
            self.backlog.serve()
        else:
            _, due = await self._gatherer.due_details()
            for platform in self._billing.platforms:
                self._enqueue(platform, due)
        await self._set_timers(options.horizon)

    async def _read_details(self, options: PassOptions) -> None:
        if options.in_background:
            await self.backlog.read()
        else:
            await self._gatherer.read_details(await self._details_to_read(options))
            absences = await self._ledger.run(lambda store: store.absences(self._billing.name).to_look_up(self._names))
            await self._gatherer.look_up(absences)

    async def _details_to_read(self, options: PassOptions) -> Sequence[int]:
        name = self._billing.name
        if options.refresh:
            return await self._ledger.run(lambda store: store.accounts(name).all_details())
        with_record, without = await self._gatherer.due_details()
        announced = await self._ledger.run(lambda store: store.events(name).announced()) if options.announced else ()
        due = [*with_record, *(without if options.whole_plan else ()), *(each.i_account for each in announced)]
        return list(dict.fromkeys(due))

    async def _differing(self, platform: Platform) -> list[Comparison]:
        """Everybody with something to do on the platform, by a comparison of what changed since the last.

        Who was at rest is compared again if somebody waits for what that record has.
        """
        unsettled = await self._ledger.run_slice(lambda store: store.subscribers(platform.name).unsettled())
        queue, known, comparisons = deque(unsettled), set(unsettled), list[Comparison]()
        while queue:
            part = [queue.popleft() for _ in range(min(JUDGED, len(queue)))]
            found, news = await self._ledger.run_slice(partial(self._compared, platform=platform, i_accounts=part))
            for each in news:
                tell(each)
            awaited = {i_account for comparison in found for i_account in comparison.turn.waits_for} - known
            comparisons += found
            queue += sorted(awaited)
            known |= awaited
            await self._clock.sleep(0)
        return comparisons

    def _compared(
        self, store: Store, *, platform: Platform, i_accounts: Sequence[int]
    ) -> tuple[list[Comparison], list[Decided]]:
        """The comparisons with something to do; subscribers without are settled, and what is new about these."""
        news = list[Decided]()

        def settled(i_account: int) -> Comparison | None:
            comparison = compare(store, platform, i_account)
            if comparison is None or comparison.change is not None:
                return comparison
            news.extend(self._news.of_pass(store, comparison, rest(store, platform, comparison)))
            return None

        found = store.each(i_accounts, settled, bug_in("comparing"))
        return [each for each in found if each is not None], news

    async def _ask_rivals(self, comparisons: Sequence[Comparison]) -> bool:
        """Read anew with whom somebody is in conflict, where that is due; says whether anybody was read."""
        contested = [comparison for comparison in comparisons if comparison.turn.rivals]
        read: set[int] = set()
        if contested:
            unsure = await self._ledger.run_slice(partial(self._all_rivals, comparisons=contested))
            await self._gatherer.read_details(unsure, lambda i_account, was_read: read.update([i_account] * was_read))
        for comparison in contested if read else ():
            await self._ledger.run_slice(partial(self._rivals.note, comparison=comparison, read=read))
        return bool(read)

    def _all_rivals(self, store: Store, *, comparisons: Sequence[Comparison]) -> list[int]:
        return sorted({rival for each in comparisons for rival in self._rivals.unsure(store, comparison=each)})

    def _unsure(self, store: Store, *, comparisons: Sequence[Comparison]) -> list[SubscriberKey]:
        return [each.subscriber.desired.key for each in comparisons if self._rivals.unsure(store, comparison=each)]

    async def _plan(self, platform: Platform, comparisons: Sequence[Comparison], reading: "_Reading") -> Plan:
        plan = Plan.of(comparison.change for comparison in comparisons)
        guards = await self._ledger.run_slice(partial(self._safeguards, platform=platform, plan=plan, reading=reading))
        for policy in guards.policies:
            plan = policy(plan)
            await self._clock.sleep(0)
        return plan

    def _safeguards(self, store: Store, *, platform: Platform, plan: Plan, reading: "_Reading") -> Safeguards:
        """What may hold changes of this plan; an approval of another plan than this is void from here on (P5)."""
        around = Circumstances(
            billing=self._billing,
            platform=platform,
            now=reading.began,
            bound=bound_records(reading.comparisons),
            allowance=self._limits(store, platform=platform),
            refusals=refusals(reading.comparisons, reading.began),
            doubt=reading.doubt,
            completing=frozenset(each.subscriber.desired.key for each in reading.comparisons if each.turn.completes),
        )
        make_contact(store, platform, self.house.brake.floor)
        guards = safeguards(store, around, plan.changes)
        if not store.holds.has_decisions(platform.name):
            return guards
        planned, has_begun = {identity(change) for change in plan.changes}, store.holds.has_begun(platform.name)
        is_void = store.holds.tidy(platform.name, planned, reading.began) or guards.is_void(plan)
        if is_void:
            store.holds.void(platform.name)
        conclude_contact(store, platform.name, has_begun=has_begun, is_void=is_void)
        return safeguards(store, around, plan.changes)

    def _limits(self, store: Store, *, platform: Platform) -> Allowance:
        owned = store.records(platform.name, platform.i_env).owned()
        spent = store.journal.destructive_since(platform.name, self._clock.now() - _DAY)
        limits = self.house.brake.allowance(owned, spent)
        if self.backlog.is_renewing:
            return limits
        left = store.targets.allowance(platform.name)
        destructive = min(limits.destructive, left.destructive)
        return Allowance(destructive, min(limits.updates, left.updates), is_daily=limits.is_daily)

    async def _note(self, platform: Platform, plan: Plan) -> list[tuple[int, timedelta]]:
        waiting: list[tuple[int, timedelta]] = []
        await self._ledger.run(partial(self._set_brake, platform=platform, plan=plan))
        for part in slices(plan.held, JUDGED):
            for news in await self._ledger.run_slice(partial(self._note_held, platform=platform, held=part)):
                tell(news)
        for changes in slices(plan.changes, JUDGED):
            waiting += await self._ledger.run_slice(partial(self._note_pending, platform=platform, changes=changes))
        return waiting

    def _set_brake(self, store: Store, *, platform: Platform, plan: Plan) -> None:
        limits = self._limits(store, platform=platform)
        store.targets.set_allowance(platform.name, limits)
        note_held_plan(store, platform, plan, limits, self._clock.now())

    def _note_held(self, store: Store, *, platform: Platform, held: Sequence[Held]) -> list[Decided]:
        subscribers, news = store.subscribers(platform.name), list[Decided]()
        for each in held:
            i_account, progress = key_of(each.change).i_account, hold_progress(each)
            comparison = compare(store, platform, i_account)
            if each.by != "parked" and comparison is not None and comparison.change is not None:
                subscribers.unsettle(i_account, progress, self._clock.now())
                news += self._news.of_pass(store, comparison, progress)
        return news

    def _note_pending(
        self, store: Store, *, platform: Platform, changes: Sequence[Change]
    ) -> list[tuple[int, timedelta]]:
        """Note who waits for a call; returns each with the delay its earlier failures ask for."""
        now, waiting = self._clock.now(), list[tuple[int, timedelta]]()
        subscribers = store.subscribers(platform.name)
        for i_account in (key_of(change).i_account for change in changes):
            known = subscribers.get(i_account)
            if known is None or not _still_differs(store, platform, i_account):
                continue
            delay = delay_of(known.progress, now)
            if known.progress.state not in (State.IN_FLIGHT, State.BACKOFF) and not delay:  # these keep what failed
                subscribers.unsettle(i_account, _to_be_tried(known.progress), now)
            waiting.append((i_account, delay))
        return waiting

    def _enqueue(self, platform: Platform, i_accounts: Iterable[int], delay: timedelta = timedelta(0)) -> None:
        now = self._clock.monotonic()
        for i_account in i_accounts:
            platform.queue.add(SubscriberKey(platform.name, i_account), Priority.SWEEP, now, delay.total_seconds())

    async def _set_timers(self, horizon: timedelta) -> None:
        """Have accounts looked at when time alone changes what they should have, if that is before the next pass."""
        moment, billing = Moment.of(self._clock), self._billing.name
        end = moment.now + horizon
        due = await self._ledger.run(lambda store: store.accounts(billing).due_between(moment.now, end))
        for i_account, at in due:
            rings = moment.monotonic + (at - moment.now).total_seconds()
            for platform in self._billing.platforms:
                platform.queue.add_timer(SubscriberKey(platform.name, i_account), rings)


@dataclass(frozen=True, slots=True)
class _Reading:
    """What a plan rests on: when its pass began, the comparisons, and why billing's list is not proven complete."""

    began: datetime
    comparisons: Sequence[Comparison]
    doubt: str | None


def _doubt(snapshot: BillingSnapshot | None) -> str | None:
    if snapshot is None:
        return "billing could not be read"
    return None if snapshot.complete else snapshot.doubt


def _in_doubt(store: Store, *, platform: Platform, now: datetime) -> list[tuple[int, timedelta]]:
    """Whose calls have no known outcome, with the delay that was asked for when the answer failed to come."""
    subscribers = store.subscribers(platform.name)
    known = [(i_account, subscribers.get(i_account)) for i_account in store.journal.all_open(platform.name)]
    return [
        (i_account, delay_of(each.progress, now) if each is not None else timedelta(0)) for i_account, each in known
    ]


def _to_be_tried(known: Progress) -> Progress:
    """Waiting for a call; that the platform refused the last one counts until it accepts one."""
    refused = known.held_by if known.held_by in REFUSALS else None
    return Progress(State.PENDING, refused, known.text if refused else None, known.failures)


def _still_differs(store: Store, platform: Platform, i_account: int) -> bool:
    """Whether there is something to do: somebody may have been looked at since the plan was made."""
    comparison = compare(store, platform, i_account)
    return comparison is not None and comparison.change is not None


def _united(plans: Iterable[Plan]) -> Plan:
    plans = tuple(plans)
    return Plan(
        tuple(change for plan in plans for change in plan.changes), tuple(held for plan in plans for held in plan.held)
    )
