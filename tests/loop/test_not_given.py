"""Billing's list shows an account, and billing says that there is none when it is asked for: neither is believed."""

from controller.views.explain_text import explain_lines
from controller.views.plan import Found
from tests.bed import Bed

INFO = "Account/get_account_info"
SENTENCE = "billing's list shows the account, but asked for it, billing says that there is none"


async def contradicted(bed: Bed) -> int:
    """An account that is in sync, and was blocked since; its own call denies it."""
    account = bed.tv_account(1)
    await bed.full_pass()
    bed.billing.change("block", i_account=account)
    bed.billing.switch(denied_accounts=[account])
    return account


async def test_a_contradiction_of_billing_is_held_shown_and_left_for_nobody_to_think_all_is_well(bed: Bed) -> None:
    await contradicted(bed)

    (report,) = await bed.full_pass()

    assert bed.customer("tv000001_3")["status"] == "active"
    assert Found.of([report]).left == 1, "plan and apply exit with 2"
    text = "\n".join(explain_lines(await bed.explain("tv000001")))
    assert SENTENCE in text
    assert "did not show the account" not in text
    status = await bed.status()
    assert not status["healthy"]
    (trouble,) = status["platforms"]["tv"]["attention"]
    assert (trouble["state"], trouble["by"]) == ("held", "not_given_by_billing")


async def test_it_is_asked_for_again_and_goes_on_once_billing_agrees_with_itself(bed: Bed) -> None:
    await contradicted(bed)
    await bed.full_pass()
    bed.billing.requests.reset()
    await bed.full_pass()
    assert 1 <= bed.billing.requests.operations[INFO] <= 2

    bed.billing.switch(denied_accounts=[])
    await bed.full_pass()

    assert bed.customer("tv000001_3")["status"] == "disabled"
    assert (await bed.status())["healthy"]


async def test_an_event_finds_the_same_and_the_next_list_without_it_makes_it_missing(bed: Bed) -> None:
    account, _ = bed.tv_account(1), bed.tv_account(2)
    async with bed.daemon():
        await bed.world.sleep(5)
        bed.billing.switch(denied_accounts=[account])
        await bed.espf("Account/Blocked", i_event=1, i_account=account)
        await bed.world.sleep(2)
        assert (await bed.explain("tv000001"))["decision"]["reason"] == "not_given_by_billing"
        bed.billing.installation.order.remove(account)
        del bed.billing.installation.accounts[account]
        await bed.world.sleep(1500)
        assert (await bed.explain("tv000001"))["decision"]["reason"] == "missing_from_billing"
        assert bed.customer("tv000001_3")["status"] == "active"


async def test_an_account_that_no_list_has_shown_yet_is_missing_when_it_is_not_found(bed: Bed) -> None:
    bed.tv_account(2)
    await bed.full_pass()
    account = bed.tv_account(1)
    await bed.application.installations[0].gatherer.read_details([account])
    bed.billing.switch(denied_accounts=[account])
    await bed.application.installations[0].gatherer.read_details([account])

    assert (await bed.explain("tv000001"))["decision"]["reason"] == "missing_from_billing"
