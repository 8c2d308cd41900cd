"""Pages that read as before: they cost no comparison of rows, and hide nothing that happened in the store meanwhile."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.store import PageNote
from controller.store.account_list import AccountList
from controller.store.connection import Database
from controller.store.database import private_copy
from platforms.simulation import Fault
from tests.bed import Bed
from tests.loop.vanishing import come_back, vanish


@pytest.fixture
def bed(make_bed: Callable[..., Bed]) -> Bed:
    return make_bed()


async def quiet(bed: Bed, count: int = 3) -> list[int]:
    """Accounts in sync, whose pages are known."""
    accounts = [bed.tv_account(number) for number in range(1, count + 1)]
    for _ in range(4):
        await bed.full_pass()
        bed.world.advance(60)
    return accounts


async def compared(bed: Bed) -> list[str]:
    """By what statements a pass compares rows; a whole page is asked for in the order of the numbers."""
    statements = list[str]()
    store = await bed.store()
    store.db.conn.set_trace_callback(statements.append)
    await bed.full_pass()
    store.db.conn.set_trace_callback(None)
    by_page = "ORDER BY"
    of_rows = ("SELECT i_account, row_fp FROM accounts", "SELECT json_group_array(number) FROM json_each")
    return [each for each in statements if each.startswith(of_rows) and by_page not in each]


async def test_a_pass_over_pages_that_read_as_before_compares_no_rows(bed: Bed) -> None:
    await quiet(bed)
    assert await compared(bed) == []


async def test_a_page_in_which_one_row_changed_is_read_again(bed: Bed) -> None:
    first, *_ = await quiet(bed)
    bed.billing.change("block", i_account=first)
    await bed.full_pass()
    assert bed.customer("tv000001_3")["status"] == "disabled"
    bed.platform.operator.change(bed.customer("tv000002_3")["id"], {"status": "disabled"})
    await bed.converge()
    assert bed.customer("tv000002_3")["status"] == "active"


async def test_a_change_of_ours_that_somebody_undoes_so_that_the_page_reads_as_before_is_made_again(bed: Bed) -> None:
    first, *_ = await quiet(bed)
    before = dict(bed.customer("tv000001_3"))
    bed.billing.change("block", i_account=first)
    await bed.full_pass()
    assert bed.customer("tv000001_3")["status"] == "disabled"
    bed.world.advance(60)
    bed.platform.operator.customers[before["id"]] = before
    await bed.full_pass()
    assert bed.customer("tv000001_3")["status"] == "disabled"


async def test_p03_whom_a_known_page_showed_is_missed_when_it_does_not_come(bed: Bed) -> None:
    first, *_ = await quiet(bed)
    hidden = vanish(bed, first)
    await bed.full_pass()
    assert (await bed.explain("tv000001"))["billing"]["missing_since"] is not None
    come_back(bed, hidden)
    await bed.full_pass()
    await bed.full_pass()
    assert (await bed.explain("tv000001"))["billing"]["missing_since"] is None


async def test_a_list_that_cannot_be_read_makes_nobody_forget_its_pages(bed: Bed) -> None:
    await quiet(bed)
    bed.billing.faults.add(Fault(operation="Account/get_account_list", kind="status", status=500))
    bed.platform.faults.add(Fault(operation="customers.list", kind="html"))
    (report,) = await bed.full_pass()
    assert sorted(report.failed) == ["billing", "tv"]
    bed.world.advance(60)
    assert await compared(bed) == []


async def test_whom_billing_has_dropped_keeps_no_page_from_being_known(bed: Bed) -> None:
    _, second, _ = await quiet(bed)
    vanish(bed, second)
    for _ in range(3):
        await bed.full_pass()
        bed.world.advance(60)
    assert await compared(bed) == []


async def test_a_record_that_is_removed_by_hand_is_made_again_and_its_page_known_again(bed: Bed) -> None:
    await quiet(bed)
    bed.platform.operator.delete(bed.customer("tv000002_3")["id"])
    await bed.converge()
    assert len(bed.customers()) == 3
    await bed.converge()
    assert await compared(bed) == []


@pytest.fixture(scope="module")
def rows() -> Iterator[AccountList]:
    db = private_copy(Database.connected(":memory:"), Path())
    yield AccountList(db, "billing")
    db.close()


NUMBERS = st.integers(1, 12).map(lambda number: number * number)
KNOWN = st.dictionaries(NUMBERS, st.sampled_from([b"a", b"b"]), max_size=8)
SHOWN = KNOWN.filter(bool)


@given(shown=SHOWN, known=KNOWN, unknown=st.sets(NUMBERS))
def test_who_is_recalled_is_known_to_read_so_and_all_who_were_shown_are_recalled(
    rows: AccountList, shown: dict[int, bytes], known: dict[int, bytes], unknown: set[int]
) -> None:
    held = {number: None if number in unknown else fingerprint for number, fingerprint in known.items()}
    rows._conn.execute("DELETE FROM accounts")
    rows._conn.executemany(
        "INSERT INTO accounts (billing, i_account, id, row_fp, account, details_due)"
        " VALUES ('billing', ?, '', ?, '', 0)",
        list(held.items()),
    )
    between = {number: each for number, each in held.items() if each and min(shown) <= number <= max(shown)}
    assert rows.recalled(PageNote.of(shown.items())) == (sorted(shown) if between == shown else None)
