"""`charges list`, `show`, `approve`, `retry` and `resolve` by their public names."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from platforms.simulation import Fault
from tests.cli.forked import call
from tests.cli.shop import ON, book, sell, shop, stands, told
from tests.cli.site import Site
from tests.cli.test_run import daemon


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Site]:
    """Two customers, whose sales are booked by `book`."""
    with shop(tmp_path) as made:
        yield made


def amounts(here: Site) -> list[str]:
    """What billing has booked."""
    return [str(each.amount) for each in here.billing.installation.transactions]


def test_list_shows_first_what_waits_for_a_person_and_no_titles(here: Site) -> None:
    booked, parked, waiting = sell(here), sell(here, currency="USD"), sell(here, "150")
    book(here)

    rows = told(here, "list")["charges"]

    assert [(row["id"], row["state"], row["reason"]) for row in rows] == [
        (parked, "parked", "currency"),
        (waiting, "waiting", "approval"),
        (booked, "booked", None),
    ]
    assert (rows[1]["amount"], rows[1]["currency"]) == ("150", "EUR")
    assert rows[1]["account"] == {"i_account": 70001, "id": "tv000001"}
    assert rows[2]["i_xdr"] == here.billing.installation.transactions[0].i_xdr
    text = here.call("charges", "list").out
    assert text.startswith(
        f"parked (currency)            {parked}: vod 3.99 USD, account tv000001 (i_account 70001), 0:"
    )
    everything = [text, *(here.call("charges", "show", each).out for each in (booked, parked, waiting))]
    assert not any("Canary" in each for each in everything)


def test_list_can_be_narrowed_and_says_what_it_leaves_out(here: Site) -> None:
    assert here.call("charges", "list").out == "there are no charges\n"
    first, second = sell(here), sell(here)
    book(here)
    assert [row["id"] for row in told(here, "list")["charges"]] == [second, first], "the latest of the settled first"
    assert told(here, "list", "--state", "parked") == {"charges": [], "more": False}
    assert told(here, "list", "--platform", "tv", "--state", "booked", "--limit", "1")["more"]
    said = here.call("charges", "list", "--limit", "1")
    assert said.out.endswith("... there are more; --limit N shows them\n")
    unknown = here.call("charges", "list", "--platform", "tvv")
    assert (unknown.code, "did you mean tv?" in unknown.err) == (1, True)
    assert here.call("charges", "list", "--state", "lost").code == 64
    for limit in ("0", "9" * 20):
        assert here.call("charges", "list", "--limit", limit).code == 64


def test_show_tells_the_whole_story_by_id_or_reference(here: Site) -> None:
    waiting = sell(here, "150")
    refund = sell(here, "50", type="refund", refundOf=waiting.removeprefix("tv/"))
    book(here)

    story, back = told(here, "show", waiting), told(here, "show", refund)

    assert (story["state"], story["reason"], story["amount"]) == ("waiting", "approval", "150")
    assert "a person has to approve it" in story["text"]
    assert story["next_step"] == f"a person decides: charges approve {waiting}, or charges resolve {waiting} --drop"
    assert story["customer"] == "tv000001_3"
    assert story["known_by"].startswith("the platform's id of the customer's record, ")
    assert (back["reason"], back["refund_of"]) == ("sale_not_booked", waiting.removeprefix("tv/"))
    assert back["known_by"] == f"its sale {waiting}, which is of the same account"
    assert back["next_step"].startswith("it goes on by itself when what it waits for has come")
    assert [each["event"] for each in story["log"]] == ["received", "waiting"]
    reference = story["reference"].strip("[]").removeprefix("ref:")
    for asked in (waiting, reference, story["reference"]):
        said = here.call("charges", "show", asked)
        assert said.code == 0
        assert said.out.startswith(f"{waiting} is waiting, because of approval: 150 is more than charges.max_amount")
    unknown = here.call("charges", "show", "tv/t-999")
    assert (unknown.code, unknown.out) == (4, "")
    assert "'tv/t-999'" in unknown.err


def test_what_is_approved_is_booked_and_its_account_tells_by_whom(here: Site) -> None:
    dear = sell(here, "150")
    book(here)
    assert (
        here.call("charges", "approve", dear, "--reason", "they rang").out
        == f"{dear} is approved: it is booked with its turn\n"
    )
    book(here)
    assert stands(here, dear) == ("booked", None)
    assert amounts(here) == ["150"]
    (decided,) = (each for each in told(here, "show", dear)["log"] if each["by"])
    assert (decided["event"], decided["text"]) == ("approve", "they rang")
    assert f"charges approve of {dear} by {decided['by']}: they rang" in here.call("explain", "tv000001").out


def test_what_is_tried_again_is_looked_for_in_billing_first(here: Site) -> None:
    sale = sell(here)
    here.billing.switch(comment_field="none")
    here.billing.faults.add(Fault(operation="Account/make_transaction", kind="lost_answer"))
    book(here)
    assert stands(here, sale) == ("parked", "unclear")
    here.billing.switch(comment_field="CLD")
    assert here.call("charges", "retry", sale).code == 0
    assert stands(here, sale) == ("pending", "retried")
    book(here)
    events = [each["event"] for each in told(here, "show", sale)["log"]]
    assert events[-4:] == ["pending", "retry", "in_doubt", "booked"]
    assert amounts(here) == ["3.99"]


def test_a_person_states_that_it_is_an_xdr_or_is_not_to_be_booked(here: Site) -> None:
    by_hand, dropped = sell(here, currency="USD"), sell(here, currency="USD")
    book(here)
    said = here.call("charges", "resolve", by_hand, "--xdr", "88123999", "--reason", "booked in the panel")
    assert (said.code, said.out) == (0, f"{by_hand} is resolved: booked as xDR 88123999\n")
    taken = here.call("charges", "resolve", dropped, "--xdr", "88123999", "--reason", "a slip")
    assert (taken.code, "that is another charge's; nothing was changed" in taken.err) == (6, True)
    assert here.call("charges", "resolve", dropped, "--drop", "--reason", "goodwill").code == 0
    assert [stands(here, each) for each in (by_hand, dropped)] == [
        ("resolved", "booked_by_hand"),
        ("resolved", "dropped"),
    ]
    book(here)
    assert amounts(here) == []
    orders = here.call("explain", "tv000001").out
    assert "booked as xDR 88123999: booked in the panel" in orders
    assert "not to be booked: goodwill" in orders


def test_a_decision_that_means_nothing_in_that_state_exits_6_and_changes_nothing(here: Site) -> None:
    sale = sell(here)
    book(here)
    before = told(here, "show", sale)
    for words in (("approve",), ("retry",), ("resolve", "--drop", "--reason", "r")):
        said = here.call("charges", words[0], sale, *words[1:])
        assert (said.code, said.out) == (6, "")
        assert f"{sale} is booked and cannot be" in said.err
        assert "nothing was changed" in said.err
    after = told(here, "show", sale)
    assert {**after, "age_seconds": 0} == {**before, "age_seconds": 0}
    assert here.call("charges", "approve", "tv/t-999").code == 4


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--reason", "r"), "either --xdr N"),
        (("--xdr", "5", "--drop", "--reason", "r"), "either --xdr N"),
        (("--drop",), "--reason"),
        (("--drop", "--reason", " "), "needs a --reason"),
        (("--xdr", "0", "--reason", "r"), "--xdr"),
        (("--xdr", "9" * 20, "--reason", "r"), "--xdr"),
    ],
)
def test_a_resolution_that_is_not_said_whole_is_refused(words: tuple[str, ...], said: str) -> None:
    answer = call("charges", "resolve", "tv/t-1", *words, "--config", "nowhere.yaml")
    assert (answer.code, said in answer.err) == (64, True)


def test_of_two_persons_at_the_same_moment_one_decides_and_the_other_is_told(here: Site) -> None:
    dear = sell(here, "150")
    book(here)
    words = [("approve", dear), ("resolve", dear, "--drop", "--reason", "no")]
    with ThreadPoolExecutor(2) as persons:
        both = list(persons.map(lambda each: here.call("charges", *each), words))
    codes = [said.code for said in both]
    # Who approves first leaves a charge that is going to be booked: that cannot be dropped any more.
    assert sorted(codes) == [0, 6]
    book(here)
    assert amounts(here) == (["150"] if codes[0] == 0 else [])


def test_a_running_daemon_acts_upon_decisions_within_seconds(here: Site) -> None:
    dear, strange = sell(here, "150"), sell(here, currency="USD")
    with daemon(here) as running:
        running.until(lambda: len(told(here, "list", "--state", "waiting")["charges"]) == 1)
        assert here.call("charges", "approve", dear).code == 0
        running.until(lambda: amounts(here) == ["150"])
        assert here.call("charges", "retry", strange).code == 0
        running.until(lambda: stands(here, strange) == ("parked", "currency"))


def test_without_a_store_or_with_charges_off_a_sentence_says_so(here: Site) -> None:
    here.configure(charges={"enabled": False})
    off = here.call("charges", "list")
    assert (off.code, "charges.enabled is false" in off.err) == (0, True)
    here.configure(charges=ON, store={"path": "elsewhere.db"})
    none = here.call("charges", "list")
    assert (none.code, "run or apply first" in none.err) == (1, True)
