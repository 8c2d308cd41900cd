"""A sale belongs to the account that had the record, whatever became of either since; what is not sure is parked."""

from collections.abc import Callable, Mapping
from decimal import Decimal

import pytest

from controller.billing.simulator.changes import Action
from platforms.seachange.simulator import PASSWORD, USERNAME, SeaChangeSimulator
from tests.bed import Bed
from tests.charges.market import book, booked, charge, in_time, opened, post, sell, stands

MakeBed = Callable[..., Bed]
CABLE = "http://cable.test"
FILM = [Decimal("3.99")]
BASIC: Mapping[str, object] = {"product": {"i_product": 61}, "platform": "tv", "packages": ["basic"]}
TWO: dict[str, object] = {
    "platforms": {
        "cable": {"driver": "seachange", "url": CABLE, "username": USERNAME, "password": PASSWORD},
    },
    "catalog": [BASIC, {"product": {"i_product": 63}, "platform": "cable", "packages": ["basic"]}],
}


def cable(bed: Bed) -> SeaChangeSimulator:
    return bed.platform_at(CABLE, SeaChangeSimulator)


async def buy(bed: Bed, customer: str = "tv000001_3", amount: str = "3.99") -> str:
    """Let a customer of the SeaChange buy a film; returns the id of the purchase."""
    sale = {"customer": customer, "kind": "ppv", "title": "The Match", "amount": amount, "currency": "EUR"}
    return f"p-{(await post(cable(bed), '/_sim/purchases', sale))['sequence']}"


@pytest.mark.parametrize("action", ["block", "drain", "customer_block"])
async def test_a_sale_while_the_account_has_no_service_is_booked(bed: Bed, action: Action) -> None:
    (account,) = await opened(bed)
    bed.billing.change(action, i_account=account)
    await bed.full_pass()
    await sell(bed)

    await book(bed)

    assert booked(bed, account) == FILM


async def test_a_sale_of_an_account_that_was_renamed_since(bed: Bed) -> None:
    (account,) = await opened(bed)
    await sell(bed)
    bed.billing.change("rename", i_account=account, id="tv-new")
    await bed.full_pass()

    await book(bed)

    assert booked(bed, account) == FILM


async def test_a_sale_whose_record_is_gone_and_its_name_another_accounts(bed: Bed) -> None:
    (account,) = await opened(bed)
    await sell(bed)
    bed.billing.change("product", i_account=account, i_product=70)
    bed.billing.change("rename", i_account=account, id="tv-old")
    other = bed.billing.change("create", id="tv000001", i_product=61)
    await bed.converge()

    await in_time(bed)

    assert (booked(bed, account), booked(bed, other)) == (FILM, [])


async def test_a_sale_of_a_record_that_was_deleted_since_is_parked_for_its_account_is_closed(bed: Bed) -> None:
    (account,) = await opened(bed)
    sale = await sell(bed)
    bed.billing.change("terminate", i_account=account)
    await bed.full_pass()
    assert bed.customers() == []

    await book(bed)

    assert await stands(bed, sale) == ("parked", "closed")
    assert (await charge(bed, sale)).i_account == account
    assert booked(bed, account) == []


async def test_a_sale_on_the_platform_that_an_account_has_left(make_bed: MakeBed) -> None:
    bed = make_bed(**TWO)
    (account,) = await opened(bed)
    bed.billing.change("product", i_account=account, i_product=63)
    await sell(bed)
    await bed.converge()
    await buy(bed, amount="1.00")

    await in_time(bed)

    assert sorted(booked(bed, account)) == [Decimal("1.00"), Decimal("3.99")]


async def test_a_name_is_whose_it_was_at_the_instant_of_the_sale(make_bed: MakeBed) -> None:
    bed = make_bed(**TWO)
    account = bed.tv_account(i_product=63)
    await bed.full_pass()
    await book(bed)
    bed.world.advance(3600)
    await buy(bed)
    bed.world.advance(3600)
    bed.billing.change("terminate", i_account=account)
    heir = bed.tv_account(i_product=63)
    await bed.converge()
    bed.world.advance(3600)
    await buy(bed, amount="1.00")

    await in_time(bed)

    assert booked(bed, heir) == [Decimal("1.00")]
    assert await stands(bed, "p-1", "cable") == ("parked", "closed")
    assert (await charge(bed, "p-1", "cable")).i_account == account


async def test_a_name_that_changed_hands_about_then_is_not_guessed(make_bed: MakeBed) -> None:
    bed = make_bed(**TWO)
    account = bed.tv_account(i_product=63)
    await bed.full_pass()
    await book(bed)
    bed.world.advance(3600)
    await buy(bed)
    bed.billing.change("terminate", i_account=account)
    bed.world.advance(5)
    await bed.full_pass()
    heir = bed.tv_account(i_product=63)
    bed.world.advance(20)
    await bed.full_pass()
    assert "tv000001_3" in cable(bed).platform.customers

    await in_time(bed)

    assert await stands(bed, "p-1", "cable") == ("parked", "ambiguous")
    assert (booked(bed, account), booked(bed, heir)) == ([], [])


async def test_foreign_and_unknown_customers_are_parked_and_hold_up_nobody(bed: Bed) -> None:
    (account,) = await opened(bed)
    bed.platform.operator.create({"externalId": "stranger"})
    foreign = await sell(bed, "stranger")
    await bed.full_pass()
    bed.platform.operator.create({"externalId": "newcomer"})
    unknown = await sell(bed, "newcomer")
    await sell(bed)

    await book(bed)

    assert await stands(bed, foreign) == ("parked", "foreign")
    assert await stands(bed, unknown) == ("parked", "unknown_customer")
    assert booked(bed, account) == FILM


async def test_an_account_that_billing_does_not_show_is_waited_for(bed: Bed) -> None:
    account, _ = await opened(bed, 2)
    purged = bed.billing.installation.accounts[account]
    bed.billing.installation.purge(purged)
    await bed.full_pass()
    sale = await sell(bed)
    await book(bed)
    assert await stands(bed, sale) == ("waiting", "no_account_yet")

    await in_time(bed, rounds=2, seconds=24 * 3600)
    assert await stands(bed, sale) == ("parked", "no_account")
