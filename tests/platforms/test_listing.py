"""Rows of a list: compared by all that is read of them and by nothing else, and understood when somebody asks."""

from collections.abc import Mapping, Sequence

import pytest
from msgspec import json

from platforms.driver import Transient
from platforms.listing import Listed, Unread
from platforms.telebreeze.dialect import CustomerFields, Dialect, Listing, Statuses
from platforms.telebreeze.wire import Wire
from tests.clocks import START

Fields = Mapping[str, object]
ROW: dict[str, object] = {
    "id": "c1",
    "externalId": "1_3",
    "status": "active",
    "packages": ["basic"],
    "devices": [{"deviceId": "a"}],
}


def listed(row: Fields, dialect: Dialect | None = None) -> Listed:
    """A row as a page of Telebreeze's list has it."""
    page = Wire("tv", dialect or Dialect()).customers.page(json.encode({"rows": [row], "count": 1}), START)
    assert page is not None
    (only,), _ = page
    return only


def changed(**fields: object) -> bytes:
    return listed(ROW | fields).fingerprint


@pytest.mark.parametrize("field", [name for ours, name in CustomerFields() if ours not in ("password", "device_id")])
def test_a_row_differs_by_every_field_that_is_read(field: str) -> None:
    assert changed(**{field: "x"}) != changed(**{field: "y"})


def test_a_row_does_not_differ_by_what_nobody_reads() -> None:
    assert changed(updatedAt="2026-09-21", password="x") == changed()
    assert listed(dict(reversed(ROW.items()))).fingerprint == changed()


def test_a_field_that_is_missing_is_another_thing_than_an_empty_one() -> None:
    nameless = {name: value for name, value in ROW.items() if name != "externalId"}
    assert listed(nameless).fingerprint != changed(externalId=None)
    with pytest.raises(Transient, match="externalId"):
        listed(nameless).observe()


def test_a_row_differs_when_it_is_read_by_another_dialect() -> None:
    assert listed(ROW, Dialect(status=Statuses(active="on"))).fingerprint != changed()


def test_a_row_is_understood_as_a_customer_that_is_looked_at() -> None:
    assert listed(ROW).observe() == Wire("tv", Dialect()).observation(ROW, START)


def test_an_id_may_be_a_number_and_has_to_be_there() -> None:
    assert listed(ROW | {"id": 17}).record_id == "17"
    nameless: list[Fields] = [ROW | {"id": ""}, ROW | {"id": None}, {"externalId": "1_3"}]
    for row in nameless:
        with pytest.raises(Transient, match="without 'id'"):
            listed(row)


def test_two_words_of_a_dialect_may_be_the_same() -> None:
    dialect = Dialect(customer=CustomerFields(address="city"))
    contact = listed(ROW | {"city": "Brno"}, dialect).observe().spec.contact
    assert contact is not None
    assert (contact.city, contact.address) == ("Brno", "Brno")


@pytest.mark.parametrize("body", [b"<html>", b"\xff", b"[]", b'{"count": 0}', b'{"rows": [1]}', b'{"rows": 1}', b""])
def test_what_is_no_page_is_told_apart(body: bytes) -> None:
    assert Wire("tv", Dialect()).customers.page(body, START) is None


def test_a_page_has_the_total_that_it_states() -> None:
    reader = Wire("tv", Dialect(listing=Listing(rows="items", count="total"))).customers
    for body, total in ((b'{"items": [], "total": "7"}', "7"), (b'{"items": []}', None)):
        page = reader.page(body, START)
        assert page is not None
        assert (list(page[0]), page[1]) == ([], total)


def a_page(*ids: object) -> Sequence[Listed]:
    page = Wire("tv", Dialect()).customers.page(json.encode({"rows": [ROW | {"id": each} for each in ids]}), START)
    assert page is not None
    return page[0]


def test_of_a_page_the_ids_are_read_and_the_rest_when_somebody_asks() -> None:
    rows = a_page("c1", "c2", "c3")
    assert isinstance(rows, Unread)
    assert (len(rows), rows.ids) == (3, ["c1", "c2", "c3"])
    assert [each.record_id for each in rows] == [each.record_id for each in list(rows)] == rows.ids
    assert rows[1] == list(rows)[1]


def test_the_last_rows_of_a_page_are_another_thing_than_the_whole_page() -> None:
    rows = a_page("c1", "c2", "c3")
    rest = rows[1:]
    assert isinstance(rows, Unread)
    assert isinstance(rest, Unread)
    assert (rest.ids, [each.record_id for each in rest], len(rest)) == (["c2", "c3"], ["c2", "c3"], 2)
    assert [each.record_id for each in rows[:2]] == ["c1", "c2"]
    assert rows[-2:] == rest
    assert rows[:] == rows
    assert len({rows.mark, rest.mark, a_page("c2", "c3").mark, a_page("c1", "c2", "c4")[1:].mark}) == 4  # type: ignore[attr-defined]
    assert a_page("c1", "c2", "c3")[1:].mark == rest.mark  # type: ignore[attr-defined]


def test_a_page_without_plain_ids_is_read_at_once() -> None:
    assert [each.record_id for each in a_page("c1", 17)] == ["c1", "17"]
    assert not isinstance(a_page("c1", 17), Unread)


def test_a_page_that_is_broken_behind_its_ids_is_no_page() -> None:
    body = json.encode({"rows": [ROW | {"notes": "@"}]}).replace(b"@", b"\xff")
    found = Wire("tv", Dialect()).customers.page(body, START)
    assert found is not None
    with pytest.raises(Transient, match="tv answered a page of customers that cannot be read"):
        list(found[0])


def test_a_row_that_was_understood_differs_by_what_it_shows() -> None:
    def of(**fields: object) -> bytes:
        return Listed.of(Wire("tv", Dialect()).observation(ROW | fields, START)).fingerprint

    assert of() == of(packages=["basic", "basic"])
    assert len({of(), of(externalId="2_3"), of(status="x")}) == 3
