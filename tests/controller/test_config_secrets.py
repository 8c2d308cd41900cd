"""Promise P10 for the configuration: planted secrets show nowhere."""

import copy
import json
import pickle
import traceback
from pathlib import Path

import pytest

from controller.config import ConfigError
from controller.config.schema import schema
from controller.config.secret import ConfigSecret
from tests.controller.configs import WHOLE, read

CANARY = "canary"


def test_p10_a_valid_configuration_never_shows_its_secrets(tmp_path: Path) -> None:
    config = read(tmp_path)
    shown = [repr(config), str(config), config.model_dump_json(), str(config.model_dump()), config.fingerprint]
    shown += [*config.warnings, json.dumps(schema()), repr(config.platforms["tv"].endpoint("tv"))]
    assert CANARY not in "".join(shown)


def test_p10_a_secret_shows_only_where_it_is_asked_for() -> None:
    secret = ConfigSecret("plain text", "canary-x")
    assert CANARY not in f"{secret} {secret!r} {[secret]}"
    assert secret.get() == "canary-x"
    assert copy.deepcopy(secret) == secret == pickle.loads(pickle.dumps(secret))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("{file: secrets/token}", "[canary]"),
        ("{file: secrets/token}", "{fil: canary}"),
        ("{file: secrets/token}", "{canary: 1}"),
        ("{file: secrets/token}", "{file: secrets/two-lines}"),
        ("{file: secrets/token}", '"canary\\nline"'),
        ("token: {file: secrets/token}", "tokn: canary"),
        ("token: {file: secrets/token}", "token: canary\n  password: canary"),
        ("token: {file: secrets/token}", "token: !canary x"),
        ("token: {file: secrets/token}", "token: *canary"),
        ("token: {file: secrets/token}", "token: 'canary"),
        ("token: {file: secrets/token}", "token: canary: canary"),
        ("token: {file: secrets/token}", "token: a\n  token: canary"),
        ("https://billing.example.net", "https://user:canary@billing.example.net"),
        ("https://billing.example.net", "https://user:canary@[billing"),
        ("https://tv.example.net", "https://tv.example.net/?key=canary"),
        ("{username: espf, password: {env: ESPF_PASSWORD}}", "espf:canary"),
        ("{username: espf, password: {env: ESPF_PASSWORD}}", "[espf, canary]"),
    ],
)
def test_p10_no_error_shows_a_secret(tmp_path: Path, old: str, new: str) -> None:
    assert old in WHOLE
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, WHOLE.replace(old, new, 1))
    assert CANARY not in str(caught.value)
    assert CANARY not in "".join(traceback.format_exception_only(caught.value))
    assert caught.value.__context__ is None or caught.value.__suppress_context__
