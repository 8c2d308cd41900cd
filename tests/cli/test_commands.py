"""The commands by their public names: what they print, what they write, how they exit."""

import json

import pytest

from controller.billing.simulator.state import ALIAS
from platforms.simulation import Fault
from tests.cli.forked import call
from tests.cli.site import Site


def test_plan_prints_the_changes_writes_nothing_and_exits_2(here: Site) -> None:
    account = here.tv_account()

    said = here.call("plan", "--output", "json")

    plan = json.loads(said.out)
    assert said.code == 2
    assert set(plan) == {"hash", "taken_at", "complete", "changes", "summary", "held", "unread", "candidate"}
    assert plan["summary"] == {"tv": {"create": 1}}
    (change,) = plan["changes"]
    assert change["account"] == {"i_account": account, "id": "tv000001"}
    assert (change["platform"], change["kind"], change["held"]) == ("tv", "create", None)
    assert change["after"]["device_ids"] == ["001A…01"]
    assert here.platform.requests.writes == 0


def test_plan_of_what_is_as_it_should_be_exits_0(here: Site) -> None:
    assert here.call("plan").code == 0


def test_plan_writes_markdown_to_a_file(here: Site) -> None:
    here.tv_account()

    said = here.call("plan", "--output", "markdown", "--out", str(here.folder / "plan.md"))

    assert said.out == ""
    assert "| tv000001 |" in (here.folder / "plan.md").read_text()


def test_plan_reads_nothing_twice_that_it_has_just_read(here: Site) -> None:
    here.tv_account()
    here.call("plan")
    here.billing.requests.reset()

    here.call("apply")

    assert here.billing.requests.operations["Account/get_account_info"] == 0


def test_apply_does_not_say_that_all_is_done_where_billing_denies_an_account_that_it_lists(here: Site) -> None:
    account = here.tv_account()
    assert here.call("apply").code == 0
    here.billing.change("block", i_account=account)
    here.billing.switch(denied_accounts=[account])

    said = here.call("apply")

    assert (said.code, said.out) == (2, "nothing was done\n")
    assert here.call("plan").code == 2


def test_plan_with_a_candidate_shows_what_another_rule_would_touch_and_leaves_no_trace(here: Site) -> None:
    account = here.tv_account()
    here.call("apply")
    here.billing.change("block", i_account=account)
    here.call("apply")
    elsewhere = here.folder / "elsewhere"
    elsewhere.mkdir()
    candidate = here.configure(rules={"status": {"blocked": "active"}}).rename(elsewhere / "candidate.yaml")
    here.configure()
    for secret in ("token", "key"):
        (elsewhere / secret).write_text((here.folder / secret).read_text())

    said = here.call("plan", "--candidate", str(candidate))

    assert said.code == 2
    assert "resume" in said.out
    assert "the candidate touches 1 accounts otherwise than is due anyway" in said.out
    assert here.call("plan").code == 0
    assert {file.name for file in elsewhere.iterdir()} == {"candidate.yaml", "token", "key"}


def test_p25_a_candidate_that_is_not_valid_is_told_with_every_problem(here: Site) -> None:
    here.configure()
    candidate = here.folder / "candidate.yaml"
    text = here.config.read_text().replace("platforms:", "platfroms:").replace("file: token", "file: missing")
    candidate.write_text(text)

    said = here.call("plan", "--candidate", str(candidate))

    assert (said.code, said.out) == (1, "")
    assert f"the candidate {candidate} is not valid:" in said.err
    assert "platfroms: unknown key; did you mean platforms?" in said.err
    assert "missing does not exist" in said.err


def test_a_plan_held_by_the_brake_exits_3_and_so_does_its_apply(here: Site) -> None:
    accounts = [here.tv_account(number) for number in range(1, 13)]
    assert here.call("apply").code == 0
    for account in accounts:
        here.billing.change("block", i_account=account)
    here.platform.requests.reset()

    assert here.call("plan").code == 3
    assert here.call("apply").code == 3
    assert here.platform.requests.writes == 0
    status = json.loads(here.call("status", "--output", "json").out)
    assert status["platforms"]["tv"]["held_plan"]["destructive"] == 12
    assert status["platforms"]["tv"]["accounts"]["held"] == 12


def test_apply_performs_the_plan_of_that_hash_only(here: Site) -> None:
    here.tv_account(1)
    planned = json.loads(here.call("plan", "--output", "json").out)["hash"]
    here.tv_account(2)

    other = here.call("apply", "--plan", planned)
    assert (other.code, here.platform.requests.writes) == (6, 0)

    planned = json.loads(here.call("plan", "--output", "json").out)["hash"]
    assert here.call("apply", "--plan", planned).code == 0
    assert here.platform.requests.writes == 2


