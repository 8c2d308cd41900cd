"""The simulated installation's accounts: lists, details, statuses, ends, custom fields, money."""

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from controller.billing.simulator import Simulator
from desired_state.account import AccountStatus
from tests.billing.helpers import installation, login, post
from tests.clocks import START, VirtualClock


class Caller:
    """Logged in."""

    def __init__(self, sim: Simulator, token: str) -> None:
        self.sim = sim
        self._token = token

    async def __call__(self, operation: str, **params: object) -> Any:  # noqa: ANN401  JSON of any shape
        answer = await post(self.sim, operation, params, self._token)
        return answer.json()

    async def info(self, i_account: int) -> Any:  # noqa: ANN401
        return (await self("Account/get_account_info", i_account=i_account))["account_info"]

    async def list(self, **params: object) -> Any:  # noqa: ANN401
        return (await self("Account/get_account_list", limit=1000, **params))["account_list"]


async def caller(accounts: int = 0, **switches: object) -> Caller:
    sim = installation(VirtualClock(), **switches)
    sim.populate(accounts)
    return Caller(sim, await login(sim))


async def test_more_than_1000_rows_are_silently_not_given() -> None:
    call = await caller(1200)
    answer = await call("Account/get_account_list", limit=5000, get_only_real_accounts=1)
    assert len(answer["account_list"]) == 1000
    assert "total" not in answer
    answer = await call("Account/get_account_list", limit=10, offset=1195, get_only_real_accounts=1, get_total=1)
    assert (len(answer["account_list"]), answer["total"]) == (5, 1200)
    assert "offset" in (await call("Account/get_account_list", offset=5))["faultcode"]


async def test_filters_of_the_list() -> None:
    call = await caller(200)
    everything = await call.list()
    assert Counter(row["billing_model"] in (-1, 1, 4) for row in everything) == {True: 200, False: 4}
    assert all(row["bill_status"] != "C" for row in await call.list(get_not_closed_accounts=1))
    assert all(row["id"].endswith("-old000") for row in await call.list(bill_status="C"))
    assert {row["i_product"] for row in await call.list(i_product=70)} == {70}
    customer = everything[0]["i_customer"]
    assert {row["i_customer"] for row in await call.list(i_customer=str(customer))} == {customer}
    assert [row["id"] for row in await call.list(id="tv07000_")] == [f"tv07000{n}" for n in range(1, 10)]
    assert len(await call.list(id="tv%")) == 200
    assert len(await call.list(lastname="doe70005%")) == 1
    alias = next(row for row in everything if row["billing_model"] == 2)
    aliases = await call("Account/get_alias_list", i_master_account=alias["i_master_account"], get_total=1)
    assert (aliases["total"], aliases["alias_list"][0]["i_account"]) == (1, alias["i_account"])


async def test_rows_show_status_and_addons_only_as_switched() -> None:
    call = await caller()
    call.sim.change("create", id="a")
    call.sim.change("addon_add", i_account=70001, i_product=86)
    (fine,) = await call.list(get_statuses=1)
    assert "status" not in fine
    assert fine["assigned_addons"] == fine["service_features"] == fine["included_services"] == []
    call.sim.change("block", i_account=70001)
    assert "status" not in (await call.list())[0]
    assert (await call.list(get_statuses=1))[0]["status"] == "blocked"
    call.sim.switch(status_without_asking=True, addons_in_list=True, status_when_fine="ok")
    assert (await call.list())[0]["status"] == "blocked"
    assert (await call.list())[0]["assigned_addons"][0]["i_product"] == 86
    call.sim.change("unblock", i_account=70001)
    assert (await call.list())[0]["status"] == "ok"


async def test_a_populated_fleet_is_in_every_state_of_the_contract() -> None:
    call = await caller(200)
    accounts = call.sim.installation.accounts.values()
    assert {call.sim.status(account) for account in accounts} == {*AccountStatus, None} - {AccountStatus.ACTIVE}
    assert {account.i_product for account in accounts} == {61, 62, 70}
    assert any(", " in str(account.custom_fields.get("TV MAC")) for account in accounts)
    assert any(addon.effective_from > START for account in accounts for addon in account.addons)
    assert any(addon.effective_to and addon.effective_to < START for account in accounts for addon in account.addons)
    ids = [account.id for account in accounts]
    assert len(ids) == len(set(ids))
    assert any(f"{account_id}-old000" in ids for account_id in ids), "an id that is used again"
    devices = [account.custom_fields["TV MAC"] for account in accounts if account.custom_fields]
    assert len(devices) == len(set(devices))


async def test_the_same_seed_makes_the_same_fleet() -> None:
    assert (await caller(50)).sim.installation == (await caller(50)).sim.installation
    other = installation()
    other.populate(50, seed=2)
    assert other.installation != (await caller(50)).sim.installation


