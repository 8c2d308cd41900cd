"""What a billing source was told about the provisioning of its accounts, held against how they stand.

Rules of this module:

1. What was said is one text: the status's digit, then the sentence. So the worst of several platforms is the largest
   text, for SQL too, and two tellings are compared as a whole.
2. An account is told of while a platform has to do with it. One that no platform has to do with any more is in order.
   A platform that only observes has no say: what stands there is nobody's provisioning.
3. What billing refused is not said again until the status is another one.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from heapq import merge
from itertools import groupby, islice

from controller.store.connection import Database
from desired_state.subscriber import State


class Provisioning(IntEnum):
    """The status of an account over all its platforms, the worst last; named as billing names it."""

    OK = 0
    IN_PROGRESS = 1
    RETRY = 2
    FAILED = 3


PROVISIONING: Mapping[State, Provisioning] = {
    State.IN_SYNC: Provisioning.OK,
    State.NO_SERVICE: Provisioning.OK,
    State.PENDING: Provisioning.IN_PROGRESS,
    State.IN_FLIGHT: Provisioning.IN_PROGRESS,
    State.HELD: Provisioning.IN_PROGRESS,
    State.PAUSED: Provisioning.IN_PROGRESS,
    State.BACKOFF: Provisioning.RETRY,
    State.PARKED: Provisioning.FAILED,
    State.CONFLICT: Provisioning.FAILED,
}


@dataclass(frozen=True, slots=True)
class Telling:
    """What is to be said of an account; `text` is for a person, empty where all is well."""

    i_account: int
    status: Provisioning
    text: str


@dataclass(frozen=True, slots=True)
class Audience:
    """A billing source and its platforms: those whose state is told, and those that only observe."""

    billing: str
    platforms: tuple[str, ...]
    observing: tuple[str, ...] = ()


_DIGIT = (
    "CASE s.state " + " ".join(f"WHEN '{state}' THEN {status:d}" for state, status in PROVISIONING.items()) + " END"
)
_DIFFERING = f"""
SELECT * FROM (
    SELECT a.value AS i_account, t.said AS said, coalesce(t.refused, 0) AS refused,
        CASE WHEN count(s.state) = 0 AND t.said IS NOT NULL THEN '0' ELSE max(CASE
            WHEN s.platform IN (SELECT value FROM json_each(:observing)) THEN NULL
            WHEN {_DIGIT} = 0 THEN '0'
            ELSE {_DIGIT} || coalesce(s.text, '') END) END AS now
    FROM json_each(:i_accounts) a
    LEFT JOIN told t ON t.billing = :billing AND t.i_account = a.value
    LEFT JOIN subscribers s ON s.platform IN (SELECT value FROM json_each(:platforms)) AND s.i_account = a.value
    GROUP BY a.value
) WHERE now IS NOT NULL AND now IS NOT said AND NOT (refused AND substr(now, 1, 1) = substr(said, 1, 1))
"""


class Told:
    """The table `told`, of one audience."""

    def __init__(self, db: Database, audience: Audience) -> None:
        self._conn = db.conn
        self._audience = audience

    def after(self, i_account: int, limit: int) -> list[int]:
        """The next accounts by number of which something could have to be said."""
        part = "SELECT i_account FROM {} WHERE {} = ? AND i_account > ? ORDER BY i_account LIMIT ?"
        tables = [("subscribers", "platform", name) for name in self._audience.platforms]
        tables.append(("told", "billing", self._audience.billing))
        rows = [self._conn.execute(part.format(*table), (name, i_account, limit)) for *table, name in tables]
        return [number for number, _ in islice(groupby(merge(*([n for (n,) in each] for each in rows))), limit)]

    def differing(self, i_accounts: Iterable[int]) -> list[Telling]:
        """What is to be said of those of these accounts that stand otherwise than billing was told."""
        audience = self._audience
        given = {
            "i_accounts": json.dumps(list(i_accounts)),
            "billing": audience.billing,
            "platforms": json.dumps(audience.platforms + audience.observing),
            "observing": json.dumps(audience.observing),
        }
        rows = self._conn.execute(_DIFFERING, given)
        return [Telling(row[0], Provisioning(int(row[3][0])), row[3][1:]) for row in rows]

    def note(self, telling: Telling, *, refused: bool) -> None:
        """Billing was told this, and took it or refused it."""
        self._conn.execute(
            "INSERT INTO told (billing, i_account, said, refused) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (billing, i_account) DO UPDATE SET said = excluded.said, refused = excluded.refused",
            (self._audience.billing, telling.i_account, f"{telling.status:d}{telling.text}", int(refused)),
        )

    def forget(self) -> None:
        """Billing was told nothing yet."""
        self._conn.execute("DELETE FROM told WHERE billing = ?", (self._audience.billing,))


def told_counts(db: Database, billing: str) -> tuple[dict[Provisioning, int], int]:
    """How many accounts of a billing source were told as what, and how many of these tellings it refused."""
    rows: Sequence[tuple[str, int, int]] = db.conn.execute(
        "SELECT status, sum(number), sum(refused * number) FROM told_tally WHERE billing = ? GROUP BY status",
        (billing,),
    ).fetchall()
    counts = {Provisioning(int(digit)): count - refused for digit, count, refused in rows}
    return dict.fromkeys(Provisioning, 0) | counts, sum(refused for _, _, refused in rows)
