"""Planting: one method of the product is replaced by one with a bug, for a while.

Rules of this module:

1. A bug says whose method it replaces. Where there is none of that name any more, or its parameters have other names,
   planting fails: a bug that is planted beside the product would be one that nobody can catch.
2. A bug says whenever the run comes to it (`reach`). A run that never did has shown nothing.
"""

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

Function = Callable[..., Any]


class Reach:
    """How often a run came to the bug; `along`: the same of the one that is planted with it."""

    def __init__(self) -> None:
        self.count = 0
        self.along: Reach | None = None

    @property
    def is_whole(self) -> bool:
        """Whether the run came to all of it."""
        return self.count > 0 and (self.along is None or self.along.is_whole)

    def __call__(self) -> None:
        """It did once more."""
        self.count += 1


class NothingToReplace(Exception):
    """The product has changed: the bug has to be written anew."""


@dataclass(frozen=True, slots=True)
class Bug:
    """`spoilt` makes, of `Reach` and of the sound method called `method` of `owner` (a class or a module), a bad one.

    `along` is planted with it, where it takes two mistakes to do harm.
    """

    name: str
    owner: object
    method: str
    spoilt: Callable[[Reach, Function], Function]
    along: "Bug | None" = None

    @contextmanager
    def planted(self) -> Iterator[Reach]:
        """The product has the bug while the context lasts."""
        sound = vars(self.owner).get(self.method)
        if sound is None:
            raise NothingToReplace(f"{self.owner} has no {self.method!r} of its own")
        reach = Reach()
        setattr(self.owner, self.method, self._bad(sound, reach))
        try:
            with self.along.planted() if self.along is not None else nullcontext() as reach.along:
                yield reach
        finally:
            setattr(self.owner, self.method, sound)

    def _bad(self, sound: object, reach: Reach) -> object:
        function = sound.fget if isinstance(sound, property) else sound
        assert callable(function)
        bad = self.spoilt(reach, function)
        here, there = (list(inspect.signature(each).parameters) for each in (bad, function))
        if here != there:
            raise NothingToReplace(f"{self.owner}.{self.method} takes {there}, the bug {here}")
        return property(bad) if isinstance(sound, property) else bad


def bug(owner: object, method: str, along: Bug | None = None) -> Callable[[Callable[[Reach, Function], Function]], Bug]:
    """Make a bug of the function that makes the bad method; the bug is called as it is."""

    def made(spoilt: Callable[[Reach, Function], Function]) -> Bug:
        return Bug(spoilt.__name__, owner, method, spoilt, along)

    return made
