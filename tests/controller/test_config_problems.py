"""A wrong configuration: every problem is one clear sentence that names the place and the value."""

from pathlib import Path

import pytest

from controller.config import ConfigError, load
from tests.controller.configs import WHOLE, read


def problems(folder: Path, old: str, new: str) -> list[str]:
    """What is said of the whole configuration with one text replaced."""
    assert old in WHOLE
    with pytest.raises(ConfigError) as caught:
        read(folder, WHOLE.replace(old, new, 1))
    return list(caught.value.problems)


WRONG = {
    "unknown key": (
        "requests_per_second: 20",
        "requests_per_secnd: 20",
        "platforms.tv.requests_per_secnd: unknown key; did you mean requests_per_second?",
    ),
    "unknown block": ("brake:", "brakes:", "brakes: unknown key; did you mean brake?"),
    "unknown key of the catalog": (
        "{i_product: 61}",
        "{iproduct: 61}",
        "catalog[0].product.iproduct: unknown key; did you mean i_product? (line 36)",
    ),
    "unknown driver": ("telebreeze", "telebreez", "platforms.tv.driver: unknown driver 'telebreez'; did you mean"),
    "unknown platform": (
        'name: "IPTV Sport"}, platform: tv',
        'name: "IPTV Sport"}, platform: tw',
        "catalog[1].platform: there is no platform 'tw'; known here: tv (line 37)",
    ),
    "unknown billing": (
        "driver: telebreeze",
        "driver: telebreeze\n    billing: west",
        "platforms.tv.billing: there is no billing 'west'; known here: billing",
    ),
    "credential missing": (
        "    api_key: {file: secrets/api-key}\n",
        "",
        "platforms.tv.api_key: is required by driver 'telebreeze'",
    ),
    "credential without use": (
        "driver: telebreeze",
        "driver: telebreeze\n    username: us",
        "platforms.tv.username: has no use: driver 'telebreeze' takes api_key",
    ),
    "two ways in": (
        "login: iptv-reconciler",
        "login: iptv-reconciler\n  password: {env: ESPF_PASSWORD}",
        "billing: needs exactly one of token and password",
    ),
    "no way in": ("  token: {file: secrets/token}\n", "", "billing: needs exactly one of token and password"),
    "key missing": ("  environment: 3\n", "", "billing.environment: is required"),
    "wrong type": ("environment: 3", "environment: three", "billing.environment: must be a whole number, not 'three'"),
    "text for a number": ("environment: 3", 'environment: "3"', "billing.environment: must be a whole number, not '3'"),
    "number for a text": (
        "login: iptv-reconciler",
        "login: 7",
        "billing.login: must be text, not 7; put it in quotes",
    ),
    "no switch": (
        "create_suspended: false",
        "create_suspended: 0",
        "platforms.tv.create_suspended: must be true or false, not 0",
    ),
    "no list": ("packages: [sport]", "packages: sport", "catalog[1].packages: must be a list, not text (line 37)"),
    "empty block": ("rules:\n  status: {customer_limited: active}\n  no_funds_grace: 0s", "rules:", "rules: must be a"),
    "unknown encoding": (
        "encoding: auto",
        "encoding: xml",
        "billing.write_back.encoding: must be one of auto, json and form, not 'xml'",
    ),
    "too many": ("page_size: 1000", "page_size: 1001", "billing.page_size: must be at most 1000, not 1001"),
    "too few": ("floor: 10", "floor: -1", "brake.floor: must be at least 0, not -1"),
    "not finite": (
        "requests_per_second: 20",
        "requests_per_second: .inf",
        "platforms.tv.requests_per_second: must be a number, not inf",
    ),
    "plain number for a duration": (
        "full_pass: 10m",
        "full_pass: 600",
        "schedule.full_pass: must be a duration with its unit, such as 90s, 10m, 24h or 30d, not 600",
    ),
    "no time at all": ("full_pass: 10m", "full_pass: 0s", "schedule.full_pass: must be a duration of more than 0s"),
    "an audit that the brake cannot count by": (
        "keep: 400d",
        "keep: 1d",
        "store.audit.keep: must be 2d or more: the brake counts what was taken away in 24 hours",
    ),
    "grace as a number": ("no_funds_grace: 0s", "no_funds_grace: 5", "rules.no_funds_grace: must be a duration with"),
    "unknown presence": (
        "customer_limited: active",
        "customer_limited: on_",
        "rules.status.customer_limited: must be one of active, suspended, dormant, absent and hold, not 'on_'",
    ),
    "unknown auth": ("auth: device", "auth: mac", "platforms.tv.auth: must be one of device, login and all, not 'mac'"),
    "unknown mode": ("mode: enforce", "mode: dry", "platforms.tv.mode: must be one of enforce and observe, not 'dry'"),
    "unknown billing kind": ("kind: portabilling", "kind: jira", "billing.kind: must be portabilling, not 'jira'"),
    "one name for all": (
        "{id}_{i_env}",
        "{i_env}",
        "platforms.tv.customer_id: '{i_env}' would give all accounts one name; it needs {id} or {i_account}",
    ),
    "unknown field in the pattern": (
        "{id}_{i_env}",
        "{id}_{name}",
        "platforms.tv.customer_id: {name} is not known; only {id}, {i_env} and {i_account} may stand in braces",
    ),
    "format in the pattern": ("{id}_{i_env}", "{id:>9}", "platforms.tv.customer_id: {id:>9} is not known; only {id},"),
    "open brace": ("{id}_{i_env}", "{id", "platforms.tv.customer_id: '{id' has a brace without its counterpart; only"),
    "no address": (
        "url: https://tv.example.net",
        "url: tv.example.net",
        "platforms.tv.url: must be an address that begins with http:// or https://, and a host",
    ),
    "CA file missing": ("verify_tls: true", "verify_tls: nope.pem", "billing.verify_tls: the CA file "),
    "no CA": ("verify_tls: true", "verify_tls: secrets/token", "billing.verify_tls: the CA file "),
    "no port": ("0.0.0.0:8080", "0.0.0.0", "server.listen: '0.0.0.0' is not an address to listen on; write host:port"),
    "page without a way in": ("server: {", "server: {page: {}, ", "server.page: needs token, or username and password"),
    "page with half a way in": (
        "server: {",
        "server: {page: {token: t, username: noc}, ",
        "server.page: username and password go together",
    ),
    "page with a user no browser can send": (
        "server: {",
        'server: {page: {username: "a:b", password: p}, ',
        "server.page: username cannot have a colon",
    ),
    "reserved name": ("  tv:\n", "  all:\n", "platforms.all: this name is taken"),
    "regex": (
        'name: "IPTV Sport"',
        'name_regex: "("',
        "catalog[1].product.name_regex: '(' is not a regular expression",
    ),
    "two ways to match": (
        'name: "IPTV Sport"',
        'name: "IPTV Sport", i_product: 3',
        "catalog[1].product: a product is matched by exactly one of i_product, name and name_regex",
    ),
    "missing secret file": ("secrets/token", "secrets/nope", "billing.token: the file "),
    "unset variable": ("ESPF_PASSWORD", "NOPE", "events.espf.password: the environment variable NOPE is not set"),
    "empty variable": ("ESPF_PASSWORD", "EMPTY", "events.espf.password: the environment variable EMPTY is empty"),
    "no secret": ("{file: secrets/token}", "[1]", "billing.token: must be {file: PATH} or {env: NAME}"),
}


