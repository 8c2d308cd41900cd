"""The audit is neither more nor less than what was done: a row for every write, in one transaction with its outcome.

What was done is counted where it takes effect, in the simulated platform.
"""

import asyncio
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from controller.executor import Attendance, Cause, Executor
from controller.shown import Shown, of_json, show_spec
from controller.store import AuditRow, Store
from desired_state.desired import Desired
from desired_state.entitlement import Presence
from desired_state.plan import Change, Create
from desired_state.subscriber import Owner, SubscriberKey, SubscriberSpec
from platforms.simulation import Fault
from platforms.telebreeze.simulated import Customer
from tests.bed import Bed

DONE = ("ok", "unknown")


class Written(dict[str, Customer]):
    """The platform's customers, with a count of what was written, by the account whose mark the record bears."""

    def __init__(self) -> None:
        super().__init__()
        self.effects: Counter[int] = Counter()

    def __setitem__(self, record_id: str, row: Customer) -> None:
        self._count(row)
        super().__setitem__(record_id, row)

    def __delitem__(self, record_id: str) -> None:
        self._count(self[record_id])
        super().__delitem__(record_id)

    def _count(self, row: Customer) -> None:
        owner = Owner.of(str(row["notes"]))
        assert owner is not None
        self.effects[owner.i_account] += 1


def counted(bed: Bed) -> Written:
    written = Written()
    bed.platform.operator.customers = written
    return written


async def story(bed: Bed, i_account: int) -> list[AuditRow]:
    """The account's rows, the oldest first."""
    return (await bed.store()).journal.latest(SubscriberKey("tv", i_account), 1000)[::-1]


def plainly(shown: Shown | None) -> Shown | None:
    """The same, whether or not it was told beside another state; a creation says nothing of what stays empty."""
    return shown and {name: "set" if value == "changed" else value for name, value in shown.items() if value != ""}


async def assert_nothing_is_missing(bed: Bed, written: Written, accounts: list[int]) -> None:
    """Whatever took effect has a row, or an open one; whatever has a row that says so took effect."""
    store = await bed.store()
    for account in accounts:
        results = Counter(row.result for row in await story(bed, account))
        done = sum(results[result] for result in DONE)
        assert done <= written.effects[account] <= done + results["open"]
        record = store.records("tv", 3).of_account(account, "")
        if record is not None and record.written_at is not None:
            settled = [row.closed_at for row in await story(bed, account) if row.result == "ok"]
            assert record.written_at in settled, "what a call came to and its row are stored together"


async def assert_it_can_be_replayed(bed: Bed, written: Written, accounts: list[int]) -> None:
    """Each row begins where the last one ended, and the last one ends at what is there."""
    store = await bed.store()
    for account in accounts:
        state: Shown | None = None
        rows = [row for row in await story(bed, account) if row.result in DONE]
        assert len(rows) == written.effects[account]
        for row in rows:
            assert plainly(of_json(row.before)) == state
            state = plainly(of_json(row.after))
        record = store.records("tv", 3).of_account(account, "")
        assert state == (plainly(show_spec(record.observation.spec)) if record is not None else None)


STEPS = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.sampled_from(
            ("block", "unblock", "contact", "terminate", "product 62", "product 70", "product 61", "addon_add 86", "")
        ),
        st.sampled_from(("pass", "pass", "event", "lost", "refused", "kill")),
        st.integers(1, 300),
    ),
    min_size=3,
    max_size=12,
)


@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=STEPS, seed=st.integers(0, 2**16))
def test_p20_over_any_history_the_rows_are_what_was_written_and_lead_to_what_is_there(
    steps: list[tuple[int, Any, str, int]], seed: int
) -> None:
    with TemporaryDirectory() as folder, asyncio.Runner() as runner:
        bed = Bed(Path(folder), {}, seed=seed)
        try:
            runner.run(_history(bed, steps))
        finally:
            runner.run(bed.aclose())


async def _history(bed: Bed, steps: list[tuple[int, Any, str, int]]) -> None:
    written = counted(bed)
    accounts = [bed.tv_account(number) for number in (1, 2, 3)]
    await bed.full_pass()
    for which, change, how, turns in steps:
        action, _, product = change.partition(" ")
        more = {"i_product": int(product)} if product else {"contact": {"city": str(turns)}}
        if action:
            bed.billing.change(action, i_account=accounts[which], **(more if action not in _PLAIN else {}))
        await _happens(bed, how, accounts[which], turns)
        await assert_nothing_is_missing(bed, written, accounts)
    bed.platform.faults.clear()
    await bed.act_on_events()
    await bed.converge(4)
    await assert_it_can_be_replayed(bed, written, accounts)


_PLAIN = ("block", "unblock", "terminate")


async def _happens(bed: Bed, how: str, account: int, turns: int) -> None:
    bed.world.advance(turns)
    if how == "kill":
        await bed.kill_in_the_middle_of_a_pass(turns)
        return
    if how == "lost":
        bed.platform.faults.add(Fault(operation="customers.*", kind="lost_answer"))
    if how == "refused":
        bed.platform.faults.add(Fault(operation="customers.update", kind="status", status=422))
    if how == "event":
        await bed.espf("Account/Updated", i_account=account)
        await bed.act_on_events()
    else:
        await bed.full_pass()


@pytest.mark.parametrize("turns", range(5, 125, 5))
async def test_p20_a_kill_leaves_no_outcome_without_its_row_and_no_row_without_its_outcome(
    bed: Bed, turns: int
) -> None:
    written = counted(bed)
    accounts = [bed.tv_account(number) for number in (1, 2, 3)]
    await bed.kill_in_the_middle_of_a_pass(turns)
    await assert_nothing_is_missing(bed, written, accounts)


async def test_p20_where_the_outcome_cannot_be_kept_neither_is_its_row(bed: Bed) -> None:
    account = bed.tv_account()
    (platform,) = bed.application.installations[0].billing.platforms

    def fails(*_: object) -> None:
        raise ValueError("a bug in keeping what a call came to")

    executor = Executor(bed.application.ledger, bed.world, bed.world.request_id)
    owner = Owner(3, account)
    spec = SubscriberSpec(enabled=True, note=owner.note)
    wish = Desired(
        key=SubscriberKey("tv", account),
        presence=Presence.ACTIVE,
        external_id="tv000001_3",
        spec=spec,
        owner=owner,
        reason="test",
    )
    change: Change = Create(wish, spec)

    def goes(_: Store) -> str | None:
        return None

    with pytest.raises(ValueError, match="a bug"):
        await executor.perform(platform, change, Cause("pass", "tv000001"), Attendance(goes, goes, fails))
    assert [row.result for row in await story(bed, account)] == ["open"]
    assert (await bed.store()).records("tv", 3).of_account(account, "") is None
