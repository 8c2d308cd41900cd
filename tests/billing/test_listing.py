"""Paging and the proof of completeness (promise P2), with lists that behave badly."""

import json
from collections.abc import Callable, Iterator, Mapping
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.billing.listing import Listing
from controller.billing.rows import Unread, decode_unless_known
from controller.billing.wire import Page, decode_page
from tests.billing.helpers import page

Serve = Callable[[int], bytes]


def numbers(*i_accounts: int) -> list[dict[str, object]]:
    return [{"i_account": number, "id": f"a{number}"} for number in i_accounts]


async def read(serve: Serve) -> tuple[list[int], Listing, list[int]]:
    """The accounts handed on, the listing, and the offsets asked for."""
    offsets: list[int] = []

    async def read_page(offset: int) -> Page:
        offsets.append(offset)
        assert len(offsets) < 100, "reading never ends"
        return decode_page(serve(offset))

    listing = Listing()
    found = [row.i_account async for handed in listing.pages(read_page) for row in handed.rows]
    return found, listing, offsets


def steady(count: int, size: int, total: object = None) -> Serve:
    def serve(offset: int) -> bytes:
        fields = {} if total is None else {"total": total}
        return page(*numbers(*range(1, count + 1)[offset : offset + size]), **fields)

    return serve


