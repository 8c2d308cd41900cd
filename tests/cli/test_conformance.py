"""`doctor --conformance` as it is called: what it prints, what it writes, and where it refuses to."""

import json
from pathlib import Path

import pytest

from controller.cli.codes import Code, Failed
from controller.cli.doctor import Surroundings, show_conformance
from controller.cli.printing import Output
from tests.cli.site import Site
from tests.doctor.test_conformance import World


def tried(here: Site, output: Output = Output.TEXT, platform: str = "tv") -> Code:
    """The command within this process, on virtual time: Telebreeze may show a write 10 seconds late."""
    return show_conformance(here.config, platform, output, Surroundings(World()))


def test_a_platform_that_conforms_has_only_good_lines_and_exits_0(
    here: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    here.platform.operator.create({"externalId": "theirs", "notes": "VIP"})
    before = dict(here.platform.operator.customers)

    code = tried(here)

    out, err = capsys.readouterr()
    lines = out.splitlines()
    assert (code, err) == (Code.OK, "")
    assert "ok   tv: creating twice makes one record: both calls succeed, with the same id" in lines
    assert {line[:9] for line in lines[:-1]} == {"ok   tv: "}
    assert lines[-1] == f"{len(lines) - 1} ok, 0 warn, 0 fail"
    assert here.platform.operator.customers == before
    assert here.platform.requests.writes > 0
    assert (here.billing.requests.reads, here.billing.requests.writes) == (0, 0)
    assert not (here.folder / "state.db").exists()


def test_the_json_is_that_of_doctor(here: Site, capsys: pytest.CaptureFixture[str]) -> None:
    assert tried(here, Output.JSON) == Code.OK
    view = json.loads(capsys.readouterr().out)
    assert set(view) == {"healthy", "checks"}
    assert view["healthy"] is True
    assert {check["target"] for check in view["checks"]} == {"tv"}


def test_a_platform_that_does_not_conform_exits_1(here: Site, capsys: pytest.CaptureFixture[str]) -> None:
    here.platform.operator.read_lag = 3600  # an hour, where 10 seconds are declared

    code = tried(here)

    out = capsys.readouterr().out
    assert code == Code.ERROR
    assert "fail tv: what is created reads back as wished: record 'conformance-" in out
    assert "never showed records that were made there, so they may be left: 'conformance-" in out


def test_a_platform_that_cannot_be_reached_is_a_line_and_exits_1(here: Site) -> None:
    here.configure(platforms={"tv": {"driver": "telebreeze", "url": "http://127.0.0.1:9", "api_key": {"file": "key"}}})

    said = here.call("doctor", "--conformance", "tv", "--output", "text")

    assert said.code == 1
    assert said.out.startswith("fail tv: the platform says what it offers: Transient: tv cannot be reached")


def test_a_platform_that_is_not_configured_is_told_with_those_that_are(here: Site) -> None:
    said = here.call("doctor", "--conformance", "radio")

    assert (said.code, said.out) == (1, "")
    assert said.err == "there is no platform 'radio' in the configuration; there are: tv\n"
    assert here.platform.requests.reads == 0


def test_nothing_is_written_in_mode_observe(here: Site) -> None:
    tv = {"driver": "telebreeze", "url": here.platform_url, "api_key": {"file": "key"}, "mode": "observe"}
    here.configure(platforms={"tv": tv})

    said = here.call("doctor", "--conformance", "tv")

    assert (said.code, said.out) == (1, "")
    assert said.err.startswith("platform 'tv' is in mode: observe, in which nothing is written to it")
    assert (here.platform.requests.reads, here.platform.requests.writes) == (0, 0)


def test_a_configuration_that_does_not_validate_is_told_as_doctor_tells_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    missing = tmp_path / "missing.yaml"
    assert show_conformance(missing, "tv", Output.TEXT, Surroundings(World())) == Code.ERROR
    assert "fail configuration: configuration: " in capsys.readouterr().out


def test_a_refusal_is_an_error_of_the_command(here: Site) -> None:
    with pytest.raises(Failed, match="there are: tv"):
        tried(here, platform="")
