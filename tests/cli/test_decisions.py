"""`approve`, `reject`, `adopt`, `pause` and `resume` by their public names."""

import json
import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from platforms.simulation import Fault
from tests.cli.site import Site
from tests.cli.test_run import daemon


def held(here: Site) -> str:
    status = json.loads(here.call("status", "--output", "json").out)
    return str(status["platforms"]["tv"]["held_plan"]["hash"])


def mass(here: Site) -> None:
    """A dozen customers, all of whom are terminated."""
    accounts = [here.tv_account(number) for number in range(1, 13)]
    assert here.call("apply").code == 0
    for account in accounts:
        here.billing.change("terminate", i_account=account)


@pytest.mark.parametrize("whole", [True, False])
def test_a_plan_that_is_held_is_approved_by_its_hash_and_applied(here: Site, whole: bool) -> None:
    mass(here)
    shown = here.call("plan", "--output", "json")
    assert shown.code == 3
    plan = json.loads(shown.out)["hash"] if whole else held(here)
    said = here.call("approve", plan)
    assert (said.code, said.out) == (0, "tv: 12 changes approved\n")
    assert here.call("apply").code == 0
    assert here.platform.operator.customers == {}


def test_a_running_daemon_acts_upon_an_approval(here: Site) -> None:
    accounts = [here.tv_account(number) for number in range(1, 13)]
    operator = here.platform.operator
    with daemon(here) as running:
        running.until(lambda: len(operator.customers) == 12)
        for account in accounts:
            here.billing.change("terminate", i_account=account)
        running.until(lambda: "the brake holds plan" in here.call("status").out)
        assert here.call("approve", held(here)).code == 0
        running.until(lambda: not operator.customers)


def test_p05_an_approval_is_no_longer_good_for_a_plan_that_has_changed(here: Site) -> None:
    other = here.tv_account(50)
    mass(here)
    here.call("plan")
    assert here.call("approve", held(here)).code == 0
    here.billing.change("terminate", i_account=other)
    assert here.call("apply").code == 3
    assert len(here.platform.operator.customers) == 13


def _blocked(here: Site) -> str:
    """A dozen customers, all of whom are to be turned off; returns the hash of that."""
    accounts = [here.tv_account(number) for number in range(1, 13)]
    assert here.call("apply").code == 0
    for account in accounts:
        here.billing.change("block", i_account=account)
    assert here.call("plan").code == 3
    return held(here)


def test_p05_what_nobody_has_heard_of_yet_is_found_out_before_a_plan_is_approved(here: Site) -> None:
    plan = _blocked(here)
    here.billing.change("unblock", i_account=70001)
    said = here.call("approve", plan)
    assert (said.code, "is another one by now" in said.err) == (6, True)
    assert here.call("apply").code != 0
    assert {row["status"] for row in here.platform.operator.customers.values()} == {"active"}


def test_one_more_that_is_to_be_turned_off_keeps_nobody_from_approving_the_others(here: Site) -> None:
    other, plan = here.tv_account(50), _blocked(here)
    here.billing.change("block", i_account=other)
    assert here.call("approve", plan).code == 0


def test_what_cannot_be_read_keeps_nobody_from_approving(here: Site) -> None:
    plan = _blocked(here)
    here.billing.faults.add(Fault(operation="*", kind="status", status=503, count=None))
    said = here.call("approve", plan)
    assert (said.code, "billing cannot be read now" in said.err) == (0, True)


@pytest.mark.parametrize("command", ["approve", "reject"])
def test_an_unknown_hash_exits_6_and_changes_nothing(here: Site, command: str) -> None:
    mass(here)
    here.call("plan")
    said = here.call(command, "0123456789abcdef")
    assert (said.code, said.out) == (6, "")
    assert "0123456789abcdef" in said.err
    assert here.call("apply").code == 3
    assert len(here.platform.operator.customers) == 12


def test_a_decision_can_be_made_only_once(here: Site) -> None:
    mass(here)
    here.call("plan")
    plan = held(here)
    assert here.call("reject", plan).code == 0
    assert here.call("approve", plan).code == 6
    assert here.call("apply").code == 0
    assert len(here.platform.operator.customers) == 12


def test_a_plan_that_is_not_held_any_more_cannot_be_approved(here: Site) -> None:
    here.configure(brake={"floor": 0, "destructive_fraction": 0.0})
    account = here.tv_account(1)
    here.call("apply")
    here.billing.change("block", i_account=account)
    assert here.call("plan").code == 3
    plan = held(here)
    here.billing.change("unblock", i_account=account)
    assert here.call("plan").code == 0
    assert json.loads(here.call("status", "--output", "json").out)["platforms"]["tv"]["held_plan"] is None
    assert here.call("approve", plan).code == 6


def test_of_two_operators_at_the_same_moment_one_decides_and_the_other_is_told(here: Site) -> None:
    mass(here)
    here.call("plan")
    plan = held(here)
    with ThreadPoolExecutor(2) as operators:
        both = list(operators.map(lambda command: here.call(command, plan), ("approve", "reject")))
    assert sorted(said.code for said in both) == [0, 6]
    assert here.call("apply").code == 0
    assert len(here.platform.operator.customers) == (0 if both[0].code == 0 else 12)


