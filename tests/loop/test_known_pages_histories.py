"""Histories in two worlds: one knows pages that read as before, the other reads every page to its last row.

After every pass both know the same of every account and record, and have asked and done the same.
"""

from collections.abc import Callable, Coroutine, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.types import ASGIApp

from controller.billing.simulator.state import ALIAS, CREDIT, SimulatedAccount
from platforms.simulation import Fault
from platforms.telebreeze.simulator import API_KEY
from platforms.transport import Http
from tests.bed import TV, Bed
from tests.loop.vanishing import come_back, vanish

ACCOUNTS = 7
TABLES = ("accounts", "records", "holdings", "subscribers", "targets", "rebound")
KINDS: Sequence[Literal["status", "html", "truncated"]] = ("status", "html", "truncated")
NAMES = ("state.db", "state.db-wal", "state.db-shm")


class Restless(Bed):
    """A bed in which things happen while lists are read: `then`, each before a page, by how many came before it."""

    def __init__(self, folder: Path, records_a_page: int, *, forgets: bool) -> None:
        """Whether it `forgets` what it knows of pages before every pass."""
        (folder / "state.db.key").write_bytes(bytes(32))  # the same in both worlds
        platform = {"driver": "telebreeze", "url": TV, "api_key": API_KEY, "requests_per_second": 10000}
        dialect = {"listing": {"page_size": records_a_page}}
        self.then: dict[int, list[Callable[[Restless], None]]] = {}
        self._pages = 0
        super().__init__(folder, {"billing": {"page_size": 2}, "platforms": {"tv": platform | {"dialect": dialect}}})
        self._forgets = forgets
        self.accounts = [self.tv_account(number) for number in range(1, ACCOUNTS + 1)]
        self.hidden: dict[int, SimulatedAccount] = {}
        self.born = ACCOUNTS

    def carrier(self, target: str, app: ASGIApp) -> Http:
        return _Watched(self.one_page_on, super().carrier(target, app))

    def one_page_on(self) -> None:
        for happens in self.then.pop(self._pages, []):
            happens(self)
        self._pages += 1

    async def full_pass_and_a_minute(self) -> None:
        self._pages = 0
        if self._forgets:
            (installation,) = self.application.installations
            gatherer = installation.gatherer
            for known in (gatherer._pages._known, *[each._known for each in gatherer._records.values()]):
                known.begin()
                known.end()
        await self.full_pass()
        self.world.advance(60)

    async def told(self) -> list[object]:
        """All that is known, and all that there is and was asked."""
        conn = (await self.store()).db.conn
        tables = [conn.execute(f"SELECT * FROM {table}").fetchall() for table in TABLES]
        rows = [sorted(repr(row).replace(str(self.folder), "") for row in table) for table in tables]
        return [*rows, self.customers(), self.billing.requests.operations, self.platform.requests.operations]

    def account(self, which: int) -> SimulatedAccount | None:
        return self.billing.installation.accounts.get(self.accounts[which])


class _Watched(httpx.AsyncBaseTransport):
    def __init__(self, one_page_on: Callable[[], None], carrier: Http) -> None:
        self._one_page_on = one_page_on
        self._carrier = carrier

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("get_account_list") or "offset" in request.url.params:
            self._one_page_on()
        return await self._carrier.handle_async_request(request)


Deed = Callable[[int, Restless], None]
Step = partial[Coroutine[None, None, None]]


def is_blocked_or_no_longer(which: int, bed: Restless) -> None:
    if account := bed.account(which):
        bed.billing.change("unblock" if account.blocked else "block", i_account=account.i_account)


def vanishes_or_comes_back(which: int, bed: Restless) -> None:
    if account := bed.hidden.pop(which, None):
        come_back(bed, account)
    else:
        bed.hidden[which] = vanish(bed, bed.accounts[which])


def ends(which: int, bed: Restless) -> None:
    if account := bed.account(which):
        bed.billing.change("terminate", i_account=account.i_account)


def is_another_model(which: int, bed: Restless) -> None:
    if account := bed.account(which):
        account.billing_model = ALIAS if account.billing_model == CREDIT else CREDIT


def cannot_be_read_or_can(which: int, bed: Restless) -> None:
    if account := bed.account(which):
        account.id = " " if account.id.strip() else f"tv{which + 1:06}"


def begins(_which: int, bed: Restless) -> None:
    bed.born += 1
    bed.tv_account(bed.born)


def the_list_shifts(which: int, bed: Restless) -> None:
    order = bed.billing.installation.order
    order.append(order.pop(which % len(order)))


def the_list_turns(which: int, bed: Restless) -> None:
    bed.billing.installation.order.sort(reverse=which % 2 == 1)


def the_list_repeats_or_no_longer(which: int, bed: Restless) -> None:
    order = bed.billing.installation.order
    order[:] = dict.fromkeys(order) if len(order) > len(set(order)) else [order[which % len(order)], *order]


