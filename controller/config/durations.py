"""Durations as people write them: `90s`, `10m`, `24h`, `30d`, `1h30m`.

Rules of this module:

1. A plain number is refused: nobody knows whether 10 means seconds or minutes.
2. What is read is a `timedelta` from then on; `write` gives the shortest text that reads back as the same.
"""

import re
from datetime import timedelta
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema
from pydantic_core import PydanticCustomError

_UNITS = {"d": timedelta(days=1), "h": timedelta(hours=1), "m": timedelta(minutes=1), "s": timedelta(seconds=1)}
_PATTERN = r"(\d+d)?(\d+h)?(\d+m)?(\d+s)?"
_TEXT = re.compile(rf"(?=\d){_PATTERN}", re.ASCII)
_LONGEST = timedelta(days=3650)


def read(text: object) -> timedelta:
    """The duration a text names; raises ValueError with a sentence."""
    if isinstance(text, timedelta):
        return text
    if not isinstance(text, str) or not (match := _TEXT.fullmatch(text.strip())):
        raise ValueError("must be a duration with its unit, such as 90s, 10m, 24h or 30d")
    total = sum((_UNITS[part[-1]] * _number(part) for part in match.groups() if part), start=timedelta(0))
    if total > _LONGEST:
        raise ValueError(f"must be a duration of at most {write(_LONGEST)}")
    return total


def write(duration: timedelta) -> str:
    """The shortest text for whole seconds: `1d12h`, `0s`."""
    rest = int(duration.total_seconds())
    parts = []
    for unit, length in _UNITS.items():
        count, rest = divmod(rest, int(length.total_seconds()))
        parts += [f"{count}{unit}"] if count else []
    return "".join(parts) or "0s"


def _number(part: str) -> int:
    return min(int(part[:-1][:12]), 10**9 if part[-1] == "s" else 10**6)


def _read(value: object) -> timedelta:
    try:
        return read(value)
    except ValueError as error:
        shown = value if isinstance(value, str | int | float) else type(value).__name__
        raise PydanticCustomError(
            "duration", "{text}, not {shown}", {"text": str(error), "shown": repr(shown)}
        ) from None


def _read_positive(value: object) -> timedelta:
    duration = _read(value)
    if duration <= timedelta(0):
        raise PydanticCustomError("duration", "must be a duration of more than 0s")
    return duration


_SCHEMA = WithJsonSchema(
    {
        "type": "string",
        "pattern": f"^{_PATTERN}$",
        "minLength": 2,
        "examples": ["90s", "10m", "24h", "30d"],
    }
)
_WRITTEN = PlainSerializer(write, return_type=str, when_used="json")

Duration = Annotated[timedelta, BeforeValidator(_read), _WRITTEN, _SCHEMA]
PositiveDuration = Annotated[timedelta, BeforeValidator(_read_positive), _WRITTEN, _SCHEMA]
