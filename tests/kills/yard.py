"""Many grounds at once: most of a case is waiting (a platform may show for 10 s what was before a write).

A case is a scenario and where its processes die, one after the other: `tv/mixed@write:3:after+commit:7:before`.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue

from tests.kills.crossings import Crossing
from tests.kills.ground import Ground, Settings, ground

Deaths = tuple[Crossing, ...]


@dataclass(frozen=True, slots=True)
class Played:
    """A case: at how many of its crossings a process died, what is wrong at the end, and what the last one crossed."""

    case: Deaths
    deaths: int
    problems: Sequence[str]
    crossings: Sequence[Crossing] = field(default=(), repr=False)

    @property
    def has_died(self) -> bool:
        """Whether all deaths took place that were meant to."""
        return self.deaths == len(self.case)

    def __str__(self) -> str:
        return "+".join(map(str, self.case))


class Yard:
    """Grounds of one kind, each free or in use."""

    def __init__(self, grounds: Sequence[Ground]) -> None:
        self._free: SimpleQueue[Ground] = SimpleQueue()
        for each in grounds:
            self._free.put(each)
        self._size = len(grounds)

    @contextmanager
    def ground(self) -> Iterator[Ground]:
        """One that nobody else has meanwhile."""
        taken = self._free.get()
        try:
            yield taken
        finally:
            self._free.put(taken)

    def play(self, cases: Sequence[Deaths], play: Callable[[Ground, Deaths], Played]) -> list[Played]:
        """All cases, each on a ground of its own."""

        def one(case: Deaths) -> Played:
            try:
                with self.ground() as taken:
                    return play(taken, case)
            except AssertionError as error:
                return Played(case, 0, [str(error)])

        with ThreadPoolExecutor(self._size) as pool:
            return list(pool.map(one, cases))


@contextmanager
def yard(folder: Path, platform: str, settings: Settings, size: int = 12) -> Iterator[Yard]:
    """So many grounds, configured alike."""
    with ExitStack() as stack:
        grounds = []
        for number in range(size):
            place = folder / f"ground-{number}"
            place.mkdir()
            grounds.append(stack.enter_context(ground(place, platform)))
            grounds[-1].configure(settings)
        yield Yard(grounds)
