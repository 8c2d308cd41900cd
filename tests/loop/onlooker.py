"""Somebody who sees a platform's records, and knows what persons have ordered, but nothing else of the program.

What the program may not do is told here from the records alone, as they are before and after it was at work.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from controller.orders import Whose
from tests.bed import Bed

Row = Mapping[str, Any]
_MARK = re.compile(r"i_account=(\d+)")
_WHOLE = frozenset({"all", "tv"})
_NEARLY_A_DAY = timedelta(hours=23)  # what is seen at the end of some work was done up to an hour before


@dataclass(frozen=True, slots=True)
class _Sight:
    at: datetime
    rows: Mapping[str, Row]
    writes: int
    calls: int


class Onlooker:
    """Watches one platform. `foreign` are the records that are not ours, `pauses` what was paused, until when.

    `most` is what may be taken from viewers in any 24 hours without an approval, `approved` how often more of it was
    approved since the beginning.
    """

    def __init__(self, bed: Bed, most: int) -> None:
        self._bed = bed
        self._most = most
        self.foreign: dict[str, Row] = {}
        self.pauses: dict[str, datetime] = {}
        self.maintenance = False
        self.approved = 0
        self._owners: dict[str, int] = {}
        self._taken: list[tuple[datetime, str]] = []

    @property
    def ours(self) -> list[Row]:
        """The records that are not foreign."""
        return [row for row in self._bed.customers() if row["id"] not in self.foreign]

    def paused(self) -> frozenset[str]:
        """The targets that are paused now."""
        return frozenset(target for target, until in self.pauses.items() if until > self._bed.world.now())

    @contextmanager
    def watching(self) -> Iterator[None]:
        """The program is at work meanwhile, and nobody else changes anything on the platform."""
        before, paused = self._look(), self.paused()
        yield
        after = self._look()
        self.look_at_all()
        self._compare(before, after, paused & self.paused())

    def look_at_all(self) -> None:
        """What holds at any time."""
        rows = {row["id"]: row for row in self._bed.customers()}
        names = [row["externalId"] for row in rows.values()]
        assert len(names) == len(set(names)), "nobody has two records"
        assert {number: rows.get(number) for number in self.foreign} == self.foreign, "no foreign record is touched"
        for number, row in rows.items():
            if number not in self.foreign and (mark := _MARK.search(row["notes"])):
                self._owners[number] = int(mark[1])

    def _look(self) -> _Sight:
        requests = self._bed.platform.requests
        rows = {row["id"]: dict(row) for row in self._bed.customers()}
        return _Sight(self._bed.world.now(), rows, requests.writes, sum(requests.operations.values()))

    def _compare(self, before: _Sight, after: _Sight, paused: frozenset[str]) -> None:
        if paused & _WHOLE:
            assert after.writes == before.writes, "nothing is written while all is paused"
        if "tv" in paused and self.maintenance:
            assert after.calls == before.calls, "a platform in maintenance is not called"
        for sight in (before, after):
            assert self._of(paused, sight) == self._of(paused, before), "the record of a paused account stays as it is"
        self._taken += [(after.at, number) for number, row in before.rows.items() if _lost(row, after.rows.get(number))]
        lately = {number for at, number in self._taken if after.at - at < _NEARLY_A_DAY}
        assert len(lately) <= self._most + self.approved, "the brake holds what nobody approved"

    def _of(self, paused: frozenset[str], sight: _Sight) -> Mapping[str, Row]:
        """The records of the accounts that are paused."""
        mine = {number for number, i_account in self._owners.items() if Whose("billing", i_account).target in paused}
        return {number: row for number, row in sight.rows.items() if number in mine}


def _lost(before: Row, after: Row | None) -> bool:
    """Whether a viewer has less than before: no record, no service, or a package less."""
    if after is None or (before["status"] == "active" and after["status"] != "active"):
        return True
    return not set(before["packages"]) <= set(after["packages"])
