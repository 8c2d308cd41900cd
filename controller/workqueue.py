"""Which subscribers have to be looked at, and when: keys only.

Rules of this module:

1. A key is in the queue at most once. Adding it again can only bring it forward or lift its priority.
2. A key is worked on at most once at a time. Added while it is being worked on, it comes back when that is done.
   A sweep leaves alone what waits already: a key that backs off is not brought forward because a pass came by.
3. More urgent keys first (operator, event, timer, retry, sweep); among equals those that became due first. What has
   waited longer than `AGEING` has every `FAIR`th turn, so that nobody starves: not routine keys under a flood of
   events, and not an event behind a hundred thousand routine keys that have all waited long.
4. The queue has no clock: `now` is an argument, in seconds of a monotonic clock.
5. It is as large as there are keys that wait, however often they come and go: what a heap still has of those that were
   brought forward or taken is thrown out when it is more than what counts.
6. A key goes with the trace of what asked for it: where events did, of the last one, which the audit names as the
   cause, too.
"""

import heapq
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import TypeVar

from desired_state.subscriber import SubscriberKey

AGEING = 300.0
FAIR = 4
_FEW = 100  # entries that are not worth tidying up


class Priority(IntEnum):
    """Why a key is looked at, the most urgent first."""

    OPERATOR = 0
    EVENT = 1
    TIMER = 2
    RETRY = 3
    SWEEP = 4

    @property
    def is_urgent(self) -> bool:
        """Whether somebody waits for it: a person, or a customer whose change was announced or has come due."""
        return self <= Priority.TIMER


@dataclass(frozen=True, slots=True)
class Item:
    """A key that waits. `due` is when it may be taken, `added` when it began to wait.

    Once it is taken, `trace_id` is the trace it goes with, if it goes with any.
    """

    key: SubscriberKey
    priority: Priority
    due: float
    added: float
    trace_id: str | None = None


_Entry = tuple[float, int, Item]
"""When an item is due, its number, and the item; it counts as long as the item is what waits for its key."""
_Alarm = tuple[float, SubscriberKey, str]
T = TypeVar("T", _Entry, _Alarm)


