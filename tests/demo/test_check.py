"""The independent check notices every kind of wrongness, and knows nothing of the product."""

import ast
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from controller.demo import check
from controller.demo.check import WORDS, Account, AddOn, Memory, Record, Scene, differences

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ACCOUNT = Account(
    i_account=70001,
    id="tv1",
    i_product=61,
    billing_model=1,
    status=None,
    contact={
        **{"firstname": "Ana", "lastname": "Doe", "email": "a@example.net,b@example.net", "phone1": "+420555"},
        **{"baddr1": "Hill St 9", "baddr2": "Door 2", "city": "Brno", "zip": "60000", "country": "CZ"},
    },
    custom_fields={"TV MAC": "00:1a:79:00:00:02, 00:1A:79:00:00:01", "TV PIN": "1234"},
)
RECORD: Record = {
    **{"id": "c1", "externalId": "tv1_3", "status": "active", "packages": ["1"], "authMethod": "device"},
    **{"devices": [{"deviceId": "001A79000001"}, {"deviceId": "001A79000002"}], "maxConcurrentConnections": 2},
    **{"firstName": "Ana", "lastName": "Doe", "email": "a@example.net", "phone": "+420555", "state": ""},
    **{"address": "Hill St 9, Door 2", "city": "Brno", "zip": "60000", "country": "CZ"},
    "notes": "iptv-reconciler env=3 i_account=70001",
}
FOREIGN: Record = {
    "id": "f1",
    "externalId": "",
    "status": "active",
    "packages": ["1"],
    "devices": [],
    "notes": "by hand",
}
HAD = Memory(ours=frozenset({"tv1_3"}))
NOTE = "iptv-reconciler env=3 i_account=70001"
MAIN = {"tv": 61, "cable": 63, "box": 65}
RECORDS: Mapping[str, Record] = {
    "tv": RECORD,
    "cable": {
        **{"id": "tv1_3", "revision": 1, "enabled": True, "products": ["basic"], "pin": "1234", "note": NOTE},
        **{"cpes": ["001A79000002", "001A79000001"], "first": "Ana", "last": "Doe"},
        **{"email": "a@example.net", "phone": "+420555"},
    },
    "box": {
        **{"login": "tv1", "status": "1", "tariff_plan": "basic", "subscribed": [], "stb_mac": "00:1A:79:00:00:02"},
        **{"full_name": "Ana Doe", "phone": "+420555", "account_number": "tv1", "comment": NOTE},
    },
}


def found(
    accounts: Sequence[Account], records: Sequence[Record], memory: Memory | None = None, platform: str = "tv"
) -> list[str]:
    scene = Scene(WORDS[platform], records, memory or Memory(), NOW)
    return [str(each) for each in differences(accounts, scene)]


def like(account: Account = ACCOUNT, **changes: object) -> Account:
    return msgspec.structs.replace(account, **changes)


def test_nothing_is_found_where_all_is_well() -> None:
    assert found([ACCOUNT], [RECORD]) == []


def test_a_missing_record_is_noticed() -> None:
    assert found([ACCOUNT], []) == ["tv1_3: there is no record (status None)"]


@pytest.mark.parametrize("accounts", [(), (like(status="closed"),), (like(billing_model=2),)])
def test_a_record_too_many_is_noticed(accounts: Sequence[Account]) -> None:
    assert found(accounts, [RECORD], HAD) == ["tv1_3: there is a record, but no account that should have one"]


def test_two_records_of_one_name_are_noticed() -> None:
    assert found([ACCOUNT], [RECORD, {**RECORD, "id": "c2"}]) == ["tv1_3: there are several records of this name"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("status", "disabled"),
        ("packages", ["1", "2"]),
        ("packages", []),
        ("devices", [{"deviceId": "001A79000001"}]),
        ("devices", [{"deviceId": "00:1A:79:00:00:01"}, {"deviceId": "001A79000002"}]),
        ("authMethod", "all"),
        ("maxConcurrentConnections", 0),
        ("firstName", "Eva"),
        ("lastName", ""),
        ("email", "a@example.net,b@example.net"),
        ("phone", ""),
        ("address", "Hill St 9"),
        ("city", "Praha"),
        ("state", "CZ"),
        ("zip", ""),
        ("country", ""),
    ],
)
def test_a_wrong_value_is_noticed_and_named(field: str, value: object) -> None:
    (line,) = found([ACCOUNT], [{**RECORD, field: value}])
    assert line.startswith((f"tv1_3: {field} is ", f"tv1_3: {field} are "))


@pytest.mark.parametrize("platform", WORDS)
def test_nothing_is_found_where_all_is_well_on_any_platform(platform: str) -> None:
    account = like(i_product=MAIN[platform])
    assert found([account], [RECORDS[platform]], platform=platform) == []
    name = WORDS[platform].name(account)
    assert found([account], [], platform=platform) == [f"{name}: there is no record (status None)"]


