"""What a pass reads off its comparisons. Pure."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from controller.judgement import Comparison
from controller.store import Progress
from desired_state.retry import PARKED
from desired_state.subscriber import State, SubscriberKey


def drifted(comparisons: Iterable[Comparison]) -> Iterator[tuple[str, str]]:
    """What differs although the wish did not change since it was last fulfilled: somebody else changed it."""
    for comparison in comparisons:
        if comparison.change is not None and comparison.subscriber.was_fulfilled and not comparison.turn.lets_go:
            yield comparison.subscriber.desired.key.platform, comparison.change.kind


def bound_records(comparisons: Iterable[Comparison]) -> dict[int, str]:
    """Our records, by account."""
    return {
        comparison.record.i_account: comparison.record.observation.record_id
        for comparison in comparisons
        if comparison.record is not None and comparison.record.i_account is not None
    }


def refusals(comparisons: Iterable[Comparison], now: datetime) -> dict[SubscriberKey, str]:
    """Who was refused and is not tried again yet, with the sentence."""
    parked_keys = {}
    for comparison in comparisons:
        progress = comparison.subscriber.progress
        if progress.state is State.PARKED and delay_of(progress, now) and not comparison.turn.lets_go:
            parked_keys[comparison.subscriber.desired.key] = progress.text or "the platform refused this"
    return parked_keys


def delay_of(progress: Progress, now: datetime) -> timedelta:
    """How long to wait for the next try; an instant that no backoff gives comes of a clock that was wrong."""
    ahead = progress.next_try - now if progress.next_try is not None else timedelta(0)
    return ahead if timedelta(0) < ahead <= PARKED else timedelta(0)
