"""The scenarios: a compressed day, and three kinds of too much. Seconds are real ones, from the start."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import pi, sin

from tests.benchmarks.population import FIRST
from tests.benchmarks.soak.driving import DAILY, Happening, Order

DAY = 86_400.0
EVENTS = 0.4
"""Things that happen to an account in a day."""
LATENCY = 0.02
_WARM = 0.1
_QUARTERS = ("first quarter", "second quarter", "third quarter", "last quarter")
_APART = 45.0  # seconds at least from a fault to the next
_LASTING = 12.0
_FAULTS: tuple[tuple[str, Mapping[str, object]], ...] = (
    ("platform", {"kind": "status", "share": 0.3}),
    ("billing", {"kind": "drop", "share": 0.3}),
    ("platform", {"kind": "hang", "share": 0.1}),
    ("billing", {"kind": "status", "share": 0.3}),
    ("platform", {"kind": "status", "share": 1.0}),
    ("billing", {"kind": "hang", "share": 0.1}),
    ("platform", {"kind": "drop", "share": 0.3}),
    ("billing", {"kind": "status", "share": 1.0}),
)


@dataclass(frozen=True, slots=True)
class Span:
    """A part of a run that is compared with the others."""

    name: str
    begin: float
    end: float


@dataclass(frozen=True, slots=True)
class Scenario:
    """One run: how long, on how fast a clock, what happens, what is compared, and the fleet's settings."""

    seconds: float
    happening: Happening
    spans: Sequence[Span]
    speed: float = 1.0
    settings: Mapping[str, object] = field(default_factory=dict)
    per_day: float = 0.0


def day(accounts: int, hours: float, speed: float) -> Scenario:
    """Hours of a day by its curve, with faults, on a clock that goes `speed` times as fast."""
    seconds, mean = hours * 3600 / speed, EVENTS * accounts / DAY * speed

    def rate(at: float) -> float:
        return mean * (1 + 0.8 * sin(2 * pi * at * speed / DAY))

    settings = {"latency": LATENCY, "billing_latency": LATENCY, "full_pass": "7m", "keep": "2d"}
    begin, quarter = _WARM * seconds, (1 - _WARM) * seconds / 4
    quarters = [Span(name, begin + at * quarter, begin + (at + 1) * quarter) for at, name in enumerate(_QUARTERS)]
    happening = Happening(rate, DAILY, [fault for each in quarters for fault in _faults(each)])
    return Scenario(seconds, happening, [quarters[0], quarters[-1]], speed, settings, EVENTS * accounts)


def _faults(quarter: Span) -> Iterator[Order]:
    """The same faults in every quarter, so that these can be compared."""
    seconds = quarter.end - quarter.begin
    count = max(1, min(len(_FAULTS), int(seconds / _APART)))
    for number, (server, fault) in enumerate(_FAULTS[:count]):
        at = quarter.begin + (number + 0.5) * seconds / count
        yield Order(at, server, {"fault": {**fault, "seconds": min(seconds / count / 6, _LASTING)}})


def flood(accounts: int, seconds: float) -> Scenario:
    """Ten times more events than billing's rate allows to handle: two calls each, 100 calls a second, 500 events."""
    spans = _thirds(seconds)

    def rate(at: float) -> float:
        return 500.0 if spans[1].begin <= at < spans[1].end else 20.0

    settings = {"latency": LATENCY, "billing_latency": LATENCY, "billing_rate": 100, "full_pass": "30s"}
    happening = Happening(rate, {"nothing": 90, "product": 10}, at_once=32, operator_every=15)
    return Scenario(seconds, happening, spans, settings=settings)


def slow_platform(accounts: int, seconds: float) -> Scenario:
    """A platform of two places that becomes ten times slower than the 20 ms it took: ten calls a second."""
    settings = {"latency": LATENCY, "billing_latency": LATENCY, "concurrency": 2, "full_pass": "30s"}
    return _slow("platform", accounts, seconds, settings)


def slow_billing(accounts: int, seconds: float) -> Scenario:
    """A billing of four places that becomes ten times slower than the 20 ms it took: twenty calls a second."""
    settings = {"latency": LATENCY, "billing_latency": LATENCY, "billing_concurrency": 4, "full_pass": "30s"}
    return _slow("billing", accounts, seconds, settings)


def _slow(server: str, accounts: int, seconds: float, settings: Mapping[str, object]) -> Scenario:
    """In the middle third; then there is more to do for a pass as well: accounts that changed without an event."""
    spans = _thirds(seconds)
    begin, end = spans[1].begin, spans[1].end
    orders = [Order(begin, server, {"latency": 10 * LATENCY}), Order(end, server, {"latency": LATENCY})]
    mass = Order(begin, "billing", i_accounts=range(FIRST, FIRST + accounts // 50), fields={"blocked": "Y"})
    happening = Happening(lambda _: 15.0, {"product": 60, "block": 40}, [mass, *orders], operator_every=15)
    return Scenario(seconds, happening, spans, settings=settings)


def _thirds(seconds: float) -> list[Span]:
    third = seconds / 3
    return [Span("before", _WARM * third, third), Span("during", third, 2 * third), Span("after", 2 * third, seconds)]


OVERLOADS = {"flood": flood, "slow-platform": slow_platform, "slow-billing": slow_billing}
