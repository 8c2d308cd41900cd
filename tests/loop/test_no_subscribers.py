"""Aliases, vouchers and internal accounts: events name them, no list of real accounts has them, nobody serves them."""

import pytest

from controller.billing.simulator.state import ALIAS, CREDIT, VOUCHER
from tests.bed import Bed

MODELS = pytest.mark.parametrize("model", [ALIAS, VOUCHER])


async def announce(bed: Bed, i_account: int, i_event: int = 1) -> None:
    await bed.espf("Account/Blocked", i_event=i_event, i_account=i_account, i_env=3)
    await bed.act_on_events()


async def counted(bed: Bed) -> int:
    """How many accounts of billing have a presence."""
    return sum((await bed.store()).accounts("billing").count_by_presence().values())


@MODELS
async def test_p19_an_event_about_no_subscriber_leaves_nothing_behind(bed: Bed, model: int) -> None:
    bed.tv_account(1)
    stranger = bed.tv_account(2)
    bed.billing.installation.accounts[stranger].billing_model = model
    await bed.full_pass()

    await announce(bed, stranger)
    assert (await bed.store()).accounts("billing").get(stranger) is None
    assert await counted(bed) == 1
    await bed.converge()

    status = await bed.status()
    assert status["healthy"], status
    assert sum(status["platforms"]["tv"]["accounts"].values()) == status["billing"]["accounts"] == 1
    assert len(bed.customers()) == 1


@MODELS
async def test_a_subscriber_that_becomes_something_else_loses_its_service_and_is_not_missed(
    bed: Bed, model: int
) -> None:
    bed.tv_account(1)
    account = bed.tv_account(2)
    await bed.full_pass()
    bed.world.advance(60)
    bed.billing.installation.accounts[account].billing_model = model

    await announce(bed, account)
    assert bed.customer("tv000002_3")["status"] == "disabled"
    await bed.converge()

    status = await bed.status()
    assert status["healthy"], status
    assert status["platforms"]["tv"]["accounts"]["no_service"] == 1
    assert await counted(bed) == status["billing"]["accounts"] == 1
    explained = await bed.explain("tv000002")
    assert explained["decision"]["reason"] == "not_a_subscriber"
    assert explained["billing"]["missing_since"] is None


async def test_a_subscriber_without_a_record_that_becomes_something_else_is_forgotten(bed: Bed) -> None:
    account = bed.billing.change("create", id="tv000001", i_product=70)
    await bed.full_pass()
    bed.billing.installation.accounts[account].billing_model = ALIAS

    await announce(bed, account)

    assert (await bed.store()).accounts("billing").get(account) is None
    await bed.converge()
    assert (await bed.status())["healthy"]


async def test_what_becomes_a_subscriber_is_served(bed: Bed) -> None:
    account = bed.tv_account(1)
    bed.billing.installation.accounts[account].billing_model = ALIAS
    await bed.full_pass()
    await announce(bed, account)

    bed.billing.installation.accounts[account].billing_model = CREDIT
    await announce(bed, account, i_event=2)

    assert bed.customer("tv000001_3")["status"] == "active"


@pytest.mark.parametrize("announced", [True, False])
async def test_p19_who_is_terminated_is_counted_on_no_platform_once_its_record_is_gone(
    bed: Bed, announced: bool
) -> None:
    bed.tv_account(1)
    account = bed.tv_account(2)
    await bed.full_pass()
    bed.world.advance(60)
    bed.billing.change("terminate", i_account=account)
    if announced:
        await announce(bed, account)

    await bed.converge()

    assert len(bed.customers()) == 1
    assert sum((await bed.status())["platforms"]["tv"]["accounts"].values()) == 1
