"""Calendar days: what billing dates without a time of day, begins with that day where the account is."""

from datetime import UTC, date, datetime, time, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


def midnight(day: date, zone: str) -> datetime:
    """The start of a calendar day in the time zone of this name, as an instant.

    UTC counts where no zone of that name is known. Raises `OverflowError` at the ends of the calendar.
    """
    return datetime.combine(day, time(0), tzinfo=_zone(zone)).astimezone(UTC)


def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name) if name else UTC
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC
