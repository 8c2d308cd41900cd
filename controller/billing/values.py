"""JSON scalars of PortaBilling -> Python values (contract, section 1.4).

Rules of this module:

1. Missing, `null` and empty text are the same: "not set". Numbers may come as text, flags as letters or numbers.
2. Money is a `Decimal` made from the text of the answer, never by way of a float.
3. Date-times are UTC where they do not say otherwise. Dates are calendar days of the entity's own time zone.
4. What cannot be understood raises `Unreadable`, whose sentence names the field and what was found. Nothing is
   guessed: a wrong date is worse than none. Text fields may hold personal data, so their content is never quoted.
"""

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation

from desired_state.days import midnight
from platforms.driver import Rejected

_YES = frozenset({"y", "yes", "1", "true"})
_NO = frozenset({"n", "no", "0", "false"})
_DAY = re.compile(r"(\d{4}-\d{2}-\d{2})(?:[T ].*)?", re.DOTALL)
_QUOTED_LENGTH = 40
_KINDS = {dict: "an object", list: "a list", bool: "a boolean", str: "a text", int: "a number", Decimal: "a number"}


class Unreadable(Rejected):
    """An answer about one account that we cannot understand: a condition on that account, and on nobody else."""


def unreadable(name: str, value: object, expected: str) -> Unreadable:
    """The error for a field without personal data: its value is quoted (shortened)."""
    found = repr(value) if isinstance(value, str) else kind(value) if isinstance(value, dict | list) else str(value)
    shortened = found if len(found) <= _QUOTED_LENGTH else f"{found[:_QUOTED_LENGTH]}…"
    return Unreadable(f"field {name!r} is {shortened}, not {expected}", name)


def kind(value: object) -> str:
    """What sort of JSON value it is, in words, without showing it."""
    return _KINDS.get(type(value), "null")


def is_unset(value: object) -> bool:
    """Whether billing says "not set"."""
    return value is None or (isinstance(value, str) and not value.strip())


def text(name: str, value: object) -> str:
    """A text; a number is taken as its digits. Not set = empty."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return str(value)
    raise Unreadable(f"field {name!r} is {kind(value)}, not a text", name)


def whole(name: str, value: object) -> int | None:
    """A whole number, or `None` where not set."""
    number = money(name, value)
    if number is None:
        return None
    if number != number.to_integral_value() or abs(number) >= 2**63:
        raise unreadable(name, value, "a whole number")
    return int(number)


def money(name: str, value: object) -> Decimal | None:
    """An amount, exactly as written, or `None` where not set."""
    if is_unset(value):
        return None
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise unreadable(name, value, "a number")
    try:
        number = Decimal(value.strip() if isinstance(value, str) else value)
    except InvalidOperation:
        raise unreadable(name, value, "a number") from None
    if not number.is_finite():
        raise unreadable(name, value, "a number")
    return number


def flag(name: str, value: object) -> bool:
    """A flag, stored as "Y"/"N", sent as 1/0 or a boolean; not set = no."""
    if is_unset(value):
        return False
    word = text(name, value).strip().lower() if not isinstance(value, bool) else str(value).lower()
    if word in _YES:
        return True
    if word in _NO:
        return False
    raise unreadable(name, value, "a flag (Y or N)")


def day(name: str, value: object) -> date | None:
    """A calendar day `YYYY-MM-DD` (a time of day after it is ignored), or `None` where not set."""
    if is_unset(value):
        return None
    match = _DAY.fullmatch(value.strip()) if isinstance(value, str) else None
    try:
        if match is not None:
            return date.fromisoformat(match[1])
    except ValueError:
        pass
    raise unreadable(name, value, "a date (YYYY-MM-DD)")


def instant(name: str, value: object, *, zone: str = "", ends: bool = False) -> datetime | None:
    """A date-time `YYYY-MM-DD HH:MM:SS` as UTC, or `None` where not set.

    `T`, fractions and an offset are understood. A bare date is the start of that day in the time zone called `zone`
    (UTC if there is none), or its end for what `ends` then: nothing is taken away earlier than billing says.
    """
    if is_unset(value):
        return None
    written = value.strip() if isinstance(value, str) else ""
    if not _DAY.fullmatch(written):
        raise unreadable(name, value, "a date-time (YYYY-MM-DD HH:MM:SS)")
    try:
        if len(written) == len("YYYY-MM-DD"):
            return midnight(date.fromisoformat(written) + timedelta(days=int(ends)), zone)
        parsed = datetime.fromisoformat(written.replace(" ", "T", 1))
        return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)
    except (ValueError, OverflowError):
        raise unreadable(name, value, "a date-time (YYYY-MM-DD HH:MM:SS)") from None
