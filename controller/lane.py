"""The workers of one platform: they take keys from its queue and look at them, one platform apart from another.

Rules of this module:

1. A lane is a bulkhead: a platform that is slow or down holds up its own lane only.
2. Credentials refused, licence ended, all down: the breaker opens. Nobody is sent there until it is time to try, and
   then one worker tries.
3. A bug of ours costs one subscriber a delay. It is logged and counted, and the lane lives.
4. Some workers take urgent keys only: while all others wait for billing over a long first convergence, an event finds
   one at once. How many calls reach the platform at a time is the transport's business, not theirs.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Protocol

from controller.log import Logger
from controller.reconciler import Reconciler, Result
from controller.store import Ledger, StoreError
from controller.targets import Moment, Platform
from controller.waiting import first_of
from controller.workqueue import Item, Priority
from desired_state.retry import backoff
from desired_state.subscriber import SubscriberKey
from platforms.gate import urgent
from platforms.transport import Clock

_IDLE = 60.0
_PROBING = 1.0
_FORESIGHT = timedelta(days=2)  # what is farther off is a later pass's to set
_FOR_URGENT = 4  # workers besides the platform's own
FIRST_PROBE = 30.0
LAST_PROBE = 900.0
_AFTER_A_BUG = 4  # a bug is retried as late as the fourth failure in a row
_TRIGGERS = {
    Priority.OPERATOR: "operator",
    Priority.EVENT: "event",
    Priority.TIMER: "timer",
    Priority.RETRY: "retry",
    Priority.SWEEP: "pass",
}


class Watcher(Protocol):
    """Who is told of every look: metrics, a progress bar."""

    def looked(self, platform: str, trigger: str, result: Result, seconds: float) -> None:
        """A look at a subscriber ended."""
        ...

    def waited(self, priority: str, seconds: float) -> None:
        """A key waited that long beyond the instant at which it was due."""
        ...


@dataclass(frozen=True, slots=True)
class Tools:
    """What every lane needs: the store, time, chance, names for requests, and who is told."""

    ledger: Ledger
    clock: Clock
    draw: Callable[[], float]
    new_request_id: Callable[[], str]
    watcher: Watcher
    log: Logger


class Lane:
    """One platform's queue and those who work on it."""

    def __init__(self, platform: Platform, reconciler: Reconciler, tools: Tools) -> None:
        self.platform = platform
        self.reconciler = reconciler
        self._tools = tools
        self._changed = asyncio.Event()
        self._probe_after = FIRST_PROBE
        self._failures: dict[SubscriberKey, int] = {}
        self._drained = False
        self.stopping = False
        self.on_done: Callable[[], None] = lambda: None
        self.on_looked: Callable[[int], None] = lambda _: None
        platform.queue.on_add = self._changed.set

    async def work(self, *, until_empty: bool = False, most_failures: int | None = None) -> None:
        """Work until stopped, or until nothing is left; then keys that failed `most_failures` times are let go."""
        self._drained = False
        workers = [
            asyncio.create_task(self._worker(number, until_empty, most_failures))
            for number in range(self.platform.workers + _FOR_URGENT)
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
        queue, urgent_only = self.platform.queue, number >= self.platform.workers
        while not (self.stopping or self._drained):
            may_take = self.platform.breaker_until is None or (number == 0 and self._breaker_rests() <= 0)
            item = queue.take(self._tools.clock.monotonic(), urgent_only=urgent_only) if may_take else None
            if item is not None:
                await self._look(item, most_failures)
                self._changed.set()
            elif until_empty and (not len(queue) or self.platform.breaker_until is not None) and not queue.working:
                self._drained = True
                self._changed.set()
            else:
                await self._wait(_PROBING if self._is_probing(number) else 0.0, urgent_only=urgent_only)

    async def _look(self, item: Item, most_failures: int | None) -> None:
        clock, trigger = self._tools.clock, _TRIGGERS[item.priority]
        started = clock.monotonic()
        self._tools.watcher.waited(item.priority.name.lower(), max(0.0, started - item.due))
        try:
            with urgent(item.priority.is_urgent):
                result = await self.reconciler.reconcile(self.platform, item.key.i_account, trigger, self._tools.draw)
        except StoreError:
            raise
        except Exception as bug:
            platform, i_account = item.key.platform, item.key.i_account
            self._tools.log.error("a look failed by a bug", platform=platform, i_account=i_account, exc_info=bug)
            result = Result("bug", again_in=backoff(_AFTER_A_BUG, self._tools.draw()), failures=_AFTER_A_BUG)
        self.platform.queue.done(item.key)
        self.on_done()
        self.on_looked(item.key.i_account)
        self._tools.watcher.looked(self.platform.name, trigger, result, clock.monotonic() - started)
        await self._mind_breaker(result)
        for i_account in result.wake:
            key = SubscriberKey(self.platform.name, i_account)
            self.platform.queue.add(key, Priority.RETRY, clock.monotonic())
        for name in result.elsewhere:
            key = SubscriberKey(name, item.key.i_account)
            self.reconciler.queue_of(name).add(key, Priority.RETRY, clock.monotonic())
        self._set_timer(item.key, result)
        result = self._paced(item.key, result)
        if result.again_in is not None and (most_failures is None or result.failures < most_failures):
            self.platform.queue.add(item.key, Priority.RETRY, clock.monotonic(), result.again_in.total_seconds())

    def _set_timer(self, key: SubscriberKey, result: Result) -> None:
        """Have the key looked at again when time alone will have changed something, if that is soon."""
        moment = Moment.of(self._tools.clock)
        if result.due_at is not None and (ahead := result.due_at - moment.now) <= _FORESIGHT:
            self.platform.queue.add_timer(key, moment.monotonic + max(0.0, ahead.total_seconds()))

    def _paced(self, key: SubscriberKey, result: Result) -> Result:
        """The result, its failures in a row counted here too: the store counts none of an account it does not know."""
        if not result.failures:
            self._failures.pop(key, None)
            return result
        failures = self._failures[key] = self._failures.get(key, 0) + 1
        if failures <= result.failures or result.again_in is None:
            return result
        again_in = max(result.again_in, backoff(failures, self._tools.draw()))
        return replace(result, failures=failures, again_in=again_in)

    async def platform_answers(self) -> None:
        """The platform was read: whatever opened its breaker is over."""
        self._probe_after = FIRST_PROBE
        if self.platform.breaker_until is not None:
            self.platform.breaker_until = None
            self._changed.set()
            await self._tools.ledger.run(lambda store: store.targets.set_breaker(self.platform.name, None))

    async def _mind_breaker(self, result: Result) -> None:
        tools, platform = self._tools, self.platform
        if result.result == "unavailable":
            platform.breaker_until = tools.clock.monotonic() + self._probe_after
            self._probe_after = min(self._probe_after * 2, LAST_PROBE)
            now = tools.clock.now()
            tools.log.warning("the breaker opened", platform=platform.name, seconds=self._probe_after)
            await tools.ledger.run(lambda store: store.targets.set_breaker(platform.name, now))
        elif platform.breaker_until is not None and result.kind is not None:
            await self.platform_answers()

    def _breaker_rests(self) -> float:
        until = self.platform.breaker_until
        return 0.0 if until is None else until - self._tools.clock.monotonic()

    def _is_probing(self, number: int) -> bool:
        """Whether another worker is the one who tries whether the platform works again."""
        return self.platform.breaker_until is not None and number != 0

    async def _wait(self, at_least: float, *, urgent_only: bool) -> None:
        """Until a key comes in, the next one is due, or the breaker may be tried."""
        self._changed.clear()
        due = self.platform.queue.next_due(urgent_only=urgent_only)
        seconds = _IDLE if due is None else max(0.0, due - self._tools.clock.monotonic())
        await first_of(self._changed.wait(), self._tools.clock.sleep(max(seconds, self._breaker_rests(), at_least)))