@pytest.mark.parametrize(("old", "new", "told"), WRONG.values(), ids=WRONG.keys())
def test_a_problem_is_told_with_place_and_value(tmp_path: Path, old: str, new: str, told: str) -> None:
    said = problems(tmp_path, old, new)
    assert [sentence for sentence in said if sentence.startswith(told)], said


@pytest.mark.parametrize(
    ("file", "told"),
    [("empty", "is empty"), ("two-lines", "holds more than one line"), ("binary", "is not text in UTF-8")],
)
def test_an_unusable_secret_file_is_named(tmp_path: Path, file: str, told: str) -> None:
    (sentence,) = problems(tmp_path, "secrets/token", f"secrets/{file}")
    assert sentence.startswith(f"billing.token: the file {tmp_path / 'secrets' / file} {told}")


def test_all_problems_are_told_together_and_sorted(tmp_path: Path) -> None:
    text = WHOLE.replace("environment: 3", "environment: x").replace("platform: tv, packages: [sport]", "platform: tw")
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, text.replace("telebreeze", "nope").replace("floor: 10", "flor: 10"))
    told = caught.value.problems
    assert [sentence.partition(":")[0] for sentence in told] == [
        "billing.environment",
        "brake.flor",
        "catalog[1].platform",
        "platforms.tv.driver",
    ]
    assert str(caught.value) == "\n".join(told)