@pytest.mark.parametrize(
    ("platform", "field", "value"),
    [
        *(("cable", "enabled", False), ("cable", "products", ["basic", "sport"]), ("cable", "pin", "")),
        *(("cable", "cpes", ["001A79000001"]), ("cable", "first", ""), ("cable", "email", "")),
        *(("cable", "note", "wiped"), ("cable", "phone", "")),
        *(("box", "status", "0"), ("box", "tariff_plan", "trial"), ("box", "subscribed", ["sport"])),
        *(("box", "stb_mac", "00:1A:79:00:00:01"), ("box", "stb_mac", "001A79000002"), ("box", "full_name", "Ana")),
        *(("box", "account_number", ""), ("box", "comment", "wiped"), ("box", "phone", "")),
    ],
)
def test_a_wrong_value_is_noticed_in_each_platforms_own_words(platform: str, field: str, value: object) -> None:
    account, record = like(i_product=MAIN[platform]), {**RECORDS[platform], field: value}
    assert found([account], [record], platform=platform) != []


def test_an_account_is_expected_on_every_platform_that_its_products_are_for() -> None:
    account = like(i_product=65, addons=(AddOn(88, "2026-01-01 00:00:00", None),))
    assert found([account], [RECORDS["box"]], platform="box") == []
    assert found([account], [{**RECORDS["cable"], "products": ["sport"]}], platform="cable") == []
    assert found([account], [], platform="tv") == []


@pytest.mark.parametrize("notes", ["", "iptv-reconciler env=3 i_account=700011"])
def test_a_record_that_does_not_name_its_account_is_noticed(notes: str) -> None:
    assert found([ACCOUNT], [{**RECORD, "notes": notes}]) == ["tv1_3: notes does not name account 70001"]


@pytest.mark.parametrize("status", sorted(check.OFF))
def test_who_is_off_keeps_a_disabled_record_and_gets_none(status: str) -> None:
    account = like(status=status)
    assert found([account], [{**RECORD, "status": "disabled"}], HAD) == []
    assert found([account], []) == []
    assert found([account], [RECORD], HAD) == ["tv1_3: status is 'active', should be 'disabled'"]
    assert found([account], [{**RECORD, "status": "disabled"}]) == [
        f"tv1_3: there should be no record (status {status})"
    ]
    assert found([account], [], HAD) == [f"tv1_3: there is no record (status {status})"]


def test_a_product_without_television_keeps_a_disabled_record_and_gets_none() -> None:
    account = like(i_product=70)
    assert found([account], []) == []
    assert found([account], [{**RECORD, "status": "disabled", "packages": ["4"]}], HAD) == []
    assert found([account], [RECORD], HAD) == ["tv1_3: status is 'active', should be 'disabled'"]


@pytest.mark.parametrize("status", ["customer_exported", "never heard of"])
def test_who_is_to_be_left_alone_must_not_come_or_go(status: str) -> None:
    account = like(status=status)
    assert found([account], []) == found([account], [RECORD], HAD) == []
    left_alone = [f"tv1_3: was to be left alone (status {status})"]
    assert found([account], [RECORD]) == found([account], [], HAD) == left_alone


@pytest.mark.parametrize(
    ("begins", "ends", "counts"),
    [
        ("2026-01-01 00:00:00", None, True),
        ("2026-01-01 00:00:00", "2026-03-01 12:00:01", True),
        ("2026-01-01 00:00:00", "2026-03-01 12:00:00", False),
        ("2026-03-01 12:00:01", None, False),
    ],
)
def test_only_add_ons_of_now_count(begins: str, ends: str | None, counts: bool) -> None:
    account = like(addons=(AddOn(86, begins, ends),))
    assert (found([account], [{**RECORD, "packages": ["2", "1"]}]) == []) is counts
    assert (found([account], [RECORD]) == []) is not counts


def test_who_has_no_device_of_his_own_gets_no_record() -> None:
    assert found([like(custom_fields={"TV MAC": None})], []) == []
    younger = like(i_account=70002, id="tv2")
    assert found([ACCOUNT, younger], [RECORD]) == []
    second = {**RECORD, "id": "c2", "externalId": "tv2_3", "notes": "i_account=70002"}
    assert found([ACCOUNT, younger], [RECORD, second]) == ["tv2_3: there should be no record (status None)"]


@pytest.mark.parametrize("records", [[], [{**FOREIGN, "notes": ""}], [{**FOREIGN, "more": 1}]])
def test_an_altered_foreign_record_is_noticed(records: Sequence[Record]) -> None:
    (difference,) = differences([], Scene(WORDS["tv"], records, Memory({"f1": FOREIGN}), NOW))
    assert difference.foreign
    assert difference.record == "f1"


def test_a_foreign_record_in_the_way_leaves_its_account_without_one() -> None:
    in_the_way = {**FOREIGN, "externalId": "tv1_3"}
    memory = Memory({"f1": in_the_way})
    assert found([ACCOUNT], [in_the_way], memory) == []
    assert found([ACCOUNT], [in_the_way, RECORD], memory) != []


FILES = sorted(Path(check.__file__).parent.glob("*.py"))


@pytest.mark.parametrize("file", FILES, ids=[file.stem for file in FILES])
def test_the_check_imports_nothing_of_the_product(file: Path) -> None:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    modules = [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    modules += [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    product = ("controller", "desired_state", "platforms")
    others = [module for module in modules if not module.startswith("controller.demo.check")]
    assert [module for module in others if module.partition(".")[0] in product] == []
