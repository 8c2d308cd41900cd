"""`charges reconcile` by its public name: the proof that everything sold is booked, once and as it was sold."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from controller.cli.session import opened
from controller.clock import SystemClock
from controller.config import load
from platforms.simulation import Fault
from tests.cli.forked import Said, call
from tests.cli.shop import ON, book, sell, shop
from tests.cli.site import Site
from tests.cli.test_run import daemon

PERIOD = ("--from", "2020-01-01", "--to", "2036-01-01")
TIMESTAMP = 'iptv_reconciler_charges_reconcile_timestamp_seconds{platform="tv"} '
DIFFERENCES = 'iptv_reconciler_charges_reconcile_differences{platform="tv"} '


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Site]:
    """Two customers, whose sales are booked by `book`."""
    with shop(tmp_path) as made:
        yield made


def reconciled(here: Site, *words: str) -> tuple[int, dict[str, Any]]:
    said = here.call("charges", "reconcile", *(words or PERIOD), "--output", "json")
    return said.code, json.loads(said.out)


def lines(view: dict[str, Any]) -> list[tuple[str, str | None]]:
    return [(line["kind"], line["id"]) for line in view["platforms"]["tv"]["lines"]]


def test_without_differences_it_exits_0_with_equal_sums(here: Site) -> None:
    first, _ = sell(here), sell(here, "10.00", externalId="tv000002_3")
    sell(here, "1.99", type="refund", refundOf=first.removeprefix("tv/"))
    book(here)

    code, view = reconciled(here)

    assert (code, view["complete"], view["differences"]) == (0, True, 0)
    assert (view["from"], view["to"]) == ("2020-01-01T00:00:00+00:00", "2036-01-01T00:00:00+00:00")
    assert view["platforms"]["tv"] == {
        "records": 3,
        "xdrs": 3,
        "differences": 0,
        "unread": [],
        "sums": {"EUR": {"sold": "12.00", "decided": "0", "booked": "12.00", "difference": "0.00"}},
        "lines": [],
    }
    said = here.call("charges", "reconcile", *PERIOD)
    assert said.code == 0
    assert (
        "3 records, 3 xDRs\n  EUR: sold 12.00, decided 0, booked 12.00, difference 0.00\nno differences\n" in said.out
    )


def test_every_difference_is_a_line_and_it_exits_2(here: Site) -> None:
    missing, twice, dearer, astray, fine = (sell(here, f"{number}.99") for number in range(1, 6))
    book(here)
    made = here.billing.installation.transactions
    gone, double, changed, moved, _ = list(made)
    made.remove(gone)
    made.append(replace(double, i_xdr=99_000_001))
    changed.amount = Decimal("30.99")
    moved.i_account = 70002
    made.append(replace(double, i_xdr=99_000_002, visible_comment="VOD: Lost [ref:tv-t-777]"))
    sell(here, "9.99", externalId="tv000002_3")
    book(here)

    code, view = reconciled(here)

    assert (code, view["differences"]) == (2, 5)
    assert lines(view) == [
        ("missing", missing),
        ("twice", twice),
        ("amount", dearer),
        ("account", astray),
        ("unknown", None),
    ]
    told = view["platforms"]["tv"]["lines"]
    assert told[0]["account"] == {"i_account": 70001, "id": "tv000001"}
    assert (told[2]["amount"], told[2]["xdrs"][0]["amount"], told[2]["currency"]) == ("3.99", "30.99", "EUR")
    assert [each["i_xdr"] for each in told[1]["xdrs"]] == [double.i_xdr, 99_000_001]
    text = here.call("charges", "reconcile", *PERIOD).out
    assert f"\n  amount {dearer} of i_account 70001, 3.99 EUR: billing has 30.99, the feed 3.99 (xDR " in text
    assert "\n  unknown [ref:tv-t-777]: the feed has no record with this reference (xDR 99000002 of" in text
    assert text.endswith("5 differences\n")
    assert fine not in text
    assert "Canary" not in text


def test_what_waits_for_a_person_is_a_difference_until_it_is_decided(here: Site) -> None:
    strange = sell(here, currency="USD")
    free = sell(here, "0")
    book(here)
    code, view = reconciled(here)
    assert (code, lines(view)) == (2, [("open", strange), ("not_booked", free)])

    here.call("charges", "resolve", strange, "--drop", "--reason", "goodwill")

    code, view = reconciled(here)
    assert (code, sorted(lines(view))) == (0, [("not_booked", strange), ("not_booked", free)])
    assert view["platforms"]["tv"]["sums"]["USD"]["decided"] == "3.99"


def test_the_feed_is_read_anew_so_that_a_record_shows_that_the_store_has_lost(here: Site) -> None:
    old = SystemClock().now() - timedelta(days=2)
    sell(here)
    book(here)
    lost, new = sell(here, createdAt=old.isoformat()), sell(here)

    code, view = reconciled(here)

    assert (code, lines(view)) == (2, [("missing", lost), ("open", new)])
    told = [line["text"] for line in view["platforms"]["tv"]["lines"]]
    assert told == [
        "billing has no such xDR, and the store has never kept the record",
        "it is pending (not_read_yet), and not booked so far",
    ]


def test_the_period_begins_with_its_first_instant_and_ends_before_its_last(here: Site) -> None:
    noon = datetime(2026, 3, 1, 12, tzinfo=UTC)
    inside = sell(here, createdAt=noon.isoformat())
    outside = sell(here, createdAt=(noon + timedelta(hours=1)).isoformat())
    for begins, ends in (
        ("2026-03-01T12:00:00", "2026-03-01T13:00:00Z"),
        ("2026-03-01T13:00:00+01:00", "2026-03-01T14:00:00+01:00"),
        ("2026-03-01T12:00", "2026-03-01T12:00:01"),
    ):
        assert lines(reconciled(here, "--from", begins, "--to", ends)[1]) == [("open", inside)]
    assert lines(reconciled(here, "--from", "2026-03-01", "--to", "2026-03-02")[1]) == [
        ("open", inside),
        ("open", outside),
    ]


@pytest.mark.parametrize("operation", ["Account/get_xdr_list", "transactions.list"])
def test_what_could_not_be_read_exits_1_and_never_claims_that_there_is_no_difference(
    here: Site, operation: str
) -> None:
    sell(here)
    book(here)
    at = here.billing if operation.startswith("Account") else here.platform
    at.faults.add(Fault(operation=operation, kind="status", count=None))

    code, view = reconciled(here)

    assert (code, view["complete"], view["differences"]) == (1, False, 0)
    (unread,) = view["platforms"]["tv"]["unread"]
    assert unread.startswith(
        "the xDRs of 1 accounts, first of i_account 70001: " if at is here.billing else "the feed of tv: "
    )
    with opened(load(here.config)) as store:
        assert store.reconciliations.last() == {}
    text = here.call("charges", "reconcile", *PERIOD).out
    assert text.endswith("no differences in what could be read, which is not everything: this proves nothing\n")


def test_a_running_daemon_exports_what_the_last_whole_comparison_came_to(here: Site) -> None:
    sell(here, currency="USD")
    book(here)
    with daemon(here) as running:
        assert f"{TIMESTAMP}0.0" in running.get("/metrics")
        assert f"{DIFFERENCES}0.0" in running.get("/metrics")
        assert reconciled(here)[0] == 2
        running.until(lambda: f"{DIFFERENCES}1.0" in running.get("/metrics"))
        assert f"{TIMESTAMP}0.0" not in running.get("/metrics")


@pytest.mark.parametrize(
    ("begins", "ends", "said"),
    [
        ("2026-03-02", "2026-03-01", "--from 2026-03-02 is not before --to 2026-03-01"),
        ("2026-03-01", "2026-03-01", "nothing lies between"),
        ("yesterday", "2026-03-01", "--from 'yesterday' is no time"),
        ("2026-03-01", "2026-02-30", "--to '2026-02-30' is no time"),
        ("0001-01-01", "2026-03-01", "not between the years 1971 and 2999"),
    ],
)
def test_a_period_that_makes_no_sense_is_wrong_usage(begins: str, ends: str, said: str) -> None:
    answer = call("charges", "reconcile", "--from", begins, "--to", ends, "--config", "nowhere.yaml")
    assert (answer.code, said in answer.err) == (64, True)


def test_a_platform_that_cannot_be_compared_is_an_error_with_a_sentence(here: Site) -> None:
    def failing(*words: str) -> Said:
        said = here.call("charges", "reconcile", *PERIOD, *words)
        assert (said.code, said.out) == (1, "")
        return said

    assert "there is no platform 'tvv'; did you mean tv?" in failing("--platform", "tvv").err
    ministra = {"driver": "ministra", "url": "http://127.0.0.1:9", "username": "u", "password": "p"}
    here.configure(charges=ON, platforms={"old": ministra})
    assert "platform 'old' has no feed of what it sells" in failing("--platform", "old").err
    here.configure(charges={"enabled": False})
    assert "charges.enabled is false" in failing().err
    here.configure(charges=ON, store={"path": "elsewhere.db"})
    assert "run or apply first" in failing().err
