"""The workers of one platform: they take keys from its queue and look at them, one platform apart from another.

Rules of this module:

1. A lane is a bulkhead: a platform that is slow or down holds up its own lane only.
2. While the platform's breaker is open, or it wants to be left alone, no key is taken. When it is time to try, one
   worker tries. Who was put off by a trouble (or a maintenance) that is over has their turn at once.
3. A bug of ours costs one subscriber a delay, and so does a row of the store that cannot be read. It is logged and
   counted, and the lane lives.
4. Routine looks at keys that failed before are a small part of all (`retries.py`), except for a command that a person
   waits for: it lets go of what fails too often instead.
5. There are some workers more than calls may be made at a time: while all of these are under way, the next ones are
   announced, so that no place stays empty. How many calls reach the platform is the transport's business, not theirs.
   Some take urgent keys only: while all others wait for billing over a long first convergence, an event finds one.
6. While the store cannot be used, a lane rests; whom it was looking at is looked at again from the beginning.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import islice
from typing import Protocol

from controller.breakers import BreakerBook
from controller.decided import Decided, tell
from controller.log import Logger
from controller.look import Result
from controller.reconciler import Reconciler
from controller.retries import Ending, Retries
from controller.store import RowDamaged, StoreError, StoreUnavailable
from controller.store.ledger import Ledger
from controller.targets import Moment, Platform
from controller.tracing import Traces
from controller.waiting import first_of
from controller.workqueue import Item, Priority
from desired_state.retry import FIRST, LONGEST, backoff
from desired_state.subscriber import SubscriberKey
from platforms.driver import PlatformError
from platforms.gate import PATIENCE, urgent
from platforms.transport import Clock

_IDLE = 60.0
_FORESIGHT = timedelta(days=2)  # what is farther off is a later pass's to set
_AHEAD = 4  # one worker more for so many calls at a time, or fewer
_FOR_URGENT = 4  # workers besides those
_AFTER_A_BUG = 4  # a bug is retried as late as the fourth failure in a row
_TRIGGERS = {
    Priority.OPERATOR: "operator",
    Priority.EVENT: "event",
    Priority.TIMER: "timer",
    Priority.RETRY: "retry",
    Priority.SWEEP: "pass",
}


class Watcher(Protocol):
    """Who is told of every look and of every list: metrics, health, a progress bar."""

    def looked(self, platform: str, trigger: str, result: Result, seconds: float) -> None:
        """A look at a subscriber ended."""
        ...

    def waited(self, priority: str, seconds: float) -> None:
        """A key waited that long beyond the instant at which it was due."""
        ...

    def listed(self) -> None:
        """Billing's list was read completely."""
        ...


@dataclass(frozen=True, slots=True)
class Tools:
    """What every lane needs: the store, time, chance, names for requests, traces, and who is told."""

    ledger: Ledger
    clock: Clock
    draw: Callable[[], float]
    new_request_id: Callable[[], str]
    watcher: Watcher
    log: Logger
    breakers: BreakerBook
    traces: Traces


