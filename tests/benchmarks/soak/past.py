"""A past for a store that was just filled, so that what goes by age goes from the first hour on.

The audit has the calls of the last `KEPT`, and events are remembered that came in the last `REMEMBERED`: as many an
hour as the soak brings.
"""

import sqlite3  # noqa: TID251  another program that writes the database
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from controller.events.spreading import REMEMBERED
from controller.keep import NEEDED
from tests.benchmarks.population import FIRST

KEPT = NEEDED
_EVENT = "INSERT INTO events VALUES ('billing', ?, 'nsps', 'Account/Product/Changed', 'account', ?, ?, ?, ?, 0)"
_CALL = (
    "INSERT INTO audit (platform, i_account, account_id, kind, external_id, reason, cause, result, epoch, request_id,"
    " before, after, opened_at, closed_at)"
    " VALUES ('tv', ?, ?, 'update', ?, 'entitled', 'event', 'ok', 1, ?, ?, ?, ?, ?)"
)
_SHOWN = '{"enabled":true,"packages":["basic"],"devices":["02…01"],"max_connections":2,"contact":"***"}'


def remember(path: Path, accounts: int, events_a_day: float, calls_a_day: float) -> None:
    """Write it into the store at `path`, of which there is no daemon yet."""
    now = datetime.now(UTC)  # noqa: TID251  a daemon is about to begin at this very instant
    with closing(sqlite3.connect(path)) as conn, conn:
        conn.executemany(_EVENT, _events(now, accounts, events_a_day))
        conn.executemany(_CALL, _calls(now, accounts, calls_a_day))
        conn.execute("INSERT INTO sqlite_sequence SELECT 'intents', count(*) FROM audit")  # where their numbers go on


def _events(now: datetime, accounts: int, a_day: float) -> Iterator[tuple[object, ...]]:
    for number, at in enumerate(_instants(now, REMEMBERED, a_day)):
        yield f"nsps:past {number}", FIRST + number % accounts, at, at, f"{number:032x}"


def _calls(now: datetime, accounts: int, a_day: float) -> Iterator[tuple[object, ...]]:
    for number, at in enumerate(_instants(now, KEPT, a_day)):
        i_account = FIRST + number % accounts
        names = (i_account, f"tv{i_account}", f"tv{i_account}_3", f"{number:032x}")
        yield *names, _SHOWN, _SHOWN, at - 0.1, at


def _instants(now: datetime, span: timedelta, a_day: float) -> Iterator[float]:
    count = int(a_day * span / timedelta(days=1))
    began = (now - span).timestamp()
    return (began + span.total_seconds() * number / count for number in range(count))