async def test_details_have_what_the_list_has_not() -> None:
    call = await caller()
    call.sim.change("create", id="a")
    call.sim.change("addon_add", i_account=70001, i_product=86, effective_from=START + timedelta(days=9))
    call.sim.change("addon_add", i_account=70001, i_product=87, effective_to=START - timedelta(days=9))
    info = await call.info(70001)
    assert "status" not in info
    assert info["is_active"] == 1
    assert info["firstname"] == "Ana70001"
    assert [addon["i_product"] for addon in info["assigned_addons"]] == [86, 87]
    assert info["assigned_addons"][0]["addon_effective_from"] == "2026-03-10 12:00:00"
    assert "addon_effective_to" not in info["assigned_addons"][0]
    assert len(info["service_features"]) == 1
    plain = await call("Account/get_account_info", id="a", without_service_features=1)
    assert "service_features" not in plain["account_info"]
    assert (await call("Account/get_account_info", login="a"))["account_info"]["i_account"] == 70001


async def test_an_unknown_account_is_no_fault_unless_switched() -> None:
    call = await caller()
    assert await call("Account/get_account_info", i_account=5) == {}
    call.sim.switch(not_found_is_fault=True)
    assert "not_found" in (await call("Account/get_account_info", i_account=5))["faultcode"]


async def test_a_terminated_account_loses_its_id_for_another_to_use() -> None:
    call = await caller()
    for _ in range(3):
        made = await call("Account/add_account", account_info={"id": "tv1", "i_product": 61})
        duplicate = await call("Account/add_account", account_info={"id": "tv1"})
        assert duplicate["faultcode"] == "Server.Account.duplicate_id"
        assert await call("Account/terminate_account", i_account=made["i_account"]) == {"success": 1}
    rows = await call.list()
    assert [(row["id"], row["bill_status"]) for row in rows] == [(f"tv1-old00{n}", "C") for n in range(3)]
    assert (await call.info(70001))["status"] == "closed"
    refused = await call("Account/update_account", account_info={"i_account": 70001, "blocked": "Y"})
    assert "closed" in refused["faultcode"]


async def test_a_product_changed_without_its_addons_loses_them() -> None:
    call = await caller()
    call.sim.change("create", id="a")
    addons = [{"i_product": 86, "addon_effective_from": "2026-01-01 00:00:00"}]
    await call("Account/update_account", account_info={"i_account": 70001, "assigned_addons": addons})
    await call("Account/update_account", account_info={"i_account": 70001, "blocked": "Y", "email": "x@example.net"})
    info = await call.info(70001)
    assert (info["status"], info["email"], len(info["assigned_addons"])) == ("blocked", "x@example.net", 1)
    await call("Account/update_account", account_info={"i_account": 70001, "i_product": 62})
    assert (await call.info(70001))["assigned_addons"] == []


@pytest.mark.parametrize(
    "info",
    [
        {"i_account": 70001, "i_product": 5},
        {"i_account": 70001, "expiration_date": "soon"},
        {"i_account": 9},
        "x",
        None,
    ],
)
async def test_wrong_updates_are_faults(info: object) -> None:
    call = await caller(1)
    assert "faultcode" in await call("Account/update_account", account_info=info)


async def test_a_blocked_customer_is_inherited_by_all_its_accounts() -> None:
    call = await caller()
    call.sim.change("create", id="a")
    customer = call.sim.installation.accounts[70001].customer.i_customer
    call.sim.change("create", id="b", i_customer=customer)
    assert call.sim.change("customer_block", i_account=70001) == customer
    assert [row["status"] for row in await call.list(get_statuses=1)] == ["customer_blocked"] * 2
    info = await call.info(70002)
    assert (info["blocked"], info["customer_blocked"], info["is_active"]) == ("N", "Y", 0)
    await call("Customer/update_customer", customer_info={"i_customer": customer, "blocked": "N"})
    assert "status" not in await call.info(70002)
    assert (await call("Customer/get_customer_info", i_customer=customer))["customer_info"]["blocked"] == "N"
    assert await call("Customer/get_customer_info", i_customer=1) == {}


async def test_dates_and_money_change_the_status_as_time_and_payments_go_by() -> None:
    call = await caller()
    call.sim.change("create", id="a")
    call.sim.change("activate_on", i_account=70001, day="2026-03-05")
    assert (await call.info(70001))["status"] == "not_yet_active"
    call.sim.change("activate_on", i_account=70001)
    call.sim.change("expire_on", i_account=70001, day="2026-02-28")
    assert (await call.info(70001))["status"] == "expired"
    call.sim.change("drain", i_account=70001)
    assert (await call.info(70001))["status"] == "credit_exceeded", "a weightier reason"
    call.sim.change("topup", i_account=70001, amount=3)
    call.sim.change("expire_on", i_account=70001, day="2026-03-01")
    assert "status" not in await call.info(70001), "the last day counts"


