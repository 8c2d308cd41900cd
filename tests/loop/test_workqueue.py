"""The queue: each key once, one at a time, the urgent first, nobody starved."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.workqueue import AGEING, Priority, WorkQueue
from desired_state.subscriber import SubscriberKey

A, B, C = (SubscriberKey("tv", number) for number in (1, 2, 3))


def taken(queue: WorkQueue, now: float) -> list[SubscriberKey]:
    """Everything that is due, in its order; each is done at once."""
    order = []
    while (item := queue.take(now)) is not None:
        order.append(item.key)
        queue.done(item.key)
    return order


def test_the_urgent_come_first_and_among_equals_the_first_due() -> None:
    queue = WorkQueue()
    queue.add(A, Priority.SWEEP, 0)
    queue.add(B, Priority.RETRY, 1)
    queue.add(C, Priority.EVENT, 2)
    assert taken(queue, 2) == [C, B, A]


def test_adding_again_can_only_bring_forward_or_lift() -> None:
    queue = WorkQueue()
    queue.add(A, Priority.RETRY, 0, delay=100)
    queue.add(A, Priority.EVENT, 10)
    queue.add(A, Priority.RETRY, 20, delay=500)

    assert len(queue) == 1
    item = queue.take(20)
    assert item is not None
    assert (item.priority, item.due, item.added) == (Priority.EVENT, 10, 0)


def test_a_key_is_worked_on_once_at_a_time_and_comes_back_if_added_meanwhile() -> None:
    queue = WorkQueue()
    queue.add(A, Priority.EVENT, 0)
    queue.take(0)
    queue.add(A, Priority.EVENT, 1)
    assert queue.take(1) is None

    queue.done(A)

    assert taken(queue, 1) == [A]


def test_p17_a_sweep_does_not_bring_forward_what_backs_off() -> None:
    queue = WorkQueue()
    queue.add(A, Priority.RETRY, 0, delay=3600)
    queue.add(A, Priority.SWEEP, 600)
    assert queue.take(600) is None
    assert queue.next_due() == 3600


def test_a_timer_outlives_a_sweep_that_comes_before_it() -> None:
    queue = WorkQueue()
    queue.add_timer(A, 600)
    queue.add(A, Priority.SWEEP, 0)
    assert taken(queue, 0) == [A]
    assert queue.next_due() == 600
    item = queue.take(600)
    assert item is not None
    assert item.priority is Priority.TIMER


def test_p15_what_waits_too_long_is_taken_before_the_urgent() -> None:
    queue = WorkQueue()
    queue.add(A, Priority.SWEEP, 0)
    queue.add(B, Priority.EVENT, AGEING + 1)
    assert taken(queue, AGEING + 1) == [A, B]


@pytest.mark.parametrize("delay", [0.0, 5.0])
def test_whoever_waits_for_work_is_woken(delay: float) -> None:
    queue, woken = WorkQueue(), list[str]()
    queue.on_add = lambda: woken.append("woken")
    queue.add(A, Priority.RETRY, 0, delay=delay)
    queue.add_timer(B, 9)
    assert woken == ["woken", "woken"]


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["add", "timer", "take", "done"]),
        st.sampled_from([A, B, C]),
        st.sampled_from(Priority),
        st.sampled_from([0.0, 3.0, 50.0]),
    )
)


@given(STEPS)
def test_counts_are_right_whatever_happens_and_in_the_end_everybody_was_looked_at(
    steps: list[tuple[str, SubscriberKey, Priority, float]],
) -> None:
    queue, now, added = WorkQueue(), 0.0, set[SubscriberKey]()
    working: set[SubscriberKey] = set()
    seen: set[SubscriberKey] = set()
    for step, key, priority, delay in steps:
        now += 1
        if step == "add":
            queue.add(key, priority, now, delay)
            added.add(key)
        elif step == "timer":
            queue.add_timer(key, now + delay)
            added.add(key)
        elif step == "take" and (item := queue.take(now)) is not None:
            assert item.key not in working
            working.add(item.key)
            seen.add(item.key)
        elif step == "done":
            queue.done(key)
            working.discard(key)
        waiting = {priority for priority, count in queue.depth().items() if count}
        assert set(queue.oldest()) == waiting
        assert all(count >= 0 for count in queue.depth().values())
    for key in working:
        queue.done(key)
    seen.update(taken(queue, now + 1000))
    assert seen >= added
    assert sum(queue.depth().values()) == 0


def test_p15_an_event_is_not_held_up_by_many_that_have_waited_long() -> None:
    queue = WorkQueue()
    for number in range(100):
        queue.add(SubscriberKey("tv", number), Priority.SWEEP, 0)
    events = [SubscriberKey("tv", 1000 + number) for number in range(6)]
    for event in events:
        queue.add(event, Priority.EVENT, AGEING + 1)
    order = taken(queue, AGEING + 1)
    assert [order.index(event) for event in events] == [1, 2, 3, 5, 6, 7]


def test_a_worker_for_urgent_keys_takes_no_other() -> None:
    queue = WorkQueue()
    queue.add(A, Priority.SWEEP, 0)
    queue.add(B, Priority.RETRY, 0, 5)
    assert queue.take(1, urgent_only=True) is None
    assert queue.next_due(urgent_only=True) == 5
    queue.add(A, Priority.EVENT, 1)
    item = queue.take(1, urgent_only=True)
    assert item is not None
    assert (item.key, item.priority) == (A, Priority.EVENT)


@pytest.mark.parametrize(
    ("asked", "known"),
    [
        ([(Priority.EVENT, "first")], "first"),
        ([(Priority.EVENT, "first"), (Priority.EVENT, "last")], "last"),
        ([(Priority.EVENT, "first"), (Priority.RETRY, "again")], "first"),
        ([(Priority.RETRY, "again"), (Priority.EVENT, "first")], "first"),
        ([(Priority.EVENT, "first"), (Priority.OPERATOR, None)], "first"),
        ([(Priority.SWEEP, None), (Priority.SWEEP, "routine")], "routine"),
        ([(Priority.SWEEP, None)], None),
    ],
    ids=str,
)
def test_a_key_goes_with_the_trace_of_the_last_event_that_asked_for_it(
    asked: list[tuple[Priority, str | None]], known: str | None
) -> None:
    queue = WorkQueue()
    for priority, trace_id in asked:
        queue.add(A, priority, 0, trace_id=trace_id)
    item = queue.take(0)
    assert item is not None
    assert item.trace_id == known

    queue.done(A)
    queue.add(A, Priority.SWEEP, 1)
    item = queue.take(1)
    assert item is not None
    assert item.trace_id is None, "it is spent"


def test_a_timer_goes_with_the_trace_it_was_set_with_unless_an_event_came_since() -> None:
    queue = WorkQueue()
    queue.add_timer(A, 3, "first")
    queue.add_timer(B, 3, "first")
    queue.add(B, Priority.EVENT, 1, delay=3, trace_id="last")

    traces = {item.key: item.trace_id for item in (queue.take(4), queue.take(4)) if item is not None}
    assert traces == {A: "first", B: "last"}


def entries(queue: WorkQueue) -> int:
    """How much the queue keeps, of what counts and of what does not any more."""
    heaps = sum(len(heap) for heap in (queue._later, *queue._ready.values()))
    return heaps + len(queue._alarms) + len(queue._items) + len(queue._timers) + len(queue._traces)


def test_it_does_not_grow_by_keys_that_are_parked_and_brought_forward_again_and_again() -> None:
    queue, keys, now, sizes = WorkQueue(), [SubscriberKey("tv", number) for number in range(50)], 0.0, list[int]()
    for _ in range(40):
        for key in keys:
            now += 1
            queue.add(key, Priority.SWEEP, now)
            queue.add(key, Priority.EVENT, now, trace_id="an event")
            queue.take(now)
            queue.done(key)
            queue.add(key, Priority.RETRY, now, delay=86_400)
            queue.add_timer(key, now + 172_800)
            queue.add_timer(key, now + 3)
        sizes.append(entries(queue))
    assert max(sizes) < 700
    assert sizes[-1] <= sizes[4], "as much as after a few rounds"
    assert len(queue) == len(keys)


def test_it_does_not_grow_by_a_flood_of_events_about_the_same_keys() -> None:
    queue, keys = WorkQueue(), [SubscriberKey("tv", number) for number in range(50)]
    for now in range(40):
        for key in keys:
            queue.add(key, Priority.EVENT, now, delay=1000 - 2 * now, trace_id=f"event {now}")
    assert len(queue) == len(keys)
    assert entries(queue) < 500
    assert [queue.take(1000).key for _ in keys] == keys  # type: ignore[union-attr]
    assert queue.take(1000) is None
