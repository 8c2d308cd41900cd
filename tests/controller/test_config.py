"""A valid configuration: what is read from it, its defaults, its warnings, its fingerprint."""

from datetime import timedelta
from pathlib import Path

import pytest

from controller.config import Config, from_values, load
from controller.config.schema import schema
from controller.keep import Keep
from desired_state.account import AccountStatus
from desired_state.desired import Auth, PlatformRules
from desired_state.entitlement import Presence
from tests.controller.configs import CA, WHOLE, read

LEAST: dict[str, object] = {
    "billing": {"url": "http://127.0.0.1:1/", "environment": 1, "login": "us", "token": "t"},
    "platforms": {"tv": {"driver": "telebreeze", "url": "http://localhost:2", "api_key": {"env": "KEY"}}},
    "catalog": [{"product": {"i_product": 1}, "platform": "tv"}],
}


def least(**changes: object) -> Config:
    return from_values({**LEAST, **changes}, Path("/etc/reconciler"), {"KEY": "k"})


def test_every_key_of_the_interface_is_read(tmp_path: Path) -> None:
    config = read(tmp_path)
    (billing,) = config.billing
    assert (billing.url, billing.environment, billing.token and billing.token.get()) == (
        "https://billing.example.net",
        3,
        "canary-token",
    )
    assert billing.custom_fields.device_ids == ("TV MAC",)
    assert config.events.espf is not None
    assert config.events.espf.password.get() == "canary-espf"
    assert config.rules.status == {AccountStatus.CUSTOMER_LIMITED: Presence.ACTIVE}
    assert config.schedule.detail_audit == timedelta(hours=24)
    assert [entry.platform for entry in config.catalog.entries] == ["tv", "tv"]
    assert config.store.path == tmp_path / "state/state.db"
    assert config.store.audit.kept == Keep(timedelta(days=400), rows=2_000_000)
    assert config.server.listen == "0.0.0.0:8080"


def test_a_platform_gives_the_core_its_rules_and_the_transport_its_endpoint(tmp_path: Path) -> None:
    tv = read(tmp_path).platforms["tv"]
    assert tv.rules("tv") == PlatformRules(name="tv", auth=Auth.DEVICE, absence_grace=timedelta(days=30))
    endpoint = tv.endpoint("tv")
    assert (endpoint.target, endpoint.url, endpoint.max_concurrency) == ("tv", "https://tv.example.net", 8)
    assert dict(tv.credentials()) == {"api_key": "canary-api-key"}


def test_what_is_left_out_has_the_documented_default(tmp_path: Path) -> None:
    assert least().platforms["tv"].rules("tv").customer_id == "{id}_{i_env}", "the driver's usual pattern"
    whole, short = read(tmp_path).model_dump(), least().model_dump()
    for block in ("brake", "schedule", "server"):
        assert short[block] == whole[block]
    own = ("driver", "url", "api_key", "customer_id")
    assert _without(short["platforms"]["tv"], own) == _without(whole["platforms"]["tv"], own)


def _without(block: dict[str, object], keys: tuple[str, ...]) -> dict[str, object]:
    return {key: value for key, value in block.items() if key not in keys}


@pytest.mark.parametrize("url", ["https://b.example.net", "https://b.example.net/", "https://b.example.net/rest/"])
def test_rest_may_stand_at_the_end_of_billings_url(url: str) -> None:
    config = least(billing={"url": url, "environment": 1, "login": "us", "password": "p"})
    assert config.billing[0].url == "https://b.example.net"


def test_relative_paths_count_from_the_folder_of_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text(CA, encoding="utf-8")
    config = read(tmp_path, WHOLE.replace("verify_tls: true", "verify_tls: ca.pem"))
    assert config.billing[0].verify_tls == str(tmp_path / "ca.pem")
    assert config.billing[0].token is not None
    assert config.billing[0].token.source == f"file {tmp_path / 'secrets/token'}"


def test_several_billings_have_names_and_platforms_choose_one() -> None:
    block = {"url": "http://localhost", "environment": 1, "login": "us", "token": "t"}
    tv = {"driver": "telebreeze", "url": "http://localhost:2", "api_key": "k", "billing": "east"}
    config = least(billing=[{"name": "west", **block}, {"name": "east", **block}], platforms={"tv": tv})
    assert [block.name for block in config.billing] == ["west", "east"]
    assert config.billing_of("tv").name == "east"


def test_a_lone_billing_is_named_default_and_serves_every_platform() -> None:
    assert least().billing[0].name == "billing"
    assert least().billing_of("tv").name == "billing"


def test_a_repeated_catalog_entry_is_harmless() -> None:
    entry = {"product": {"i_product": 1}, "platform": "tv", "packages": ["basic"]}
    assert len(least(catalog=[entry, entry]).catalog.entries) == 2


def test_a_sound_configuration_has_no_warnings(tmp_path: Path) -> None:
    text = WHOLE.replace("enabled: true", "enabled: false")
    without_events = text[: text.index("events:")] + text[text.index("platforms:") :]
    assert read(tmp_path, without_events).warnings == ()


def test_what_is_allowed_but_dangerous_is_warned_about() -> None:
    config = least(
        billing={"url": "http://b.example.net", "environment": 1, "login": "u", "token": "t", "verify_tls": False},
        platforms={
            name: {"driver": "telebreeze", "url": f"https://{name}", "api_key": {"env": "KEY"}}
            for name in ("tv", "other")
        },
        server={"page": {"token": "guess me"}},
    )
    places = [warning.partition(":")[0] for warning in config.warnings]
    assert places == [
        "billing.verify_tls",
        "billing.url",
        "billing.token",
        "server.page.token",
        "platforms.other",
        "platforms.tv.auth",
        "platforms.other.auth",
    ]


def test_the_fingerprint_follows_settings_and_neither_order_nor_secrets() -> None:
    config = least()
    turned = from_values(dict(reversed(LEAST.items())), Path("/etc/reconciler"), {"KEY": "another"})
    assert turned.fingerprint == config.fingerprint
    assert least(schedule={"full_pass": "9m"}).fingerprint != config.fingerprint
    assert len(config.fingerprint) == 12


def test_a_reloaded_configuration_sees_new_secrets(tmp_path: Path) -> None:
    read(tmp_path)
    (tmp_path / "secrets/token").write_text("rotated", encoding="utf-8")
    token = load(tmp_path / "config.yaml", {"ESPF_PASSWORD": "p"}).billing[0].token
    assert token is not None
    assert token.get() == "rotated"


def test_the_schema_describes_durations_secrets_and_both_forms_of_billing() -> None:
    described = schema()
    definitions = described["$defs"]
    assert isinstance(definitions, dict)
    assert definitions["ScheduleBlock"]["properties"]["full_pass"]["pattern"]
    assert "oneOf" in definitions["NspsBlock"]["properties"]["token"]
    properties = described["properties"]
    assert isinstance(properties, dict)
    assert [choice.get("type", "one") for choice in properties["billing"]["anyOf"]] == ["one", "array"]
    assert set(properties) >= {"billing", "platforms", "catalog", "rules", "store"}