def test_missing_blocks_are_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, "rules: {}")
    assert caught.value.problems == ("billing: is required", "catalog: is required", "platforms: is required")


@pytest.mark.parametrize(
    ("dialect", "told"),
    [
        ("{paths: {costumers: /x}}", "paths.costumers: unknown key; did you mean customers?"),
        ("{paths: {customers: 7}}", "paths.customers: must be text, not 7; put it in quotes"),
        ("{paths: {customers: x}}", "paths.customers: must be a text of the form ^/, not 'x'"),
        ("{pats: {}}", "pats: unknown key; did you mean paths?"),
    ],
)
def test_the_dialect_is_checked_with_the_drivers_model(tmp_path: Path, dialect: str, told: str) -> None:
    assert problems(tmp_path, "dialect: {}", f"dialect: {dialect}") == [f"platforms.tv.dialect.{told}"]


def test_of_several_billings_each_needs_a_name_of_its_own(tmp_path: Path) -> None:
    block = "url: 'https://b', environment: 1, login: x, token: {file: secrets/token}"
    listed = f"billing: [{{{block}}}, {{name: a, {block}}}, {{name: a, {block}}}]\n"
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, listed + WHOLE[WHOLE.index("events:") :])
    assert caught.value.problems == (
        "billing[0].name: is required: of several billing blocks each has a name (line 1)",
        "billing[2].name: 'a' occurs twice (line 1)",
        "platforms.tv.billing: is required: there are several billing blocks; one of a, billing",
    )


def test_write_back_needs_a_place_to_spare(tmp_path: Path) -> None:
    told = "billing: write_back needs a max_concurrency of 2 or more: one place is set aside for it"
    with pytest.raises(ConfigError) as caught:
        read(
            tmp_path,
            WHOLE.replace("max_concurrency: 4", "max_concurrency: 1").replace("enabled: false", "enabled: true"),
        )
    assert any(problem.startswith(told) for problem in caught.value.problems), caught.value.problems


def test_two_platforms_of_one_name_are_refused(tmp_path: Path) -> None:
    (sentence,) = problems(tmp_path, "catalog:", "  tv: {driver: telebreeze}\ncatalog:")
    assert sentence == f"{tmp_path / 'config.yaml'}: platforms.tv: occurs twice (line 35)"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "the configuration is empty"),
        ("- 1", "the configuration must be a mapping of blocks: billing, platforms, catalog, ..."),
        ("a: [1\nb: 2", "config.yaml: line 2, column 2: not valid YAML: "),
        ("a: !canary x", "config.yaml: line 1, column 4: not valid YAML: could not determine a constructor"),
        ("a: *canary", "config.yaml: line 1, column 4: not valid YAML: found undefined alias (a word)"),
        ("a: \x07", "config.yaml: the file is not YAML: it holds a character"),
        ("a: &x [*x]", "config.yaml: the file is nested too deeply"),
        ("a: 2024-02-31", "config.yaml: the file is not YAML: it holds a character or a value"),
        ("? [a]\n: 1", "config.yaml: line 1, column 3: not valid YAML: found unhashable key"),
        ("a: 1\n---\nb: 2", "config.yaml: line 2, column 1: not valid YAML: but found another document"),
    ],
)
def test_what_is_no_yaml_is_told_with_its_line(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, text)
    (sentence,) = caught.value.problems
    assert told in sentence
    assert "canary" not in sentence


def test_an_unreadable_file_is_told(tmp_path: Path) -> None:
    binary = tmp_path / "binary.yaml"
    binary.write_bytes(b"\xff")
    for file, told in ((tmp_path / "nope", "does not exist"), (tmp_path, "cannot be read"), (binary, "is not text")):
        with pytest.raises(ConfigError) as caught:
            load(file)
        assert told in str(caught.value)
        assert str(file) in str(caught.value)
