"""Paging: every row once, or an error, whatever happens to the list meanwhile."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from platforms.driver import Transient
from platforms.paging import Page, Seen, whole_list
from tests.clocks import START


@dataclass
class Shelf:
    """A list on a server that cuts pages to `cut` rows. `happen` is called before every page but the first."""

    rows: list[str]
    cut: int = 5
    states_total: bool = True
    happen: Callable[["Shelf"], None] = lambda shelf: None
    asked: list[int] = field(default_factory=list)

    async def fetch(self, offset: int) -> Page[str]:
        if self.asked:
            self.happen(self)
        self.asked.append(offset)
        total = len(self.rows) if self.states_total else None
        return Page(self.rows[offset : offset + self.cut], total, START)

    async def read(self) -> list[str]:
        return [row async for page in whole_list(self.fetch, str, "the list") for row in page.rows]


def names(count: int) -> list[str]:
    return [f"{number:04}" for number in range(count)]


@pytest.mark.parametrize("states_total", [True, False])
@pytest.mark.parametrize("count", [0, 1, 2, 4, 5, 6, 9, 10, 11, 101])
async def test_a_list_at_rest_is_read_whole(count: int, states_total: bool) -> None:
    shelf = Shelf(names(count), states_total=states_total)
    assert await shelf.read() == names(count)


async def test_a_list_at_rest_takes_few_requests() -> None:
    shelf = Shelf(names(1999), cut=500)
    await shelf.read()
    assert shelf.asked == [0, 499, 998, 1497, 1996]


async def test_a_total_no_larger_than_a_page_is_not_taken_for_the_end() -> None:
    shelf = Shelf(names(12))

    async def fetch(offset: int) -> Page[str]:
        page = await shelf.fetch(offset)
        return Page(page.rows, len(page.rows), START)

    assert [row async for page in whole_list(fetch, str, "the list") for row in page.rows] == names(12)


async def test_deletions_of_what_was_read_skip_nobody() -> None:
    def forget_the_first(shelf: Shelf) -> None:
        del shelf.rows[:3]

    shelf = Shelf(names(60), happen=forget_the_first)
    read = await shelf.read()
    assert set(shelf.rows) <= set(read)
    assert len(read) == len(set(read))


async def test_deleting_all_that_was_read_at_once_skips_nobody() -> None:
    def forget_much(shelf: Shelf) -> None:
        if len(shelf.asked) == 10:
            del shelf.rows[:35]

    shelf = Shelf(names(60), happen=forget_much)
    assert names(60)[35:] == [row for row in await shelf.read() if row >= "0035"]


async def test_fewer_rows_than_stated_are_an_error() -> None:
    async def fetch(offset: int) -> Page[str]:
        return Page(names(3)[offset : offset + 5], 4, START)

    with pytest.raises(Transient, match="the list is not whole: 3 of 4 rows"):
        async for _ in whole_list(fetch, str, "the list"):
            pass


async def test_an_empty_page_in_the_middle_is_an_error() -> None:
    shelf = Shelf(names(60))

    async def fetch(offset: int) -> Page[str]:
        page = await shelf.fetch(offset)
        return page if offset < 20 else Page([], page.total, START)

    with pytest.raises(Transient):
        async for _ in whole_list(fetch, str, "the list"):
            pass


async def test_a_server_that_ignores_offsets_is_read_if_it_shows_everything_at_once() -> None:
    async def fetch(_: int) -> Page[str]:
        return Page(names(7), 7, START)

    assert [row async for page in whole_list(fetch, str, "the list") for row in page.rows] == names(7)


async def test_a_server_that_shows_the_same_page_for_ever_is_an_error() -> None:
    async def fetch(_: int) -> Page[str]:
        return Page(names(7), None, START)

    with pytest.raises(Transient, match="cannot be read"):
        async for _ in whole_list(fetch, str, "the list"):
            pass


Event = tuple[str, float, int]
EVENTS = st.lists(
    st.tuples(st.sampled_from(["delete", "insert", "nothing"]), st.floats(0, 0.999), st.integers(1, 8)), max_size=30
)


@given(count=st.integers(0, 60), cut=st.integers(2, 9), states_total=st.booleans(), events=EVENTS)
def test_whatever_stays_is_read_or_the_reading_fails(
    count: int, cut: int, states_total: bool, events: list[Event]
) -> None:
    left = iter(events)

    def happen(shelf: Shelf) -> None:
        kind, where, how_many = next(left, ("nothing", 0.0, 0))
        place = int(where * len(shelf.rows))
        if kind == "delete":
            del shelf.rows[place : place + how_many]
        elif kind == "insert":
            before = shelf.rows[place - 1] if place else ""
            shelf.rows[place:place] = [f"{before}-{len(shelf.asked):03}-{number}" for number in range(how_many)]

    shelf = Shelf(names(count), cut, states_total, happen)
    try:
        read = asyncio.run(shelf.read())
    except Transient:
        return
    assert set(shelf.rows) & set(names(count)) <= set(read)
    assert len(read) == len(set(read))


IDS = st.one_of(
    st.integers(0, 3000).map(str),
    st.integers(0, 3000).map("c{:06}".format),
    st.integers(0, 10**30).map(str),
    st.uuids().map(str),
    st.text(max_size=5),
)


@given(st.lists(st.lists(IDS, max_size=40), max_size=5))
def test_what_was_seen_is_known_exactly(pages: list[list[str]]) -> None:
    seen, known = Seen(), set[str]()
    for page in pages:
        new = [text for place, text in enumerate(page) if text not in {*known, *page[:place]}]
        assert [page[place] for place in seen.add(page)] == new
        known |= set(page)
        assert len(seen) == len(known)
        assert all(text in seen for text in known)


def test_ids_that_are_no_numbers_of_neighbours_do_not_take_a_block_each() -> None:
    ids = [f"{number * 7919:09}" for number in range(20_000)]
    seen = Seen()
    assert len(seen.add(ids)) == 20_000
    assert seen.add(ids) == []
    assert all(each in seen for each in ids)
    assert "000000001" not in seen