class WorkQueue:
    """The keys of one platform. `on_add` is called when one came in, was brought forward, or waits again."""

    def __init__(self) -> None:
        self.on_add: Callable[[], None] = lambda: None
        self._items: dict[SubscriberKey, Item] = {}
        self._working: set[SubscriberKey] = set()
        self._again: dict[SubscriberKey, Item] = {}
        self._later: list[_Entry] = []
        self._ready: dict[Priority, list[_Entry]] = {priority: [] for priority in Priority}
        self._timers: dict[SubscriberKey, float] = {}
        self._alarms: list[_Alarm] = []
        self._traces: dict[SubscriberKey, str] = {}
        self._counts = dict.fromkeys(Priority, 0)
        self._count = 0
        self._turns = 0

    def add(
        self, key: SubscriberKey, priority: Priority, now: float, delay: float = 0.0, *, trace_id: str | None = None
    ) -> None:
        """Have the key looked at in `delay` seconds at the latest, with at least this priority."""
        if trace_id is not None and (priority is Priority.EVENT or key not in self._traces):
            self._traces[key] = trace_id
        waiting = self._again if key in self._working else self._items
        if priority is Priority.SWEEP and key in waiting:
            return
        item = _earlier(waiting.get(key), Item(key, priority, now + delay if delay else now, now))
        if waiting.get(key) == item:
            return
        if waiting is self._again:
            self._again[key] = item
        else:
            self._put(item)
            self.on_add()

    def add_timer(self, key: SubscriberKey, due: float, trace_id: str | None = None) -> None:
        """Have the key looked at when the time has come, whatever else becomes of it until then."""
        known = self._timers.get(key)
        if known is None or due < known:
            self._timers[key] = due
            heapq.heappush(self._alarms, (due, key, trace_id or ""))
            if len(self._alarms) > 2 * len(self._timers) + _FEW:
                _tidy(self._alarms, lambda alarm: self._timers.get(alarm[1]) == alarm[0])
            self.on_add()

    def take(self, now: float, *, urgent_only: bool = False) -> Item | None:
        """The key whose turn it is, now being worked on; `None` if none is due."""
        self._ring(now)
        self._wake(now)
        item = self._first_urgent() if urgent_only else self._starving(now) or self._first()
        if item is None:
            return None
        del self._items[item.key]
        self._counts[item.priority] -= 1
        self._working.add(item.key)
        return Item(item.key, item.priority, item.due, item.added, self._traces.pop(item.key, None))

    def done(self, key: SubscriberKey) -> None:
        """The key was worked on; had it been added meanwhile, it waits again."""
        self._working.discard(key)
        again = self._again.pop(key, None)
        if again is not None:
            self._put(again)
            self.on_add()

    def next_due(self, *, urgent_only: bool = False) -> float | None:
        """When the next key may be taken; `None` if nothing waits. Routine keys that are due may be none of ours."""
        heaps = (self._later,) if urgent_only else (self._later, *self._ready.values())
        alarms = (due for due, *_ in self._alarms[:1])
        return min((*(due for due, _, _ in self._heads(heaps)), *alarms), default=None)

    def depth(self) -> dict[Priority, int]:
        """How many keys wait, by priority."""
        return dict(self._counts)

    def oldest(self) -> dict[Priority, float]:
        """Since when the key waits that has waited longest, by priority; only priorities of which a key waits."""
        missing = {priority for priority, count in self._counts.items() if count}
        found: dict[Priority, float] = {}
        for item in self._items.values():  # in the order in which they came, so this ends early
            if item.priority in missing:
                found[item.priority] = item.added
                missing.discard(item.priority)
            if not missing:
                break
        return found

    def __len__(self) -> int:
        return len(self._items) + len(self._again)

    @property
    def working(self) -> int:
        """How many keys are being worked on."""
        return len(self._working)

    def _put(self, item: Item) -> None:
        before = self._items.get(item.key)
        if before is not None:
            self._counts[before.priority] -= 1
        self._items[item.key] = item
        self._counts[item.priority] += 1
        self._count += 1
        heapq.heappush(self._later, (item.due, self._count, item))
        heaps = (self._later, *self._ready.values())
        if sum(map(len, heaps)) > 2 * len(self._items) + _FEW:
            for heap in heaps:
                _tidy(heap, self._counts_still)

    def _ring(self, now: float) -> None:
        """Add the keys whose timers are due."""
        while self._alarms and self._alarms[0][0] <= now:
            due, key, trace_id = heapq.heappop(self._alarms)
            if self._timers.get(key) == due:
                del self._timers[key]
                self.add(key, Priority.TIMER, now, trace_id=trace_id or None)

    def _wake(self, now: float) -> None:
        while self._later and self._later[0][0] <= now:
            entry = heapq.heappop(self._later)
            if self._counts_still(entry):
                heapq.heappush(self._ready[entry[-1].priority], entry)

    def _starving(self, now: float) -> Item | None:
        oldest = min(self._heads(self._ready.values()), default=None)
        if oldest is None or now - oldest[0] <= AGEING:
            return None
        if not any(self._heads(self._urgent())):
            return oldest[-1]
        self._turns += 1
        return oldest[-1] if self._turns % FAIR == 1 else None

    def _first_urgent(self) -> Item | None:
        return next((entry[-1] for entry in self._heads(self._urgent())), None)

    def _first(self) -> Item | None:
        return next((entry[-1] for entry in self._heads(self._ready.values())), None)

    def _urgent(self) -> Iterator[list[_Entry]]:
        return (heap for priority, heap in self._ready.items() if priority.is_urgent)

    def _heads(self, heaps: Iterable[list[_Entry]]) -> Iterator[_Entry]:
        """The first of each heap that has any, without those that were brought forward or taken."""
        for heap in heaps:
            while heap and not self._counts_still(heap[0]):
                heapq.heappop(heap)
            if heap:
                yield heap[0]

    def _counts_still(self, entry: _Entry) -> bool:
        """Whether this is what waits for the key, and nothing that was before."""
        return self._items.get(entry[-1].key) is entry[-1]


def _tidy(heap: list[T], counts: Callable[[T], bool]) -> None:
    """Throw out of a heap what counts no more."""
    heap[:] = filter(counts, heap)
    heapq.heapify(heap)


def _earlier(waiting: Item | None, added: Item) -> Item:
    if waiting is None:
        return added
    return Item(
        added.key, min(waiting.priority, added.priority), min(waiting.due, added.due), min(waiting.added, added.added)
    )