class Lane:
    """One platform's queue and those who work on it."""

    def __init__(self, platform: Platform, reconciler: Reconciler, tools: Tools) -> None:
        self.platform = platform
        self.reconciler = reconciler
        self._tools = tools
        self._routine = platform.workers + max(1, platform.workers // _AHEAD)
        self._changed = asyncio.Event()
        self._failures: dict[SubscriberKey, int] = {}
        self._put_off: set[SubscriberKey] = set()
        self._retries = Retries()
        self._withheld: dict[SubscriberKey, None] = {}
        self._drained = False
        self.stopping = False
        self.on_done: Callable[[], None] = lambda: None
        self.on_looked: Callable[[int], None] = lambda _: None
        platform.queue.on_add = self._changed.set
        for breaker in (platform.breaker, reconciler.billing_breaker):
            breaker.listeners.append(self.look_up)

    @property
    def is_resting(self) -> bool:
        """Whether nothing will happen here for longer than a command should wait."""
        breaker = self.platform.breaker
        return breaker.is_open or breaker.rests(self._tools.clock.monotonic()) > PATIENCE

    def remember(self, failing: Mapping[int, int]) -> None:
        """A process has begun: these accounts had failed so often in a row when the last one ended."""
        self._failures = {SubscriberKey(self.platform.name, i_account): count for i_account, count in failing.items()}
        self._retries.remember(self._failures)

    async def work(self, *, until_empty: bool = False, most_failures: int | None = None) -> None:
        """Work until stopped, or until nothing is left; then keys that failed `most_failures` times are let go."""
        self._drained = False
        workers = [
            asyncio.create_task(self._worker(number, until_empty, most_failures))
            for number in range(self._routine + _FOR_URGENT)
        ]
        try:
            await asyncio.gather(*workers)
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)

    async def look_once(self) -> bool:
        """Look at the key whose turn it is; says whether there was one."""
        item = self.platform.queue.take(self._tools.clock.monotonic())
        if item is not None:
            await self._look(item, None)
        return item is not None

    def stop(self) -> None:
        """Take no further key; what is being worked on is finished."""
        self.stopping = True
        self._changed.set()

    async def _worker(self, number: int, until_empty: bool, most_failures: int | None) -> None:
        queue, urgent_only = self.platform.queue, number >= self._routine
        while not (self.stopping or self._drained):
            if number == 0 and self.platform.breaker.is_open:
                await self._probe()
            now = self._tools.clock.monotonic()
            if number == 0:
                self._bring_forward(now)
            may_take = not (self._is_anothers(number) or self.platform.breaker.rests(now))
            item = queue.take(now, urgent_only=urgent_only) if may_take else None
            if item is not None and not until_empty and self._has_to_wait(item, now):
                await asyncio.sleep(0)
            elif item is not None:
                await self._look(item, most_failures)
                if until_empty or self._withheld:
                    self._changed.set()
            elif until_empty and (not len(queue) or self.is_resting) and not queue.working:
                self._drained = True
                self._changed.set()
            else:
                await self._wait(number)

    def _has_to_wait(self, item: Item, now: float) -> bool:
        """Whether there have been enough repeats for now; the key is brought forward when there may be more."""
        if self._retries.admits(item.key, now, is_urgent=item.priority.is_urgent):
            return False
        self._withheld[item.key] = None
        self.platform.queue.done(item.key)
        self.platform.queue.add(item.key, item.priority, now, LONGEST.total_seconds(), trace_id=item.trace_id)
        return True

    def _bring_forward(self, now: float) -> None:
        """Have as many repeats looked at as there may be now, those that have waited longest first."""
        for key in list(islice(self._withheld, self._retries.free(now) if self._withheld else 0)):
            del self._withheld[key]
            self.platform.queue.add(key, Priority.RETRY, now)

    async def _look(self, item: Item, most_failures: int | None) -> None:
        clock, key, trigger = self._tools.clock, item.key, _TRIGGERS[item.priority]
        started = clock.monotonic()
        self._withheld.pop(key, None)
        self._tools.watcher.waited(item.priority.name.lower(), max(0.0, started - item.due))
        traces, facts = self._tools.traces, _facts(key, trigger)
        with traces.begin("look", item.trace_id, **facts) as trace:
            result = await self._result(item, trigger)
            if result is not None:
                trace.note(result=result.result)
                self._tell(result, clock.monotonic() - started)
        if result is None:
            await self._rest(item)
            return
        self.platform.queue.done(key)
        self.on_done()
        self.on_looked(key.i_account)
        self._tools.watcher.looked(self.platform.name, trigger, result, clock.monotonic() - started)
        await self._tools.breakers.keep()
        self._retries.ended(key, _ending(result), clock.monotonic())
        self._wake_others(key, result, trace.trace_id)
        self._set_timer(key, result, trace.trace_id)
        result = self._paced(key, result)
        if result.again_in is not None and (most_failures is None or _is_worth_another(result, most_failures)):
            delay = result.again_in.total_seconds()
            self.platform.queue.add(key, Priority.RETRY, clock.monotonic(), delay, trace_id=trace.trace_id)

    async def _result(self, item: Item, trigger: str) -> Result | None:
        """What the look came to; `None` where the store cannot be used."""
        try:
            with urgent(item.priority.is_urgent):
                return await self.reconciler.reconcile(self.platform, item.key.i_account, trigger, self._tools.draw)
        except StoreUnavailable:
            return None
        except Exception as bug:
            if isinstance(bug, StoreError) and not isinstance(bug, RowDamaged):
                raise
            platform, i_account = item.key.platform, item.key.i_account
            self._tools.log.error("a look failed by a bug", platform=platform, i_account=i_account, exc_info=bug)
            news = Decided(i_account=i_account, platform=platform, action="none", result="bug", trigger=trigger)
            delay = backoff(_AFTER_A_BUG, self._tools.draw())
            return Result("bug", again_in=delay, failures=_AFTER_A_BUG, news=(news,))

    def _tell(self, result: Result, seconds: float) -> None:
        for each in result.news:
            tell(each, seconds)

    def _wake_others(self, key: SubscriberKey, result: Result, trace_id: str) -> None:
        """Put on the queues whose turn it is now because of this look."""
        now = self._tools.clock.monotonic()
        for i_account in result.wake:
            woken = SubscriberKey(self.platform.name, i_account)
            self.platform.queue.add(woken, Priority.RETRY, now, trace_id=trace_id)
        for name in result.elsewhere:
            queue = self.reconciler.queue_of(name)
            queue.add(SubscriberKey(name, key.i_account), Priority.RETRY, now, trace_id=trace_id)

    async def _rest(self, item: Item) -> None:
        """Until the store can be used again; the key waits meanwhile as it did before."""
        self.platform.queue.done(item.key)
        self.platform.queue.add(item.key, item.priority, self._tools.clock.monotonic(), trace_id=item.trace_id)
        await self._tools.ledger.usable()

    def _set_timer(self, key: SubscriberKey, result: Result, trace_id: str) -> None:
        """Have the key looked at again when time alone will have changed something, if that is soon."""
        moment = Moment.of(self._tools.clock)
        if result.due_at is not None and (ahead := result.due_at - moment.now) <= _FORESIGHT:
            due = moment.monotonic + max(0.0, ahead.total_seconds())
            self.platform.queue.add_timer(key, due, trace_id if result.settles else None)

    def _paced(self, key: SubscriberKey, result: Result) -> Result:
        """The result, its failures in a row counted here too: the store counts none of an account it does not know."""
        if result.put_off:
            self._put_off.add(key)
            return result
        self._put_off.discard(key)
        if not result.failures:
            self._failures.pop(key, None)
            return result
        failures = self._failures[key] = self._failures.get(key, 0) + 1
        if failures <= result.failures or result.again_in is None:
            return result
        again_in = max(result.again_in, backoff(failures, self._tools.draw()))
        return replace(result, failures=failures, again_in=again_in)

    async def _probe(self) -> None:
        """When it is time, try whether the platform works again: by a question that is about no account (P13)."""
        if self.platform.breaker.rests(self._tools.clock.monotonic()) or not await self._may_be_called():
            return
        try:
            await self.platform.driver.packages()
        except PlatformError:
            return  # its breaker knows
        except Exception as bug:
            self._tools.log.error("a probe failed by a bug", platform=self.platform.name, exc_info=bug)
        await self._tools.breakers.keep()

    async def _may_be_called(self) -> bool:
        """Whether the platform is not in maintenance, as far as anybody can tell."""
        name, now = self.platform.name, self._tools.clock.now()
        try:
            return await self._tools.ledger.run(lambda store: store.holds.maintenance_ends(name, now)) is None
        except StoreUnavailable:
            return False

    def look_up(self) -> None:
        """A breaker opened or closed, or a rest ended: look at those again whom a trouble had put off that is over."""
        now = self._tools.clock.monotonic()
        breakers = (self.platform.breaker, self.reconciler.billing_breaker)
        if not any(breaker.is_open or breaker.rests(now) for breaker in breakers):
            while self._put_off:
                delay = FIRST.total_seconds() * self._tools.draw()
                self.platform.queue.add(self._put_off.pop(), Priority.RETRY, now, delay)
        self._changed.set()

    async def _wait(self, number: int) -> None:
        """Until a key comes in, the next one is due, or the platform may be asked again."""
        if self.stopping:
            return  # that came during a probe: nobody says so again
        self._changed.clear()
        now = self._tools.clock.monotonic()
        rests = self.platform.breaker.rests(now)
        due = self.platform.queue.next_due(urgent_only=number >= self._routine)
        seconds = _IDLE if due is None or self._is_anothers(number) else max(0.0, due - now)
        if self._withheld and number == 0:
            seconds = min(seconds, max(0.0, self._retries.wait(now)))
        await first_of(self._changed.wait(), self._tools.clock.sleep(rests or seconds))

    def _is_anothers(self, number: int) -> bool:
        """Whether another worker is the one who tries whether the platform works again."""
        return self.platform.breaker.is_open and number != 0


def _facts(key: SubscriberKey, trigger: str) -> dict[str, str | int]:
    return {"platform": key.platform, "i_account": key.i_account, "trigger": trigger}


def _is_worth_another(result: Result, most_failures: int) -> bool:
    """Whether a command goes on trying; a trouble of the target's may outlast anybody's patience."""
    return not result.put_off and result.failures < most_failures


def _ending(result: Result) -> Ending:
    """What a look says about its platform; a change or a refusal is a sound answer."""
    if result.put_off or (result.result == "noop" and result.again_in is not None):
        return Ending.PUT_OFF
    if result.result in ("transient", "unavailable", "bug"):
        return Ending.FAILED
    return Ending.IDLE if result.kind is None and not result.failures else Ending.SOUND
