"""`doctor` as it is called: its lines, its JSON, its exit codes, and that it leaves no trace."""

import json
from pathlib import Path

import pytest

from tests.cli.forked import call
from tests.cli.site import Site


def levels(out: str) -> dict[str, list[str]]:
    """The levels told in the text output, by target."""
    found: dict[str, list[str]] = {}
    for line in out.splitlines()[:-1]:
        level, target = line.split()[:2]
        found.setdefault(target.rstrip(":"), []).append(level)
    return found


def test_a_good_installation_exits_0_and_nothing_is_written(here: Site) -> None:
    here.billing.populate(20)
    before = sorted(here.folder.iterdir())

    said = here.call("doctor")

    assert (said.code, said.err) == (0, "")
    assert set(levels(said.out)) == {"configuration", "store", "events", "billing", "tv"}
    assert said.out.splitlines()[-1].endswith(" ok, 0 warn, 0 fail")
    assert sorted(here.folder.iterdir()) == before
    assert (here.billing.requests.writes, here.platform.requests.writes) == (0, 0)


def test_the_json_says_the_same(here: Site) -> None:
    here.tv_account()

    said = here.call("doctor", "--output", "json")

    view = json.loads(said.out)
    assert said.code == 0
    assert set(view) == {"healthy", "checks"}
    assert view["healthy"] is True
    assert all(set(check) == {"name", "target", "level", "text"} for check in view["checks"])
    assert {
        "name": "login",
        "target": "billing",
        "level": "ok",
        "text": "billing accepts our login as 'iptv-reconciler'",
    } in (view["checks"])


def test_a_warning_alone_exits_0(here: Site) -> None:
    here.tv_account()
    here.billing.switch(api_document="none")

    said = here.call("doctor")

    assert said.code == 0
    assert "1 warn, 0 fail" in said.out


def test_a_package_that_the_platform_does_not_offer_exits_1(here: Site) -> None:
    here.configure(catalog=[{"product": {"i_product": 61}, "platform": "tv", "packages": ["basik"]}])
    here.tv_account()

    said = here.call("doctor")

    assert said.code == 1
    assert "fail tv: packages: package 'basik' of the catalog is not offered; did you mean 'basic'?" in said.out


def test_a_call_that_is_refused_exits_1(here: Site) -> None:
    here.tv_account()
    here.billing.switch(refused_methods=["Account/get_custom_fields_values"])

    said = here.call("doctor")

    assert said.code == 1
    assert "fail billing: rights: billing refused Account/get_custom_fields_values: " in said.out


@pytest.mark.parametrize("server", ["billing", "platforms"])
def test_a_server_that_cannot_be_reached_does_not_keep_the_other_from_being_looked_at(here: Site, server: str) -> None:
    here.tv_account()
    platform = {"driver": "telebreeze", "url": here.platform_url, "api_key": {"file": "key"}}
    nowhere = {"url": "http://127.0.0.1:9"}
    here.configure(**{server: nowhere if server == "billing" else {"tv": {**platform, **nowhere}}})

    said = here.call("doctor")

    failing, good = ("billing", "tv") if server == "billing" else ("tv", "billing")
    assert said.code == 1
    assert "cannot be reached" in said.out
    assert "fail" in levels(said.out)[failing]
    assert set(levels(said.out)[good]) == {"ok"}


def test_every_billing_and_every_platform_has_its_lines(here: Site) -> None:
    here.tv_account()
    key, token = {"file": "key"}, {"file": "token"}
    north = {"name": "north", "url": here.billing_url, "environment": 3, "login": "iptv-reconciler", "token": token}
    tv = {"driver": "telebreeze", "url": here.platform_url, "api_key": key}
    here.configure(
        billing=[north, {**north, "name": "south", "environment": 4, "login": "nobody"}],
        platforms={"tv": {**tv, "billing": "north"}, "radio": {**tv, "billing": "south"}},
    )

    found = levels(here.call("doctor").out)

    assert "fail" not in found["north"]
    assert "fail" in found["south"]
    assert set(found["tv"]) == set(found["radio"]) == {"ok"}


def test_a_configuration_that_does_not_validate_is_told_whole_and_exits_1(here: Site) -> None:
    here.configure(billing={"page_sise": 7, "token": {"file": "nowhere"}})

    said = here.call("doctor")

    assert said.code == 1
    assert levels(said.out) == {"configuration": ["fail", "fail"]}
    assert "did you mean page_size?" in said.out
    assert "nowhere does not exist" in said.out
    assert json.loads(here.call("doctor", "--output", "json").out)["healthy"] is False


def test_warnings_of_the_configuration_are_lines(here: Site) -> None:
    here.configure(billing={"token": "simulated-token"})

    said = here.call("doctor")

    assert "warn configuration: configuration: billing.token: stands in the configuration as plain text" in said.out
    assert "simulated-token" not in said.out


def test_no_secret_and_nothing_about_a_person_is_ever_printed(here: Site) -> None:
    account = here.tv_account()
    stored = here.billing.installation.accounts[account]
    stored.info.update({"firstname": "Canary", "email": "canary@example.net", "baddr1": "Canary Street 9"})
    stored.custom_fields.update({"TV Login": "canary-login", "TV Password": "canary-secret"})
    stored.customer.name = "Canary Ltd"
    here.platform.operator.create({"externalId": "canary-record", "status": "active", "notes": "canary-note"})

    for refused in ([], ["Product/get_product_list"]):
        here.billing.switch(undocumented=["status"], refused_methods=refused)
        for output in ("text", "json"):
            said = here.call("doctor", "--output", output)
            assert not [
                word
                for word in ("canary", "simulated-token", "00:1A:79", "001A79", "api_key=")
                if word.lower() in (said.out + said.err).lower()
            ]


def test_wrong_usage_exits_64(tmp_path: Path) -> None:
    assert call("doctor").code == 64
    assert call("doctor", "--config", str(tmp_path / "missing.yaml"), "--output", "xml").code == 64


def test_a_file_that_is_missing_is_a_line_and_exits_1(tmp_path: Path) -> None:
    said = call("doctor", "--config", str(tmp_path / "missing.yaml"))

    assert said.code == 1
    assert "missing.yaml does not exist" in said.out
