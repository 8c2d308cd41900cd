"""Two configurations compared: names of keys, never values; and what a running process can take up of another one."""

from pathlib import Path

import pytest
import yaml

from controller.config import Config
from controller.config.changes import changed_keys
from tests.controller.configs import WHOLE, read

WHOLE_VALUES = yaml.safe_load(WHOLE)
SECOND = {**WHOLE_VALUES["platforms"]["tv"], "url": "https://tv2.example.net"}


def changed(folder: Path, values: object) -> tuple[str, ...]:
    return changed_keys(read(folder), read(folder, yaml.safe_dump(values)))


def laid_over(**blocks: object) -> object:
    return {
        name: {**known, **block} if isinstance(known, dict) and isinstance(block := blocks.get(name), dict)
        else blocks.get(name, known)
        for name, known in WHOLE_VALUES.items()
    }  # fmt: skip


@pytest.mark.parametrize(
    ("blocks", "names"),
    [
        ({}, ()),
        ({"rules": {"no_funds_grace": "0h"}}, ()),
        ({"billing": {"page_size": 500, "custom_fields": {"login": "Login"}}},
         ("billing.custom_fields.device_ids", "billing.custom_fields.login", "billing.custom_fields.password",
          "billing.custom_fields.pin", "billing.page_size")),
        ({"catalog": [{"product": {"i_product": 61}, "platform": "tv"}]}, ("catalog",)),
        ({"rules": {"status": {"frozen": "suspended"}}}, ("rules.status.customer_limited", "rules.status.frozen")),
        ({"events": {"espf": None}}, ("events.espf",)),
        ({"platforms": {"tv2": SECOND}}, ("platforms.tv2",)),
    ],
)  # fmt: skip
def test_the_keys_that_differ_are_named(tmp_path: Path, blocks: dict[str, object], names: tuple[str, ...]) -> None:
    assert changed(tmp_path, laid_over(**blocks)) == names


def test_of_several_billings_each_is_named(tmp_path: Path) -> None:
    north, south = ({**WHOLE_VALUES["billing"], "name": name, "environment": n} for n, name in enumerate("ns"))
    tv = {**WHOLE_VALUES["platforms"]["tv"], "billing": "n"}
    two = read(tmp_path, yaml.safe_dump(laid_over(billing=[north, south], platforms={"tv": tv})))
    other = read(tmp_path, yaml.safe_dump(laid_over(billing=[north, {**south, "login": "x"}], platforms={"tv": tv})))
    assert changed_keys(two, other) == ("billing.s.login",)
    assert changed_keys(read(tmp_path), two) == ("billing.billing", "billing.n", "billing.s", "platforms.tv.billing")


def test_a_secret_counts_by_its_value_not_by_where_it_stands(tmp_path: Path) -> None:
    before = read(tmp_path)
    elsewhere = read(tmp_path, WHOLE.replace("{file: secrets/token}", "canary-token"))
    assert changed_keys(before, elsewhere) == ()
    assert changed_keys(before, read(tmp_path, WHOLE.replace("{file: secrets/token}", "another"))) == ("billing.token",)


def test_a_running_process_takes_up_everything_but_where_it_listens_and_its_store(tmp_path: Path) -> None:
    running = read(tmp_path)
    text = WHOLE.replace("state/state.db", "other.db").replace(":8080", ":9090").replace("10m", "5m")
    wanted = read(tmp_path, text)
    assert wanted.fingerprint != running.fingerprint
    taken = wanted.keeping(running)
    assert changed_keys(running, taken) == ("schedule.full_pass",)
    assert changed_keys(taken, wanted) == ("server.listen", "store.path")
    assert taken.fingerprint not in (wanted.fingerprint, running.fingerprint)
    assert isinstance(taken, Config)
    assert read(tmp_path).keeping(running) == running