@given(st.integers(1, 40), st.integers(1, 15), st.sampled_from(["number", "text", "missing"]))
async def test_a_steady_list_is_read_whole_and_proven(count: int, size: int, kind: str) -> None:
    total = {"number": count, "text": str(count), "missing": None}[kind]
    found, listing, offsets = await read(steady(count, size, total))
    assert found == list(range(1, count + 1))
    assert listing.doubt == ""
    assert listing.real == count
    calls = -(-count // size) + 1
    assert len(offsets) == (2 * calls if kind == "missing" else calls), "without a count it is read twice"


async def test_a_server_that_gives_fewer_rows_than_asked_costs_calls_not_accounts() -> None:
    found, listing, offsets = await read(steady(10, 3, 10))
    assert (len(found), listing.doubt, offsets) == (10, "", [0, 3, 6, 9, 10])


@pytest.mark.parametrize("total", [0, 1, 10, 20, 24])
async def test_p02_a_count_that_is_too_low_hides_no_account_and_proves_nothing(total: int) -> None:
    found, listing, _ = await read(steady(25, 10, total))
    assert found == list(range(1, 26))
    assert listing.doubt == f"billing counts {total} accounts, 25 came"


@pytest.mark.parametrize("behind", [b"{}", b"", b'{"total": 2}', b'{"account_list": null}', page(), page(total=2)])
async def test_behind_the_last_account_that_billing_counts_the_list_may_be_missing(behind: bytes) -> None:
    found, listing, offsets = await read(scripted(page(*numbers(1, 2), total=2), behind))
    assert (found, listing.doubt, offsets) == ([1, 2], "", [0, 2])


async def test_p02_a_list_that_ends_early_is_not_complete() -> None:
    found, listing, _ = await read(steady(8, 5, 10))
    assert len(found) == 8
    assert listing.doubt == "billing counts 10 accounts, 8 came"


def scripted(*pages: bytes) -> Serve:
    remaining: Iterator[bytes] = iter(pages)
    return lambda _offset: next(remaining, page())


@pytest.mark.parametrize("second", [b"{}", b"", b'{"total": 2}', b'{"account_list": null}'])
async def test_p02_an_answer_without_a_list_proves_nothing(second: bytes) -> None:
    for bodies in [(second,), (page(*numbers(1, 2), total=4), second)]:
        _, listing, _ = await read(scripted(*bodies, *bodies))
        assert listing.doubt == "an answer held no account list at all"


async def test_p02_an_empty_list_without_a_count_proves_nothing() -> None:
    _, listing, _ = await read(scripted(page()))
    assert listing.doubt == "billing gave neither an account nor a count"


async def test_an_empty_list_that_billing_counts_as_empty_is_complete_as_far_as_can_be_told() -> None:
    _, listing, _ = await read(scripted(page(total=0)))
    assert (listing.doubt, listing.real) == ("", 0)


async def test_p02_a_row_that_does_not_tell_whose_it_is_leaves_a_doubt() -> None:
    found, listing, _ = await read(scripted(page(*numbers(1), {"id": "x"}, total=2)))
    assert found == [1]
    assert listing.doubt == "1 rows do not tell whose they are"


async def test_an_unreadable_row_is_counted_named_and_does_not_spoil_the_proof() -> None:
    bad = {"i_account": 2, "id": "b", "blocked": "maybe"}
    found, listing, _ = await read(scripted(page(*numbers(1, 3), bad, total="3")))
    assert found == [1, 3]
    assert (listing.doubt, listing.real, list(listing.unreadable)) == ("", 3, [2])


async def test_vouchers_and_aliases_count_for_the_proof_and_go_no_further() -> None:
    rows = [
        *numbers(1),
        {"i_account": 2, "id": "v", "billing_model": 0},
        {"i_account": 3, "id": "x", "billing_model": 2},
    ]
    found, listing, _ = await read(scripted(page(*rows, total=3)))
    assert (found, listing.real, listing.doubt) == ([1], 1, "")


async def test_p02_a_row_that_slipped_through_is_noticed_by_the_count_and_read_after_all() -> None:
    """Row 2 goes (purged) between the pages: row 6 moves up, before the offset, and is not shown."""
    first = [page(*numbers(1, 2, 3, 4, 5), total=10), page(*numbers(7, 8, 9, 10), total=9), page(total=9)]
    again = [page(*numbers(1, 3, 4, 5, 6), total=9), page(*numbers(7, 8, 9, 10), total=9)]
    found, listing, _ = await read(scripted(*first, *again))
    assert (sorted(found), listing.doubt) == (list(range(1, 11)), "")


async def test_after_a_shift_the_list_is_read_once_more_and_nothing_is_handed_on_twice() -> None:
    first = [page(*numbers(1, 2, 3), total=6), page(*numbers(5, 6, 1), total=6), page(total=6)]
    second = [page(*numbers(2, 3, 4), total=6), page(*numbers(5, 6, 1), total=6)]
    found, listing, offsets = await read(scripted(*first, *second))
    assert sorted(found) == [1, 2, 3, 4, 5, 6]
    assert len(found) == 6
    assert listing.doubt == ""
    assert offsets == [0, 3, 6, 0, 3, 6]


async def test_p02_a_list_that_never_stands_still_stays_in_doubt() -> None:
    moving = [page(*numbers(1, 2, 3), total=6), page(*numbers(3, 4, 5), total=6), page(total=6)] * 2
    found, listing, _ = await read(scripted(*moving))
    assert found == [1, 2, 3, 4, 5]
    assert listing.doubt == "billing counts 6 accounts, 5 came"


async def test_rows_that_repeat_are_read_past_until_all_have_come() -> None:
    found, listing, _ = await read(
        scripted(page(*numbers(1, 2, 3), total=5), page(*numbers(3, 4), total=5), page(*numbers(5), total=5))
    )
    assert (found, listing.doubt) == ([1, 2, 3, 4, 5], "")


async def test_an_account_made_meanwhile_is_seen_and_counted() -> None:
    found, listing, _ = await read(scripted(page(*numbers(1, 2), total=3), page(*numbers(3, 4), total=4)))
    assert (found, listing.doubt) == ([1, 2, 3, 4], "")


async def test_p02_without_a_count_a_repeated_row_leaves_a_doubt() -> None:
    found, listing, _ = await read(scripted(*[page(*numbers(1, 2)), page(*numbers(2, 3)), page()] * 2))
    assert found == [1, 2, 3]
    assert "billing gives no count" in listing.doubt


async def test_p02_without_a_count_a_row_that_slipped_through_leaves_a_doubt() -> None:
    """Row 1 goes between the pages, and row 4 slips through; nothing in this reading tells."""
    shifted = [page(*numbers(1, 2, 3)), page(*numbers(5, 6)), page()]
    found, listing, _ = await read(scripted(*shifted, page(*numbers(2, 3, 4)), page(*numbers(5, 6)), page()))
    assert sorted(found) == [1, 2, 3, 4, 5, 6]
    assert listing.doubt == "billing gives no count, and no second reading showed the same accounts"


async def test_p02_a_new_account_does_not_make_up_for_one_that_slipped_through() -> None:
    """Row 1 goes, row 4 slips through; then row 7 is made, and the count is what it was."""
    shifted = [page(*numbers(1, 2, 3), total=6), page(*numbers(5, 6), total=5), page(*numbers(7), total=6)]
    _, listing, offsets = await read(scripted(*shifted))
    assert offsets[:4] == [0, 3, 5, 6]
    assert listing.doubt


@pytest.mark.parametrize("total", ["many", -1, 1.5, [], True])
async def test_p02_a_count_that_makes_no_sense_leaves_a_doubt(total: object) -> None:
    _, listing, _ = await read(steady(5, 2, total))
    assert listing.doubt


async def test_a_server_that_ignores_the_offset_does_not_hold_us_for_ever() -> None:
    for total in ({}, {"total": 50}):
        _, listing, _ = await read(lambda _offset, total=total: page(*numbers(1, 2), **total))  # type: ignore[misc]
        assert listing.doubt


MOVES = st.sampled_from(["still", "first goes last", "last goes first", "purge first", "purge last", "add", "insert"])


class MovingList:
    """Twelve accounts, four on a page; what moves between two pages is scripted. `stayed` were there throughout."""

    def __init__(self, script: list[list[str]], *, counts: bool) -> None:
        self.order = list(range(1, 13))
        self.stayed = set(self.order)
        self._script = iter(script)
        self._counts = counts
        self._begun = False
        self._unused = count(101)

    def serve(self, offset: int) -> bytes:
        for move in next(self._script, []) if self._begun else []:
            self._move(move)
        self._begun = True
        fields = {"total": len(self.order)} if self._counts else {}
        return page(*numbers(*self.order[offset : offset + 4]), **fields)

    def _move(self, move: str) -> None:
        if move == "add" or not self.order:
            self.order.append(next(self._unused))
        elif move == "insert":
            self.order.insert(0, next(self._unused))
        elif move == "first goes last":
            self.order.append(self.order.pop(0))
        elif move == "last goes first":
            self.order.insert(0, self.order.pop())
        elif move.startswith("purge"):
            self.stayed.discard(self.order.pop(0 if move == "purge first" else -1))


@given(st.lists(MOVES, max_size=8))
async def test_p02_whatever_moves_a_proven_list_has_every_account_that_stayed(moves: list[str]) -> None:
    moving = MovingList([[move] for move in moves], counts=True)
    found, listing, _ = await read(moving.serve)
    assert len(found) == len(set(found))
    assert listing.doubt or moving.stayed <= set(found)


@given(st.lists(st.lists(MOVES, max_size=4), max_size=10))
async def test_p02_whatever_moves_without_a_count_a_proven_list_has_every_account_that_stayed(
    script: list[list[str]],
) -> None:
    """Here several things may happen between two pages: the second reading tells, not the count."""
    moving = MovingList(script, counts=False)
    found, listing, _ = await read(moving.serve)
    assert len(found) == len(set(found))
    assert listing.doubt or moving.stayed <= set(found)


async def outcome(serve: Serve, known: Mapping[bytes, Page]) -> tuple[list[object], dict[bytes, Page]]:
    """What is found out of a list by somebody who knows these pages by their marks, and the pages to be known by."""
    shown, noted = list[int](), dict[bytes, Page]()

    async def read_page(offset: int) -> Page:
        page = decode_unless_known(known, serve(offset))
        return known[page.mark] if isinstance(page, Unread) else page

    listing = Listing()
    async for handed in listing.pages(read_page):
        numbers = [*handed.recalled, *(row.i_account for row in handed.rows)]
        shown += numbers
        if handed.mark and numbers:
            noted[handed.mark] = Page((), total=handed.total, mark=handed.mark, recalled=numbers)
    return [sorted(shown), listing.real, listing.unreadable, listing.doubt], noted


KINDS: tuple[dict[str, object], ...] = ({}, {}, {}, {"blocked": "maybe"}, {"billing_model": 0}, {"i_account": None})
ROWS = st.lists(st.tuples(st.integers(1, 9), st.sampled_from(KINDS)), max_size=9)


@given(before=ROWS, now=ROWS, total=st.none() | st.integers(0, 9))
async def test_who_knows_pages_by_their_marks_finds_out_the_same(
    before: list[tuple[int, dict[str, object]]], now: list[tuple[int, dict[str, object]]], total: int | None
) -> None:
    def served(rows: list[tuple[int, dict[str, object]]]) -> Serve:
        given = [{"i_account": number, "id": f"a{number}"} | kind for number, kind in rows]
        fields = {} if total is None else {"total": total}
        return lambda offset: page(*given[offset : offset + 2], **fields)

    _, known = await outcome(served(before), {})
    first, _ = await outcome(served(now), {})
    assert (await outcome(served(now), known))[0] == first


async def test_a_list_that_reads_as_before_is_known_by_its_pages() -> None:
    first, known = await outcome(steady(9, 4, 9), {})
    assert len(known) == 3
    again, still = await outcome(steady(9, 4, 9), known)
    assert (again, still) == (first, known)


@pytest.mark.parametrize("body", [b"<html></html>", json.dumps({"account_list": 5}).encode()])
async def test_p02_an_answer_that_is_no_page_ends_the_reading_with_an_error(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"JSON|Expected"):
        await read(scripted(page(*numbers(1), total=3), body))
