"""Billing shows an account, but not its custom fields: what it shows counts, and the rest is asked for again."""

import pytest

from controller.views.explain_text import explain_lines
from platforms.simulation import Fault
from tests.bed import Bed

FIELDS = "Account/get_custom_fields_values"
SPOILT = [{"kind": "status", "status": 500}, {"kind": "status", "status": 502}, {"kind": "html"}, {"kind": "garbage"}]


def spoil(bed: Bed, fault: dict[str, object]) -> None:
    bed.billing.faults.add(Fault.model_validate({"operation": FIELDS, "count": None, **fault}))


async def served(bed: Bed) -> int:
    """An account that is in sync."""
    account = bed.tv_account()
    await bed.full_pass()
    return account


@pytest.mark.parametrize("fault", SPOILT)
async def test_a_blocked_account_is_turned_off_at_once_though_its_custom_fields_cannot_be_read(
    bed: Bed, fault: dict[str, object]
) -> None:
    account = await served(bed)
    async with bed.daemon():
        await bed.world.sleep(5)
        spoil(bed, fault)
        bed.billing.change("block", i_account=account)
        await bed.espf("Account/Blocked", i_event=1, i_account=account)
        await bed.world.sleep(2)
        assert bed.customer("tv000001_3")["status"] == "disabled"
        assert bed.customer("tv000001_3")["devices"] == [{"deviceId": "001A79000001"}]


async def test_without_an_event_the_next_pass_turns_it_off(bed: Bed) -> None:
    account = await served(bed)
    bed.billing.switch(refused_methods=[FIELDS])
    bed.billing.change("block", i_account=account)

    (report,) = await bed.full_pass()

    assert bed.customer("tv000001_3")["status"] == "disabled"
    assert report.unread == 1, "plan and apply say that not everything is known"


async def test_custom_fields_that_make_no_sense_keep_nobody_on(bed: Bed) -> None:
    account = await served(bed)
    bed.billing.installation.accounts[account].custom_fields["TV MAC"] = {"a": 1}  # type: ignore[assignment]
    bed.billing.change("block", i_account=account)

    await bed.full_pass()

    assert bed.customer("tv000001_3")["status"] == "disabled"
    assert "custom fields of account" in ((await bed.explain("tv000001"))["billing"]["half_read"] or "")


async def test_what_else_changed_is_followed_and_no_known_credential_is_lost(bed: Bed) -> None:
    account = await served(bed)
    bed.billing.switch(refused_methods=[FIELDS])
    bed.billing.change("product", i_account=account, i_product=62)
    bed.billing.change("customer_block", i_account=account)
    await bed.converge()
    bed.billing.change("customer_unblock", i_account=account)
    await bed.converge()

    customer = bed.customer("tv000001_3")
    assert customer["status"] == "active"
    assert customer["packages"] == ["1", "4"]
    assert customer["devices"] == [{"deviceId": "001A79000001"}]


async def test_the_fault_is_shown_and_the_fields_are_asked_for_again_ever_later(bed: Bed) -> None:
    account = await served(bed)
    async with bed.daemon():
        await bed.world.sleep(5)
        bed.billing.switch(refused_methods=[FIELDS])
        bed.billing.change("block", i_account=account)
        await bed.espf("Account/Blocked", i_event=1, i_account=account)
        await bed.world.sleep(300)
        bed.billing.requests.reset()
        await bed.world.sleep(3600)
        assert 2 <= bed.billing.requests.operations[FIELDS] <= 25

        status = await bed.status()
        assert not status["healthy"]
        assert [trouble["state"] for trouble in status["platforms"]["tv"]["attention"]] == ["backoff"]
        text = "\n".join(explain_lines(await bed.explain("tv000001")))
        assert f"its custom fields could not be read: billing refused {FIELDS}" in text

        bed.billing.change("device", i_account=account, devices=["00:1A:79:00:00:99"])
        bed.billing.switch(refused_methods=[])
        await bed.world.sleep(3600)
        assert (await bed.explain("tv000001"))["platforms"]["tv"]["state"] == "in_sync"
        assert (await bed.explain("tv000001"))["billing"]["half_read"] is None
        assert bed.customer("tv000001_3")["devices"] == [{"deviceId": "001A79000099"}]
        assert (await bed.status())["healthy"]


async def test_a_new_account_waits_for_its_credentials(bed: Bed) -> None:
    bed.billing.switch(refused_methods=[FIELDS])
    bed.tv_account()
    await bed.converge()
    assert bed.customers() == []
    assert (await bed.explain("tv000001"))["decision"]["reason"] == "details_unknown"

    bed.billing.switch(refused_methods=[])
    await bed.converge()
    assert bed.customer("tv000001_3")["status"] == "active"


async def test_p08_a_lost_database_does_not_keep_a_blocked_account_on(bed: Bed) -> None:
    account = await served(bed)
    bed.lose_the_database()
    bed.billing.switch(refused_methods=[FIELDS])
    bed.billing.change("block", i_account=account)

    await bed.converge()

    assert bed.customer("tv000001_3")["status"] == "disabled"
    assert bed.customer("tv000001_3")["devices"] == [{"deviceId": "001A79000001"}]