async def test_an_account_expires_at_midnight_of_its_own_zone() -> None:
    clock = VirtualClock()
    sim = installation(clock)
    sim.change("create", id="a")
    sim.change("expire_on", i_account=70001, day="2026-03-01")
    account = sim.installation.accounts[70001]
    clock.advance(timedelta(hours=10, minutes=59))
    assert sim.status(account) is None
    clock.advance(60)
    assert sim.status(account) == "expired"


async def test_custom_fields_are_there_cleared_or_missing() -> None:
    call = await caller()
    call.sim.change("create", id="a")
    call.sim.change("device", i_account=70001)
    del call.sim.installation.accounts[70001].custom_fields["TV PIN"]
    fields = (await call("Account/get_custom_fields_values", i_account=70001))["custom_fields_values"]
    assert [(field["i_custom_field"], field["name"]) for field in fields] == [
        (12, "TV MAC"),
        (13, "TV Login"),
        (14, "TV Password"),
    ]
    assert fields[0]["db_value"] is None
    update = [{"name": "TV MAC", "db_value": "00:1A:79:00:00:01"}, {"i_custom_field": 15, "db_value": "1234"}]
    await call("Account/update_custom_fields_values", i_account=70001, custom_fields_values=update)
    fields = (await call("Account/get_custom_fields_values", i_account=70001))["custom_fields_values"]
    assert [field["db_value"] for field in fields][-1] == "1234"
    customer = (await call.info(70001))["i_customer"]
    await call("Customer/update_custom_fields_values", i_customer=customer, custom_fields_values=update[:1])
    of_customer = await call("Customer/get_custom_fields_values", i_customer=customer)
    assert of_customer["custom_fields_values"][0]["db_value"] == "00:1A:79:00:00:01"
    assert "faultcode" in await call("Account/get_custom_fields_values", i_account=5)


@pytest.mark.parametrize(("field", "switch"), [("CLD", "CLD"), ("description", "description"), (None, "none")])
async def test_each_transaction_is_an_xdr_and_the_comment_shows_where_switched(field: str | None, switch: str) -> None:
    call = await caller(comment_field=switch)
    call.sim.change("create", id="a")
    for _ in range(2):
        answer = await call(
            "Account/make_transaction",
            i_account=70001,
            action="Manual Charge",
            amount=3.99,
            visible_comment="VOD [ref:1]",
            internal_comment="ref-internal",
        )
    assert (answer["balance"], answer["i_xdr"]) == (7.98, 88123402)
    dates = {"from_date": "2026-03-01 11:00:00", "to_date": "2026-03-01 12:00:00"}
    found = await call("Account/get_xdr_list", i_account=70001, get_total=1, **dates)
    assert (found["total"], found["xdr_list"][0]["charged_amount"]) == (2, 3.99)
    assert [name for name, value in found["xdr_list"][0].items() if "[ref:1]" in str(value)] == [field] * bool(field)
    assert "ref-internal" not in str(found)
    later = await call("Account/get_xdr_list", i_account=70001, from_date="2026-03-01 12:00:01")
    assert later["xdr_list"] == []
    credit = await call("Account/make_transaction", i_account=70001, action="manual credit", amount="7.98")
    assert credit["balance"] == 0


@pytest.mark.parametrize("wrong", [{"action": "Give"}, {"amount": 0}, {"amount": "x"}, {"i_account": 5}])
async def test_wrong_transactions_are_faults_and_book_nothing(wrong: dict[str, object]) -> None:
    call = await caller(1)
    good: dict[str, object] = {"i_account": 70001, "action": "Manual charge", "amount": 1}
    assert "faultcode" in await call("Account/make_transaction", **{**good, **wrong})
    assert call.sim.installation.transactions == []


async def test_products_are_listed_and_one_comes_twice() -> None:
    call = await caller()
    answer = await call("Product/get_product_list", limit=200, offset=0, get_total=1)
    assert [product["i_product"] for product in answer["product_list"]] == [*range(61, 67), 70, *range(86, 90), 61]
    assert (await call("Product/get_product_info", i_product=62))["product_info"]["name"] == "IPTV Family"
    assert await call("Product/get_product_info", i_product=1) == {}
    addons = await call("Product/get_allowed_addons", i_product=61)
    assert [addon["i_product"] for addon in addons["product_list"]] == [86, 87, 88, 89]


async def test_numbers_come_as_text_where_switched() -> None:
    call = await caller(1, numbers_as_text=True)
    assert (await call.info(70001))["i_account"] == "70001"
