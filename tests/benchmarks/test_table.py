"""The arithmetic of the benchmarks' table."""

import json

import pytest

from tests.benchmarks.table import Row, number, table


def row(**given: object) -> Row:
    fields = {"goal": "a", "what": "quiet pass, CPU", "unit": "s", "accounts": 10_000, "against": "floor", **given}
    return Row(**fields)  # type: ignore[arg-type]


def test_the_ratio_is_of_medians() -> None:
    assert row(theirs=(1.0, 2.0, 90.0), ours=(3.0, 4.0, 4.0)).ratio == 2.0


@pytest.mark.parametrize(("limit", "verdict"), [({"most": 2.0}, "yes"), ({"most": 1.9}, "NO"), ({"least": 2.0}, "yes"),
                                               ({"least": 2.1}, "NO"), ({}, "-")])  # fmt: skip
def test_a_goal_is_met_by_its_ratio(limit: dict[str, float], verdict: str) -> None:
    assert row(theirs=(1.0,), ours=(2.0,), **limit).verdict == verdict


@pytest.mark.parametrize(("ours", "verdict"), [(0.0, "yes"), (2.0, "NO")])
def test_where_nothing_is_wanted_anything_is_too_much(ours: float, verdict: str) -> None:
    found = row(theirs=(0.0,), ours=(ours,), most=1.0)
    assert found.verdict == verdict
    assert json.loads(json.dumps(found.as_json(), allow_nan=False))["met"] is (verdict == "yes")


def test_without_the_peer_nothing_is_judged() -> None:
    assert row(ours=(2.0,), least=50.0).verdict == "not measured"


def test_what_could_not_be_measured_says_so_and_why() -> None:
    missing = row(most=2.0, note="not measured: no room")
    lines = table([missing]).splitlines()
    assert lines[2].endswith("not measured")
    assert lines[-1] == "a, quiet pass, CPU, 10,000 accounts: not measured: no room"


def test_columns_are_aligned_and_runs_show_how_far_they_lie_apart() -> None:
    head, rule, first, second = table(
        [
            row(theirs=(1.0,), ours=(1.0, 2.0, 1.5), most=2.0),
            row(accounts=1_000_000, theirs=(1234.5,), ours=(12.345,), least=50.0),
        ]
    ).splitlines()
    end = head.index("accounts") + len("accounts")
    assert (first[:end].split()[-1], second[:end].split()[-1]) == ("10,000", "1,000,000")
    assert rule.startswith("----")
    assert "1.50 s     67%" in first
    assert "1,234 s  12.3 s" in second


def test_json_has_every_run() -> None:
    told = row(theirs=(1.0,), ours=(2.0, 4.0), most=2.0).as_json()
    assert (told["ours"], told["ratio"], told["met"]) == ((2.0, 4.0), 3.0, False)


@pytest.mark.parametrize(("amount", "text"), [(0.01234, "0.0123"), (1.5, "1.50"), (12.34, "12.3"), (3.0, "3"),
                                              (123.4, "123"), (1_234_567.8, "1,234,568")])  # fmt: skip
def test_numbers_have_three_digits_that_matter(amount: float, text: str) -> None:
    assert number(amount) == text
