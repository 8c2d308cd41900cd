"""What a list costs and means where nothing changed: no writes, no decoding, and everybody who is not in it missing."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.numbers import Numbers
from controller.store.account_list import AccountList, Unseen
from controller.store.connection import Database
from controller.store.database import private_copy
from tests.bed import Bed
from tests.loop.vanishing import come_back, vanish


@pytest.fixture
def bed(make_bed: Callable[..., Bed]) -> Bed:
    return make_bed()


async def test_a_pass_that_finds_nothing_changed_writes_to_no_account_and_no_subscriber(bed: Bed) -> None:
    for number in range(1, 4):
        bed.tv_account(number)
    await bed.full_pass()
    await bed.full_pass()
    store = await bed.store()
    written = list[str]()
    store.db.conn.set_trace_callback(written.append)
    await bed.full_pass()
    changing = [each for each in written if each.startswith(("UPDATE accounts", "INSERT INTO accounts"))]
    assert [each for each in written if "subscribers" in each and not each.startswith("SELECT")] == []
    assert changing == []


async def test_explain_says_when_an_unchanged_account_was_listed_last(bed: Bed) -> None:
    bed.tv_account(1)
    await bed.full_pass()
    first = (await bed.explain("tv000001"))["billing"]["seen_at"]
    await bed.world.sleep(600)
    await bed.full_pass()
    last = (await bed.explain("tv000001"))["billing"]["seen_at"]
    assert first is not None
    assert last is not None
    assert last > first


async def test_an_account_that_comes_back_unchanged_is_missing_no_longer(bed: Bed) -> None:
    account = bed.tv_account(1)
    bed.tv_account(2)
    await bed.full_pass()
    hidden = vanish(bed, account)
    await bed.full_pass()
    assert (await bed.explain("tv000001"))["billing"]["missing_since"] is not None
    come_back(bed, hidden)
    await bed.full_pass()
    assert (await bed.explain("tv000001"))["billing"]["missing_since"] is None


@pytest.fixture(scope="module")
def rows() -> Iterator[AccountList]:
    db = private_copy(Database.connected(":memory:"), Path())
    yield AccountList(db, "billing")
    db.close()


NUMBERS = st.integers(1, 40) | st.integers(1, 2**62)
PRINTS = st.sampled_from([b"a", b"b"])
ROWS = st.dictionaries(NUMBERS, PRINTS, max_size=8)
KNOWN = st.dictionaries(NUMBERS, PRINTS | st.none(), max_size=8)


def known(rows: AccountList, prints: Mapping[int, bytes | None]) -> None:
    """Have the store know exactly these accounts, seen long ago."""
    conn = rows._conn
    conn.execute("DELETE FROM accounts")
    conn.executemany(
        "INSERT INTO accounts (billing, i_account, id, row_fp, account, details_due, seen_at)"
        " VALUES ('billing', ?, '', ?, '', 0, 1)",
        list(prints.items()),
    )


@given(
    before=st.dictionaries(NUMBERS, PRINTS | st.none(), max_size=8), now=st.dictionaries(NUMBERS, PRINTS, max_size=8)
)
def test_a_row_differs_unless_it_is_known_to_read_so(
    rows: AccountList, before: dict[int, bytes | None], now: dict[int, bytes]
) -> None:
    known(rows, before)
    assert rows.differing(now) == [number for number, row_fp in now.items() if before.get(number) != row_fp]


@given(before=st.sets(st.integers(1, 30), max_size=8), unlisted=st.sets(st.integers(1, 30)))
def test_whoever_is_known_and_was_not_shown_is_unseen(rows: AccountList, before: set[int], unlisted: set[int]) -> None:
    known(rows, dict.fromkeys(before))
    began = datetime.fromtimestamp(2, UTC)
    unseen = Unseen(began, Numbers())
    unseen.shown.update(before - unlisted)
    after = rows.find_unseen(unseen, began)
    while after is not None:
        after = rows.find_unseen(unseen, began, after)
    assert unseen.everybody == sorted(before & unlisted)
