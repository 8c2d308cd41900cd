"""What `doctor` makes of what it was told: the account list, the release, the catalog, the place of the store."""

from pathlib import Path

import pytest

from controller.billing.wire import AccountRow, Page, decode_page
from controller.doctor import release
from controller.doctor.catalog import judge_packages, judge_products
from controller.doctor.checks import listed
from controller.doctor.listing import SAMPLES, judge_addons, judge_page, samples
from controller.doctor.local import judge_store
from desired_state.account import AssignedProduct
from desired_state.catalog import CatalogEntry, Package, ProductMatch
from tests.billing.helpers import page, row
from tests.doctor.helpers import FAIL, HERE, OK, WARN, levels, text_of


def rows(count: int, **fields: object) -> list[dict[str, object]]:
    return [row(**{"i_account": number, **fields}) for number in range(1, count + 1)]


def judged(body: bytes, page_size: int = 1000) -> dict[str, list[str]]:
    checks = list(judge_page(HERE, decode_page(body), page_size))
    return {name: [str(level) for level in levels(checks, name)] for name in ("accounts", "page_size", "status")}


def test_a_good_list_is_counted() -> None:
    body = page(*rows(3, status="blocked"), total=3)

    assert judged(body) == {"accounts": ["ok"], "page_size": [], "status": ["ok"]}


@pytest.mark.parametrize(
    ("body", "accounts"),
    [
        (b"{}", ["fail"]),
        (page(total=0), ["warn"]),
        (page(*rows(3)), ["warn"]),
        (page(*rows(3), total="many"), ["warn"]),
        (page(*rows(2), row(i_account=3, balance="much"), total=3), ["ok", "warn"]),
    ],
)
def test_a_list_without_accounts_count_or_sense_is_told(body: bytes, accounts: list[str]) -> None:
    assert judged(body)["accounts"] == accounts


def test_a_page_that_is_cut_short_is_told() -> None:
    assert judged(page(*rows(3), total=9), page_size=5)["page_size"] == ["warn"]
    assert judged(page(*rows(5), total=9), page_size=5)["page_size"] == []


def test_a_list_that_gives_blocked_accounts_no_status_is_told() -> None:
    assert judged(page(*rows(3, blocked="Y"), total=3))["status"] == ["warn"]
    assert judged(page(*rows(3), total=3))["status"] == ["ok"]


def account_rows(*products: int) -> tuple[AccountRow, ...]:
    body = page(*(row(i_account=number, i_product=product) for number, product in enumerate(products, 1)))
    found: Page = decode_page(body)
    return found.rows


def entry(packages: tuple[str, ...] = (), **product: object) -> CatalogEntry:
    return CatalogEntry(product=ProductMatch.model_validate(product), platform="tv", packages=packages)


def test_samples_are_accounts_of_the_catalog_from_all_over_the_page() -> None:
    found = samples(account_rows(*([70] * 90), *([61] * 100)), [entry(i_product=61)])

    assert [each.i_account for each in found] == [91, 111, 131, 151, 171]
    assert len(samples(account_rows(*([70] * 90)), [entry(i_product=61)])) == SAMPLES
    assert samples(decode_page(page(row(bill_status="C"))).rows, []) == ()


def test_where_add_ons_are_shown_is_told() -> None:
    with_addons = decode_page(page(row(assigned_addons=[{"i_product": 86}]))).rows

    assert judge_addons(HERE, with_addons, 0).text == "the list shows add-ons"
    assert "with each account's details" in judge_addons(HERE, account_rows(61), 2).text
    assert "cannot be told" in judge_addons(HERE, account_rows(61), 0).text


@pytest.mark.parametrize(
    ("version", "environment", "expected"),
    [
        ({"version": "MR115-2"}, {"env_info": {"i_env": "3"}}, [OK, OK]),
        (None, None, [WARN, WARN]),
        ({"version": "\x1b[2J"}, {"env_info": {"i_env": "three"}}, [WARN, WARN]),
        ({"version": 115}, {"env_info": {"i_env": 4}}, [WARN, FAIL]),
    ],
)
def test_release_and_environment(version: release.Answer, environment: release.Answer, expected: list[str]) -> None:
    checks = release.judge(HERE, version, environment, 3)

    assert [check.level for check in checks] == expected
    assert not any("\x1b" in check.text for check in checks)


SOLD = [AssignedProduct(61, "IPTV Basic"), AssignedProduct(86, "IPTV Sport")]


def test_a_catalog_entry_that_matches_no_product_fails_and_names_the_nearest() -> None:
    entries = [entry(name="IPTV Basik"), entry(name_regex="^Radio"), entry(i_product=99), entry(i_product=86)]

    checks = list(judge_products(HERE, entries, SOLD))

    assert levels(checks, "products") == [FAIL, FAIL, FAIL, OK]
    assert "did you mean 'IPTV Basic'? billing sells '61 IPTV Basic', '86 IPTV Sport'" in checks[0].text
    assert checks[-1].text == "1 of 4 catalog entries match one of 2 products"


OFFERED = [Package("1", "basic", "Basic"), Package("2", "sport", "Sport"), Package("3", "gala", "Sport")]


def test_a_package_that_is_not_offered_fails_and_what_is_offered_is_named() -> None:
    checks = list(judge_packages(HERE, [entry(("basic", "sprot"), i_product=61), entry(("1",), i_product=62)], OFFERED))

    assert levels(checks, "packages") == [FAIL, OK]
    assert "'sprot' of the catalog is not offered; did you mean 'sport'?" in checks[0].text
    assert "offered: 'basic', 'gala', 'sport'" in checks[0].text


def test_a_package_name_that_means_several_fails() -> None:
    checks = list(judge_packages(HERE, [entry(("Sport",), i_product=61)], OFFERED))

    assert "means several packages" in text_of(checks, FAIL)


def test_long_lists_of_names_are_cut() -> None:
    assert listed(f"p{number:02}" for number in range(25)).endswith("'p19' and 5 more")


def test_a_store_can_be_there_or_be_made(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "state.db"

    assert judge_store(HERE, path).level is OK
    assert not path.parent.exists()
    path.parent.mkdir()
    path.touch()
    assert judge_store(HERE, path).level is OK


def test_a_store_that_cannot_be_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    assert judge_store(HERE, tmp_path / "file" / "state.db").level is FAIL
    assert "is not a file" in judge_store(HERE, tmp_path).text