@pytest.mark.parametrize("command", ["plan", "apply"])
def test_a_list_that_lacks_too_many_is_believed_when_its_hash_is_approved(here: Site, command: str) -> None:
    accounts = [here.tv_account(number) for number in range(1, 21)]
    assert here.call("apply").code == 0
    for account in accounts[:12]:
        del here.billing.installation.accounts[account]
        here.billing.installation.order.remove(account)
    said = here.call(command)
    assert said.code == 1
    found = re.search(r"12 of 20 accounts .* if they are gone for good: approve ([0-9a-f]{16})", said.err)
    assert found is not None
    assert here.call("reject", found[1]).code == 6
    approved = here.call("approve", found[1])
    assert (approved.code, "billing: 12 that its list lacked are gone" in approved.out) == (0, True)
    assert here.call("approve", found[1]).code == 6
    assert here.call("apply").code == 0
    assert json.loads(here.call("status", "--output", "json").out)["billing"]["complete"]


def test_adopt_shows_a_hash_and_makes_records_ours_when_that_is_approved(here: Site) -> None:
    here.platform.operator.create({"externalId": "tv000001_3", "notes": "theirs"})
    here.tv_account(1)
    here.call("apply")
    shown = here.call("adopt")
    assert shown.code == 0
    found = re.search(r"^plan ([0-9a-f]{16})$", shown.out, re.MULTILINE)
    assert found is not None
    assert here.call("approve", "f" * 16).code == 6
    assert here.call("approve", found[1]).code == 0
    assert here.call("apply").code == 0
    (row,) = here.platform.operator.customers.values()
    assert row["notes"] == "iptv-reconciler env=3 i_account=70001"
    assert here.call("adopt").out == "there is nothing to adopt\n"


def test_adopt_yes_does_both(here: Site) -> None:
    here.platform.operator.create({"externalId": "tv000001_3", "notes": "theirs"})
    here.tv_account(1)
    here.call("apply")
    assert "1 records adopted" in here.call("adopt", "--yes").out
    assert here.call("adopt", "--platform", "tvv").code == 1


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--until", "2h"), 64, "--reason"),
        (("--reason", " ", "--until", "2h"), 64, "needs a --reason"),
        (("--reason", "r", "--until", "2020-01-01T00:00:00Z"), 64, "in the past"),
        (("--reason", "r", "--until", "0s"), 64, "in the past"),
        (("--reason", "r", "--until", "9999-12-31T23:59:59-12:00"), 64, "too far off"),
        (("--reason", "r", "--until", "9999-12-31T23:59:59.999999Z"), 64, "too far off"),
        (("--reason", "r", "--until", "soon"), 64, "is no time"),
        (("--reason", "r", "--until", "2036-01-01T00:00:00"), 64, "in which zone"),
    ],
)
def test_a_pause_that_makes_no_sense_is_refused_and_nothing_is_paused(
    here: Site, words: tuple[str, ...], code: int, said: str
) -> None:
    here.call("apply")
    answer = here.call("pause", "all", *words)
    assert answer.code == code
    assert said in answer.err
    assert json.loads(here.call("status", "--output", "json").out)["pauses"] == []


def test_a_pause_holds_everything_until_it_is_resumed(here: Site) -> None:
    here.call("apply")
    assert here.call("pause", "all", "--reason", "move", "--until", "2h").code == 0
    here.tv_account(1)
    assert here.call("apply").code == 0
    assert here.platform.requests.writes == 0
    assert here.call("resume", "all").out == "all goes on\n"
    assert here.call("apply").code == 0
    assert here.platform.requests.writes == 1


def test_resume_does_not_say_that_something_goes_on_which_rests_for_another_pause(here: Site) -> None:
    here.tv_account(1)
    here.call("apply")
    for target in ("all", "tv", "tv000001"):
        assert here.call("pause", target, "--reason", f"{target} moves", "--until", "2h").code == 0
    said = here.call("resume", "tv000001").out
    assert said.startswith("i_account:70001@billing: its pause has ended; it does not go on, for all is paused by")
    assert "tv is paused by" in said
    assert "does not go on, for all is paused by" in here.call("resume", "tv").out
    assert here.call("resume", "all").out == "all goes on\n"
    assert here.call("resume", "tv").out == "tv was not paused\n"


def test_a_second_pause_says_whose_it_takes_the_place_of(here: Site) -> None:
    here.call("apply")
    here.call("pause", "tv", "--reason", "new disks", "--until", "2h", "--maintenance")
    said = here.call("pause", "tv", "--reason", "other", "--until", "1h").out
    assert "other; that takes the place of: in maintenance by" in said
    assert "new disks" in said


def test_only_known_accounts_can_be_paused(here: Site) -> None:
    here.tv_account(1)
    here.call("apply")
    unknown = here.call("pause", "tvv", "--reason", "r", "--until", "2h")
    assert (unknown.code, "did you mean tv?" in unknown.err) == (4, True)
    assert here.call("pause", "tv000001", "--reason", "r", "--until", "2h").code == 0
    (pause,) = json.loads(here.call("status", "--output", "json").out)["pauses"]
    assert pause["target"] == "i_account:70001@billing"
    assert here.call("resume", "i_account:70001").code == 0
