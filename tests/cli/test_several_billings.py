"""Two billing environments over the real commands: one that refuses us leaves the other as it should be."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.site import Site, site
from tests.cli.test_run import daemon


@pytest.fixture
def west(tmp_path: Path) -> Iterator[Site]:
    """A second installation; what runs is configured at the first one."""
    folder = tmp_path / "west"
    folder.mkdir()
    with site(folder) as made:
        yield made


def configure(here: Site, west: Site, *, west_token: str = "simulated-token") -> None:
    common = {"login": "iptv-reconciler", "requests_per_second": 1000, "custom_fields": {"device_ids": ["TV MAC"]}}
    tv = {"driver": "telebreeze", "api_key": {"file": "key"}, "requests_per_second": 1000}
    here.configure(
        billing=[
            {"name": "east", "url": here.billing_url, "environment": 3, "token": {"file": "token"}, **common},
            {"name": "west", "url": west.billing_url, "environment": 5, "token": west_token, **common},
        ],
        platforms={
            "tv": {"url": here.platform_url, "billing": "east", **tv},
            "tv_west": {"url": west.platform_url, "billing": "west", **tv},
        },
        catalog=[{"product": {"i_product": 61}, "platform": name, "packages": ["basic"]} for name in ("tv", "tv_west")],
    )


def records(where: Site) -> list[tuple[str, str]]:
    return sorted((str(row["externalId"]), str(row["status"])) for row in where.platform.operator.customers.values())


def test_both_are_applied_and_explain_asks_which_one_is_meant(here: Site, west: Site) -> None:
    configure(here, west)
    assert here.tv_account(1) == west.tv_account(1)
    west.tv_account(2)

    assert here.call("apply").code == 0

    assert records(here) == [("tv000001_3", "active")]
    assert records(west) == [("tv000001_5", "active"), ("tv000002_5", "active")]
    assert (here.billing.sessions.logins, west.billing.sessions.logins) == (1, 1)
    unclear = here.call("explain", "tv000001")
    assert unclear.code == 1
    assert "2 billing sources know an account 'tv000001': say --billing, one of east, west" in unclear.err
    meant = here.call("explain", "tv000001", "--billing", "west", "--output", "json")
    assert json.loads(meant.out)["platforms"].keys() == {"tv_west"}
    assert json.loads(here.call("explain", "tv000002", "--output", "json").out)["billing"]["name"] == "west"
    assert "there is no billing 'wets'; did you mean west?" in here.call("explain", "x", "--billing", "wets").err


def test_the_daemon_serves_one_while_the_other_refuses_our_password(here: Site, west: Site) -> None:
    configure(here, west, west_token="wrong")
    account = here.tv_account()
    west.tv_account()
    with daemon(here) as running:
        running.until(lambda: records(here) == [("tv000001_3", "active")])
        here.billing.change("block", i_account=account)
        running.until(lambda: records(here) == [("tv000001_3", "disabled")])
        assert json.loads(running.get("/readyz"))["ok"]

    assert records(west) == []
    assert west.billing.sessions.logins <= 2
    status = here.call("status", "--output", "json")
    sources = json.loads(status.out)["billing"]["sources"]
    assert (status.code, sources["east"]["complete"], sources["east"]["text"]) == (5, True, None)
    assert "does not accept our login" in sources["west"]["text"]
    assert "  west: 0 accounts, not proven complete, last read never; billing does not" in here.call("status").out
    assert here.call("plan").code == 1
