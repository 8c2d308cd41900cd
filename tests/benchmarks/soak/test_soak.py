"""What the soak says of what it has seen, and that its faults strike as evenly as they are ordered."""

from dataclasses import replace
from math import inf

from tests.benchmarks.servers import Fault
from tests.benchmarks.soak.sampling import Sample, Told
from tests.benchmarks.soak.scenarios import Span, day
from tests.benchmarks.soak.telling import table

FIGURES = {"RSS MB": 100.0, "threads": 3.0, "queued, urgent": 0.0, "CPU": 0.2}
SPANS = [Span("first", 0, 10), Span("last", 90, 100)]


def sample(at: float, told: Told | None = None, megabytes: float = 100.0) -> Sample:
    return Sample(at, FIGURES | {"RSS MB": megabytes}, told or Told())


def test_what_is_higher_at_the_end_than_at_the_beginning_grew() -> None:
    text = table([sample(5), sample(50, megabytes=900), sample(95, megabytes=110)], SPANS)
    (grew,) = [line for line in text.splitlines() if line.endswith("grew")]
    assert grew.split() == ["RSS", "MB,", "median", "100.0", "110.0", "grew"]


def test_times_are_those_of_all_samples_of_a_part_together() -> None:
    text = table([sample(1, Told(calls=[5.0])), sample(2, Told(calls=[7.0, 6.0])), sample(95)], SPANS)
    (median,) = [line for line in text.splitlines() if line.startswith("event to call ms, median")]
    assert median.split()[-2:] == ["6.0", "0.0"]


def test_a_fault_strikes_an_even_share() -> None:
    fault = Fault("status", 0.3, inf)
    assert [turn for turn in range(1, 11) if fault.strikes(turn)] == [4, 7, 10]
    assert not replace(fault, until=0.0).strikes(4)


def test_a_day_goes_up_and_down_and_has_the_same_faults_in_its_first_and_last_quarter() -> None:
    scenario = day(100_000, hours=24, speed=24)
    assert scenario.seconds == 3600
    morning, evening = (scenario.happening.rate(at) for at in (900, 2700))
    assert morning > 5 * evening
    first, last = (
        [order for order in scenario.happening.orders if span.begin < order.at < span.end] for span in scenario.spans
    )
    assert [each.told for each in first] == [each.told for each in last] != []