def test_apply_leaves_what_the_platform_refuses_and_says_so(here: Site) -> None:
    here.tv_account(1)
    here.platform.faults.add(Fault(operation="customers.create", kind="status", status=422, count=None))

    said = here.call("apply")

    assert said.code == 2
    assert "held by parked" in said.out


@pytest.mark.parametrize("server", ["billing", "platform"])
def test_a_server_that_cannot_be_reached_is_one_sentence_and_exit_1(here: Site, server: str) -> None:
    nowhere = {"url": "http://127.0.0.1:9"}
    platform = {"driver": "telebreeze", "url": here.platform_url, "api_key": {"file": "key"}}
    here.configure(**({"billing": nowhere} if server == "billing" else {"platforms": {"tv": {**platform, **nowhere}}}))

    for command in ("plan", "apply"):
        said = here.call(command)
        assert said.code == 1
        assert "Traceback" not in said.err
        assert "cannot be reached" in said.err


def test_explain_answers_for_any_account(here: Site) -> None:
    account = here.tv_account()
    assert here.call("explain", "tv000001").code == 0, "looked up in billing, the store being empty"
    here.call("apply")

    for name in ("tv000001", f"i_account:{account}"):
        explained = json.loads(here.call("explain", name, "--output", "json").out)
        assert {"account", "billing", "decision", "platforms"} <= set(explained)
        assert explained["decision"]["presence"] == "active"
        subscriber = explained["platforms"]["tv"]
        assert subscriber["state"] == "in_sync"
        assert subscriber["last_actions"][0]["kind"] == "create"

    here.billing.change("rename", i_account=account, id="renamed")
    here.call("apply")
    text = here.call("explain", "tv000001").out
    assert text.startswith("On platform tv the customer has TV, as it should be:")
    assert "was called tv000001 until" in text


def test_explain_answers_for_an_alias_which_is_no_subscriber(here: Site) -> None:
    alias = here.tv_account()
    here.billing.installation.accounts[alias].billing_model = ALIAS

    explained = json.loads(here.call("explain", f"i_account:{alias}", "--output", "json").out)

    assert (explained["decision"]["presence"], explained["decision"]["reason"]) == ("dormant", "not_a_subscriber")


def test_explain_of_an_unknown_account_exits_4(here: Site) -> None:
    said = here.call("explain", "nobody")
    assert (said.code, said.out) == (4, "")
    assert "'nobody'" in said.err


def test_status_says_whether_a_person_is_needed(here: Site) -> None:
    assert here.call("status").code == 1, "nothing has been read yet"
    here.tv_account()
    here.call("apply")
    status = here.call("status", "--output", "json")

    assert status.code == 0
    view = json.loads(status.out)
    assert {"healthy", "platforms", "billing", "charges", "pauses"} <= set(view)
    assert view["platforms"]["tv"]["accounts"]["in_sync"] == 1
    assert view["platforms"]["tv"]["breaker"] == "closed"


@pytest.mark.parametrize(
    "words",
    [
        ("fly",),
        ("plan",),
        ("plan", "--config"),
        ("plan", "--config", "c.yaml", "--output", "xml"),
        ("simulate", "portabilling"),
        ("simulate", "nothing", "--port", "0"),
        ("demo", "--accounts", "none"),
        ("config",),
    ],
)
def test_a_usage_error_exits_64(words: tuple[str, ...]) -> None:
    said = call(*words)
    assert said.code == 64
    assert "Traceback" not in said.err


def test_a_wrong_configuration_is_a_sentence_for_each_mistake_and_exit_1(here: Site) -> None:
    here.configure(billing={"requests_per_secnd": 3, "token": {"file": "not-there"}}, server={"listen": "here"})

    for said in (call("config", "check", str(here.config)), here.call("plan")):
        assert said.code == 1
        assert "did you mean requests_per_second" in said.err
        assert "not-there" in said.err
        assert "server.listen" in said.err
        assert "Traceback" not in said.err


def test_config_check_and_schema(here: Site) -> None:
    assert call("config", "check", str(here.config)).code == 0
    schema = json.loads(call("config", "schema").out)
    assert "billing" in schema["properties"]


def test_p10_no_secret_and_no_personal_data_is_printed_or_kept_in_the_journal(here: Site) -> None:
    account = here.tv_account()
    canaries = {"firstname": "Canarina", "lastname": "Serinus", "email": "canary@example.net", "phone1": "+4299123456",
                "baddr1": "Cage Street 9"}  # fmt: skip
    here.billing.change("contact", i_account=account, contact=canaries)
    outputs = [here.call(*words) for words in (
        ("plan",), ("plan", "--output", "json"), ("plan", "--output", "markdown"), ("apply",),
        ("explain", "tv000001"), ("explain", "tv000001", "--output", "json"), ("status",),
    )]  # fmt: skip

    printed = "".join(said.out + said.err for said in outputs)
    for canary in (*canaries.values(), "simulated-token", "001A79000001", "00:1A:79:00:00:01"):
        assert canary not in printed
