"""When a platform may be written to: change windows.

A window is written `22:00-06:00`, or with its days `sat,sun 00:00-24:00`; one that ends before it begins lasts into the
next day, and belongs to the day on which it begins. Times are of the clock in the operator's zone.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_TIME = r"([01]\d|2[0-3]):([0-5]\d)|24:00"
_WINDOW = re.compile(rf"(?:(?P<days>[a-z]{{3}}(?:[,-][a-z]{{3}})*) )?(?P<begins>{_TIME})-(?P<ends>{_TIME})")
_DAY = 24 * 60


@dataclass(frozen=True, slots=True)
class Window:
    """One window: on which days (0 is Monday) it begins, and minutes after midnight; `ends` may lie on the next day."""

    days: frozenset[int]
    begins: int
    ends: int

    @staticmethod
    def parse(text: str) -> "Window":
        """Read a window. Raises ValueError with a sentence."""
        found = _WINDOW.fullmatch(text.strip().lower())
        if found is None:
            raise ValueError(f"{text!r} is no window; write 22:00-06:00, or with days: sat,sun 00:00-24:00")
        begins, ends = _minutes(found["begins"]), _minutes(found["ends"])
        if begins == ends:
            raise ValueError(f"{text!r} lasts no time; a whole day is 00:00-24:00")
        return Window(_days(found["days"], text), begins, ends if ends > begins else ends + _DAY)

    def is_open(self, local: datetime) -> bool:
        """Whether a moment of the local clock lies in it: its begin does, its end does not."""
        minute = local.hour * 60 + local.minute
        today, yesterday = local.weekday(), (local - timedelta(days=1)).weekday()
        begun_today = today in self.days and self.begins <= minute < self.ends
        return begun_today or (yesterday in self.days and minute + _DAY < self.ends)


@dataclass(frozen=True, slots=True)
class Windows:
    """The windows of one platform, as they were written, in a time zone; without any, everything is open."""

    written: tuple[str, ...] = ()
    zone: str = "UTC"

    def is_open(self, now: datetime) -> bool:
        """Whether one of them is open."""
        if not self.written:
            return True
        local = now.astimezone(ZoneInfo(self.zone))
        return any(Window.parse(each).is_open(local) for each in self.written)

    def __str__(self) -> str:
        return f"{'; '.join(self.written)} {self.zone}"


def _minutes(text: str) -> int:
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)


def _days(named: str | None, text: str) -> frozenset[int]:
    if named is None:
        return frozenset(range(7))
    days: set[int] = set()
    for part in named.split(","):
        ends = part.split("-")
        if not set(ends) <= set(DAYS) or len(ends) > 2:
            raise ValueError(f"{text!r} names a day that there is not; days are {', '.join(DAYS)}, or a span: mon-fri")
        first, last = DAYS.index(ends[0]), DAYS.index(ends[-1])
        days |= {day % 7 for day in range(first, last + 1 if last >= first else last + 8)}
    return frozenset(days)
