"""What a look at one thing came to, as a value."""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum

_MOST_NAMES = 20


class Level(StrEnum):
    """`WARN` may be right and should be known; with a `FAIL` the daemon would not do what it should."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Check:
    """One line: `name` is what was looked at, `target` where, `text` a sentence."""

    name: str
    target: str
    level: Level
    text: str


@dataclass(frozen=True, slots=True)
class Findings:
    """Makes the checks of one target."""

    target: str

    def ok(self, name: str, text: str) -> Check:
        """It is as it should be."""
        return Check(name, self.target, Level.OK, text)

    def warn(self, name: str, text: str) -> Check:
        """It should be known."""
        return Check(name, self.target, Level.WARN, text)

    def fail(self, name: str, text: str) -> Check:
        """It has to be mended."""
        return Check(name, self.target, Level.FAIL, text)

    def missing(self, name: str, text: str, *, essential: bool) -> Check:
        """Something is not there: a failure if we cannot do without it."""
        return self.fail(name, text) if essential else self.warn(name, text)


def listed(names: Iterable[str]) -> str:
    """Names in quotes, sorted, each once; of many only the first."""
    known = sorted(set(names))
    shown = ", ".join(repr(name) for name in known[:_MOST_NAMES])
    return f"{shown} and {len(known) - _MOST_NAMES} more" if len(known) > _MOST_NAMES else shown or "nothing"


def suggestion(word: str, known: Iterable[str]) -> str:
    """`did you mean 'X'? `, where something is near; else nothing."""
    close = get_close_matches(word, sorted(set(known)), n=1, cutoff=0.6)
    return f"did you mean {close[0]!r}? " if close else ""
