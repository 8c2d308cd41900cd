"""Which cases are played: a few in every run of the tests, all of them by order, one to see it fail again."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from tests.kills.crossings import Crossing
from tests.kills.yard import Deaths, Played

T = TypeVar("T")
_IN_DOUBT = ("write", "intent", "outcome", "book", "sending", "booked")
"""Where it may be open what happened: half of the few cases are about these."""


@dataclass(frozen=True, slots=True)
class Choice:
    """All of them if `every`, only `case` if that is named."""

    every: bool
    case: str

    def wants(self, name: str, few: int) -> bool:
        """Whether there is anything to play of a scenario."""
        return self.case.partition("@")[0] == name if self.case else self.every or few > 0

    def once(self, crossings: Sequence[Crossing], few: int) -> list[Deaths]:
        """The cases of a scenario in which one process is killed."""
        if self.case:
            return [tuple(map(Crossing.read, self.case.partition("@")[2].split("+")))]
        if self.every:
            return [(each,) for each in crossings]
        doubtful = [each for each in crossings if each.kind in _IN_DOUBT]
        others = [each for each in crossings if each.kind not in _IN_DOUBT]
        return [(each,) for each in (*spread(doubtful, few // 2), *spread(others, few - few // 2))]

    def twice(self, played: Sequence[Played], few: int) -> list[Deaths]:
        """Cases that go on from those: the process that recovers is killed as well, each at another crossing."""
        if self.case:
            return []
        pairs = [
            (*one.case, one.crossings[place * 7 % len(one.crossings)])
            for place, one in enumerate(played)
            if one.has_died and one.crossings
        ]
        return pairs if self.every else list(spread(pairs, few))


def spread(items: Sequence[T], most: int) -> Sequence[T]:
    """At most so many of them, evenly spread."""
    if len(items) <= most:
        return items
    return [items[place * len(items) // most] for place in range(most)]


def figures(name: str, played: Sequence[Played]) -> str:
    """How many cases there were, by the kinds of crossings at which they died; those that came to none are apart."""
    counts: Counter[str] = Counter()
    for one in played:
        kind = one.case[0].kind if len(one.case) == 1 else "twice"
        counts[kind if one.has_died else "not reached"] += 1
    return f"{name}: {', '.join(f'{count} {kind}' for kind, count in sorted(counts.items()))}"


def complaint(name: str, played: Sequence[Played]) -> str:
    """What is wrong, and how to see it again; nothing if all is well."""
    wrong = [f"{name}@{each}: {problem}" for each in played for problem in each.problems]
    return "\n".join([*wrong, "replay one by: make kills KILL='NAME'"]) if wrong else ""
