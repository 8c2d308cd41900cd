"""What `metrics.py` is made of: a part of the door of prometheus_client."""

from collections.abc import Container, Iterable, Iterator
from itertools import product
from typing import Generic, TypeVar

from prometheus_client import CollectorRegistry, Metric
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.registry import Collector

PREFIX = "iptv_reconciler"
_OWN = tuple(f"{PREFIX}_{name}" for name in ("leader", "build_", "config_"))  # gauges that say what the process is

M = TypeVar("M", bound=MetricWrapperBase)


class Children(dict[tuple[str, ...], M], Generic[M]):
    """The children of one metric, made once: looking one up by its labels costs four times its increment."""

    def __init__(self, metric: M, *axes: Iterable[str]) -> None:
        """Without `axes` there are none yet."""
        super().__init__()
        self._metric: M = metric
        if axes:
            self.add(*axes)

    def keep(self, names: Container[str]) -> None:
        """Drop the children of whatever is gone: of a platform or target that is not among these."""
        for labels in [each for each in self if each[0] not in names]:
            del self[labels]
            self._metric.remove(*labels)

    def add(self, *axes: Iterable[str]) -> None:
        """Have a child at 0 for every combination."""
        for labels in product(*axes):
            self[labels] = self._metric.labels(*labels)

    def __missing__(self, labels: tuple[str, ...]) -> M:
        self.add(*((label,) for label in labels))
        return self[labels]


class OfAStandby(Collector):
    """What a process shows that does not lead (rule 5), of the registry that has all of it."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry

    def collect(self) -> Iterator[Metric]:
        """All but gauges of ours, if they are not about the process."""
        for metric in self._registry.collect():
            if metric.type != "gauge" or not metric.name.startswith(PREFIX) or metric.name.startswith(_OWN):
                yield metric
