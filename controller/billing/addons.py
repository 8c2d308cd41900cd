"""Whether billing's list shows the add-ons of accounts, as their own calls do.

Some installations fill `assigned_addons` in the list, others show an empty list for everybody (contract, section 2.1).
Rules of this module:

1. It is found out once a process, by the first rows that name add-ons: if an account's own call names the same ones,
   the list can be relied upon. That costs one call, or a few where the account was just changing.
2. A list that names no add-on of anybody proves nothing, and is not relied upon.
"""

from collections.abc import Sequence

from controller.billing.details import addons_in
from controller.billing.rows import AccountRow
from controller.billing.source import PortaBilling
from platforms.driver import PlatformError

SAMPLES = 3


class ListedAddons:
    """What is known about the list of one billing source."""

    def __init__(self, source: PortaBilling) -> None:
        self._source = source
        self._verdict = {"list": True, "info": False, "auto": None}[source.addons_from]
        self._differed = 0

    async def can_be_relied_upon(self, rows: Sequence[AccountRow]) -> bool:
        """Whether the add-ons in these rows are the accounts' add-ons."""
        naming = (row for row in rows if row.shows_addons and row.bill_status != "C")
        while self._verdict is None and (row := next(naming, None)) is not None:
            await self._compare(row)
        return bool(self._verdict)

    async def _compare(self, row: AccountRow) -> None:
        try:
            own = await self._source.details(row.i_account)
        except PlatformError:
            own = None
        if own is not None and frozenset(own.addons) == frozenset(addons_in(row, own.time_zone) or ()):
            self._verdict = True
            return
        self._differed += 1
        if self._differed >= SAMPLES:
            self._verdict = False
