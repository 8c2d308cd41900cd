"""Two accounts buy, and one gets something back; the daemon that books it is killed.

Rules of this module:

1. What was sold is what stands in the platform's feed, what is booked what stands in billing. Both must be the same.
2. A daemon that died is followed by another one, to which nobody says what the dead one knew. Before anything is sold,
   the first has read the feed to its (empty) end, as one that runs for long has.
"""

import asyncio
import re
import signal
import sqlite3  # noqa: TID251  the file is looked at from outside
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime
from decimal import Decimal

from platforms.telebreeze.simulator import TelebreezeSimulator
from tests.kills.crossings import Crossing, Kind, sides
from tests.kills.ground import Ground
from tests.kills.scenarios import SALES
from tests.kills.victim import Ended
from tests.kills.wires import DEADLINE
from tests.kills.yard import Deaths, Played

_CAUSED: tuple[Kind, ...] = ("sale", "sending", "doubt", "booked", "feed", "book", "look")
_READ_AGAIN = 2
"""A feed goes on being read; so often it is worth dying at."""
_SOLD = (
    {"id": "t-1", "of": 70001, "type": "vod", "amount": "3.99"},
    {"id": "t-2", "of": 70001, "type": "ppv", "amount": "1.00"},
    {"id": "t-3", "of": 70001, "type": "refund", "amount": "0.50", "refundOf": "t-1"},
    {"id": "t-12", "of": 70002, "type": "vod", "amount": "3.99"},
)
_REFERENCE = re.compile(r"\[ref:[^\]]*\]")
_PAUSE = threading.Event()

Books = Counter[tuple[int, str, Decimal]]
"""How often each account paid which amount for what; what it got back is negative."""


class Selling:
    """Which boundaries a daemon comes to that books what is sold, and how it ends after daemons were killed."""

    def __init__(self, ground: Ground) -> None:
        SALES.prepare(ground)
        self._start = ground.keep()
        shop = Shop(ground, None)
        shop.sell()
        assert shop.finish().code == 0
        self.crossings = list(_caused(ground))
        assert not list(_problems(ground))

    def __call__(self, ground: Ground, case: Deaths) -> Played:
        """Sell to a daemon that will die, or to the next one; the last has to book what is left."""
        ground.restore(self._start)
        ground.wires.is_selling = False
        _feed(ground).clear()
        deaths = 0
        for crossing in case:
            shop = Shop(ground, crossing)
            shop.sell()
            deaths += shop.finish().was_killed
        shop = Shop(ground, None)
        shop.sell()
        ended = shop.finish()
        wrong = [] if ended.code == 0 else [f"the daemon ended with {ended.code}: {ended.err}"]
        return Played(case, deaths, [*wrong, *_problems(ground)], list(_caused(ground)))


class Shop:
    """A daemon that follows the feed."""

    def __init__(self, ground: Ground, die: Crossing | None) -> None:
        self._ground = ground
        self._victim = ground.start("run", die=die)

    def sell(self) -> None:
        """Sell everything as soon as the feed is followed, unless that was done."""
        if not self._ground.wires.is_selling:
            self._until(lambda: _rows(self._ground, "SELECT 1 FROM feeds WHERE read_at IS NOT NULL") == [(1,)])
            asyncio.run_coroutine_threadsafe(_sell(self._ground), self._ground.site.loop).result(DEADLINE)

    def finish(self) -> Ended:
        """Wait until everything is booked, or it died; then have it end. It listens to that once it has started."""
        self._until(lambda: not self._victim.is_alive or (self._is_done and '"started"' in self._victim.said()))
        self._victim.send(signal.SIGTERM)
        return self._victim.ended()

    @property
    def _is_done(self) -> bool:
        return len(_booked(self._ground)) == len(_SOLD)

    def _until(self, holds: Callable[[], bool]) -> None:
        give_up = time.monotonic() + DEADLINE  # noqa: TID251  a real process is waited for
        while not holds():
            assert time.monotonic() < give_up, f"it did not come to that: {self._victim.said()}"  # noqa: TID251
            _PAUSE.wait(0.05)


async def _sell(ground: Ground) -> None:
    """All at once, as the platform's loop sees it."""
    names = {i_account: f"tv{i_account - 70000:06}_3" for i_account in (70001, 70002)}
    ids = {str(each["externalId"]): str(each["id"]) for each in await ground.wires.records()}
    for sale in _SOLD:
        name, at = names[int(str(sale["of"]))], datetime.now(UTC)  # noqa: TID251  real processes live in real time
        buyer = {"customerId": ids[name], "externalId": name, "createdAt": at.isoformat(), "title": "Northern Sea"}
        _feed(ground).append({**sale, **buyer, "currency": "EUR"})
    ground.wires.is_selling = True


def _feed(ground: Ground) -> list[Mapping[str, object]]:
    assert isinstance(ground.wires.platform, TelebreezeSimulator)
    return ground.wires.platform.transactions


def _caused(ground: Ground) -> Iterator[Crossing]:
    for each in ground.crossed():
        if each.kind in _CAUSED and (each.kind != "feed" or each.number <= _READ_AGAIN):
            yield from sides(each.kind, each.number)


def _problems(ground: Ground) -> Iterator[str]:
    """Everything that is not as it should be: in billing's books, and in the file."""
    sold, booked = Books(map(_of_sale, _feed(ground))), _books(ground)
    if len(sold) != len(_SOLD):
        yield f"{len(sold)} things were sold, not {len(_SOLD)}"
    for each in sorted({*sold, *booked}):
        if sold[each] != booked[each]:
            yield f"billing has booked {each} {booked[each]} times, it was sold {sold[each]} times"
    if (integrity := _rows(ground, "PRAGMA integrity_check")) != [("ok",)]:
        yield f"the file is damaged: {integrity}"
    if left := _rows(ground, "SELECT id, state, reason FROM charges WHERE state <> 'booked'"):
        yield f"not all is booked: {left}"
    if len({i_xdr for (i_xdr,) in _booked(ground)}) != len(_SOLD):
        yield f"the file knows of xDRs {_booked(ground)}"


def _of_sale(row: Mapping[str, object]) -> tuple[int, str, Decimal]:
    amount = Decimal(str(row["amount"]))
    return int(str(row["of"])), f"[ref:tv-{row['id']}]", -amount if row["type"] == "refund" else amount


def _books(ground: Ground) -> Books:
    books = Books()
    for each in ground.wires.billing.installation.transactions:
        (reference,) = _REFERENCE.findall(each.visible_comment)
        amount = -each.amount if each.action == "Manual credit" else each.amount
        books[each.i_account, reference, amount] += 1
    return books


def _booked(ground: Ground) -> "list[tuple[object, ...]]":
    return _rows(ground, "SELECT i_xdr FROM charges WHERE state = 'booked'")


def _rows(ground: Ground, query: str) -> "list[tuple[object, ...]]":
    with closing(sqlite3.connect(f"file:{ground.store}?mode=ro", uri=True)) as file:
        return file.execute(query).fetchall()
