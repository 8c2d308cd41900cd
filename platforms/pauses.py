"""The pause that a server asks for: the `Retry-After` header of HTTP."""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from math import isfinite, nan

MAX_RETRY_AFTER = timedelta(hours=1)


def retry_after(text: str, now: datetime) -> timedelta | None:
    """The pause a `Retry-After` header asks for, seconds or an HTTP date: between nothing and an hour.

    `None` where the header is missing or makes no sense.
    """
    try:
        seconds = float(text)
    except ValueError:
        seconds = _seconds_until(text, now)
    return timedelta(seconds=min(max(0.0, seconds), MAX_RETRY_AFTER.total_seconds())) if isfinite(seconds) else None


def _seconds_until(date: str, now: datetime) -> float:
    try:
        instant = parsedate_to_datetime(date)
    except (ValueError, OverflowError):
        return nan
    return ((instant if instant.tzinfo else instant.replace(tzinfo=UTC)) - now).total_seconds()
