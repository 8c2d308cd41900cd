"""What can be told without a network."""

from pathlib import Path

from controller.config import ConfigError
from controller.doctor.local import examine_local, unusable
from tests.controller.configs import WHOLE, read
from tests.doctor.helpers import FAIL, OK, WARN, levels, text_of


def test_every_secret_is_named_with_its_source_and_without_its_value(tmp_path: Path) -> None:
    config = read(tmp_path, WHOLE)

    told = text_of(examine_local(config), OK, "secrets").split("\n")

    assert told == [
        f"billing 'billing', token: read from file {tmp_path}/secrets/token",
        f"platforms.tv, api_key: read from file {tmp_path}/secrets/api-key",
        "events.espf, password: read from environment variable ESPF_PASSWORD",
        f"events.nsps, token: read from file {tmp_path}/secrets/nsps",
    ]
    assert config.billing[0].token is not None
    assert config.billing[0].token.get() not in "".join(told)


def test_the_event_endpoints_are_told(tmp_path: Path) -> None:
    config = read(tmp_path, WHOLE)

    assert text_of(examine_local(config), OK, "events") == "received at POST /espf and POST /process-event"


def test_warnings_of_the_configuration_are_lines_of_their_own(tmp_path: Path) -> None:
    config = read(tmp_path, WHOLE.replace("verify_tls: true", "verify_tls: false"))

    checks = examine_local(config)

    assert "billing.verify_tls: certificates are not checked" in text_of(checks, WARN, "configuration")
    assert levels(checks, "configuration")[0] is OK


def test_every_problem_of_a_configuration_is_a_failure() -> None:
    checks = unusable(ConfigError(["billing.url: is required", "catalog: is required"]))

    assert [check.level for check in checks] == [FAIL, FAIL]
