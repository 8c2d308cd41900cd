"""Checks as lines for a person, and as values for a program."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TypedDict

from controller.doctor.checks import Check, Level


class CheckView(TypedDict):
    """One check."""

    name: str
    target: str
    level: str
    text: str


class DoctorView(TypedDict):
    """All checks; `healthy` is whether none failed."""

    healthy: bool
    checks: list[CheckView]


def as_view(checks: Sequence[Check]) -> DoctorView:
    """The JSON output."""
    views: list[CheckView] = [
        {"name": check.name, "target": check.target, "level": check.level.value, "text": check.text} for check in checks
    ]
    return {"healthy": all(check.level is not Level.FAIL for check in checks), "checks": views}


def lines(checks: Sequence[Check]) -> Iterator[str]:
    """The text output: a line for each check, in the order they were made, and their count."""
    for check in checks:
        yield f"{check.level:<5}{check.target}: {check.name}: {check.text}"
    levels = Counter(check.level for check in checks)
    yield ", ".join(f"{levels[level]} {level}" for level in Level)
