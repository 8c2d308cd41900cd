"""The table of a soak: every figure by the parts of the run, and which grew from the first to the last. Pure."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from statistics import fmean, median

from tests.benchmarks.soak.sampling import Sample
from tests.benchmarks.soak.scenarios import Span

_GREW = 1.05
_LEVELS = ("RSS MB", "peak MB", "threads", "descriptors", "store MB", "wal MB", "metric series", "not in sync")
_TIMES: dict[str, Callable[[Sample], list[float]]] = {
    "event answered ms": lambda sample: sample.told.answers,
    "event to call ms": lambda sample: sample.told.calls,
    "operator's requeue to call ms": lambda sample: sample.told.asked,
}
_TOPS = ("queued, urgent", "queued, routine", "livez not 200")


def table(samples: Sequence[Sample], spans: Sequence[Span]) -> str:
    """One line for each figure."""
    width = max(len(name) for name, _ in figures(samples, spans))
    head = [f"{'':{width}}", *(f"{span.name:>14}" for span in spans)]
    lines = [
        "  ".join([f"{name:{width}}", *(f"{value:14,.1f}" for value in values), _verdict(name, values)])
        for name, values in figures(samples, spans)
    ]
    return "\n".join(["  ".join(head), *lines, _statuses(samples)])


def figures(samples: Sequence[Sample], spans: Sequence[Span]) -> list[tuple[str, list[float]]]:
    """Every figure, by span: the median of the samples, the highest of queues; percentiles of all single times."""
    parts = [[sample for sample in samples if span.begin <= sample.at < span.end] for span in spans]
    rows = [(f"{name}, {_how(name)[0]}", [_of(part, name) for part in parts]) for name in samples[-1].figures]
    for what, times in _TIMES.items():
        for name, share in (("median", 0.5), ("99th percentile", 0.99)):
            rows.append((f"{what}, {name}", [_share([*chain(*map(times, part))], share) for part in parts]))
    rows.append(("events without their call yet, at the end", [_last(part) for part in parts]))
    return rows


def _how(name: str) -> tuple[str, Callable[[list[float]], float]]:
    """Levels by the median of the samples, queues by the highest, and what is counted by the mean."""
    if name in _TOPS:
        return "highest", max
    return ("median", median) if name in _LEVELS else ("mean", fmean)


def _of(part: Sequence[Sample], name: str) -> float:
    return _how(name)[1]([sample.figures[name] for sample in part]) if part else 0.0


def _last(part: Sequence[Sample]) -> float:
    return float(part[-1].told.pending) if part else 0.0


def _share(values: list[float], share: float) -> float:
    return sorted(values)[int(share * (len(values) - 1))] if values else 0.0


def _verdict(name: str, values: Sequence[float]) -> str:
    is_level = name.partition(",")[0] in _LEVELS
    return "grew" if is_level and values[-1] > max(_GREW * values[0], values[0] + 1) else ""


def _statuses(samples: Iterable[Sample]) -> str:
    counts = sum((Counter(sample.told.statuses) for sample in samples), Counter[str]())
    return "answers to events: " + ", ".join(f"{count:,} x {status}" for status, count in sorted(counts.items()))
