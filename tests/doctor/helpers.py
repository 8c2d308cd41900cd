"""What the tests of `doctor` share."""

from collections.abc import Iterable

from controller.doctor.checks import Check, Findings, Level

HERE = Findings("here")
OK, WARN, FAIL = Level.OK, Level.WARN, Level.FAIL


def levels(checks: Iterable[Check], name: str) -> list[Level]:
    """The levels of the checks of that name, in their order."""
    return [check.level for check in checks if check.name == name]


def text_of(checks: Iterable[Check], level: Level, name: str = "") -> str:
    """The texts of all checks of that level, and of that name if one is given."""
    return "\n".join(check.text for check in checks if check.level is level and name in ("", check.name))