def is_edited(which: int, bed: Restless) -> None:
    if rows := bed.customers():
        row = rows[which % len(rows)]
        bed.platform.operator.change(row["id"], {"status": "disabled" if row["status"] == "active" else "active"})


def is_removed(which: int, bed: Restless) -> None:
    if rows := bed.customers():
        bed.platform.operator.delete(rows[which % len(rows)]["id"])


def is_given_away(which: int, bed: Restless) -> None:
    """Somebody puts the note of another record on this one."""
    if rows := bed.customers():
        note = rows[(which + 1) % len(rows)]["notes"]
        bed.platform.operator.change(rows[which % len(rows)]["id"], {"notes": note})


def a_stranger_comes(_which: int, bed: Restless) -> None:
    bed.born += 1
    bed.platform.operator.create({"externalId": f"stranger{bed.born}", "status": "active", "packages": ["4"]})


def a_list_fails(which: int, bed: Restless) -> None:
    kind, count = KINDS[which % 3], 1 + which
    bed.billing.faults.add(Fault(operation="Account/get_account_list", kind=kind, count=count, after=which % 4))
    bed.platform.faults.add(Fault(operation="customers.list", kind=kind, count=count, after=which % 2))


def the_count_changes(which: int, bed: Restless) -> None:
    bed.billing.switch(total=("number", "text", "missing")[which % 3])


def reads_lag_or_no_longer(which: int, bed: Restless) -> None:
    bed.platform.operator.read_lag = 8 * (which % 2)


def the_clock_is_set(which: int, bed: Restless) -> None:
    bed.world.jump(timedelta(hours=which - 3))


def time_passes(which: int, bed: Restless) -> None:
    bed.world.advance((3, 30, 900, 90_000)[which % 4])


async def happens(deed: Deed, which: int, page: int | None, bed: Restless) -> None:
    """At once, or before that page of the next pass is served."""
    if page is None:
        deed(which, bed)
    else:
        bed.then.setdefault(page, []).append(partial(deed, which))


async def a_pass(_which: int, bed: Restless) -> None:
    await bed.full_pass_and_a_minute()


async def an_event(which: int, bed: Restless) -> None:
    await bed.espf("Account/Blocked", i_event=bed.world.monotonic(), i_account=bed.accounts[which])
    await bed.act_on_events()


async def secrets_are_forgotten(which: int, bed: Restless) -> None:
    await bed.application.ledger.run(lambda store: store.records("tv", 3).forget_secrets(bed.accounts[which]))


async def a_new_process(_which: int, bed: Restless) -> None:
    bed.restart()


async def the_store_is_lost(_which: int, bed: Restless) -> None:
    for name in NAMES:
        (bed.folder / name).unlink(missing_ok=True)
    bed.restart()


DEEDS = (
    is_blocked_or_no_longer,
    vanishes_or_comes_back,
    ends,
    is_another_model,
    cannot_be_read_or_can,
    begins,
    the_list_shifts,
    the_list_turns,
    the_list_repeats_or_no_longer,
    is_edited,
    is_removed,
    is_given_away,
    a_stranger_comes,
    a_list_fails,
    the_count_changes,
    reads_lag_or_no_longer,
    the_clock_is_set,
    time_passes,
)
OURS = (*[a_pass] * 9, an_event, an_event, secrets_are_forgotten, a_new_process, the_store_is_lost)
WHICH = st.integers(0, ACCOUNTS - 1)
PAGE = st.none() | st.integers(0, 9)
STEP = st.builds(partial, st.sampled_from(OURS), WHICH) | st.builds(
    partial, st.just(happens), st.sampled_from(DEEDS), WHICH, PAGE
)
HISTORY = st.lists(STEP, max_size=30)


async def live(folder: Path, history: Sequence[Step], records_a_page: int, *, forgets: bool) -> list[list[object]]:
    """What was told after every pass."""
    bed = Restless(folder, records_a_page, forgets=forgets)
    told = []
    for step in (partial(a_pass, 0), partial(a_pass, 0), *history, partial(a_pass, 0)):
        await step(bed)
        if step.func is a_pass:
            told.append(await bed.told())
    await bed.aclose()
    return told


@pytest.mark.long
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(HISTORY, st.sampled_from([3, 20]))
async def test_who_knows_pages_learns_and_does_what_one_does_who_reads_them(
    history: Sequence[Step], records_a_page: int
) -> None:
    with TemporaryDirectory() as one, TemporaryDirectory() as other:
        told = await live(Path(one), history, records_a_page, forgets=False)
        expected = await live(Path(other), history, records_a_page, forgets=True)
    for after, (ours, theirs) in enumerate(zip(told, expected, strict=True)):
        assert ours == theirs, f"after pass {after}"
