"""The whole controller while billing lets nobody in, and afterwards: seen by an operator, healed without a person."""

from collections.abc import Callable

import pytest

from tests.bed import Bed


def logins(bed: Bed) -> int:
    return bed.billing.sessions.logins


async def in_sync_then_blocked_in_billing(bed: Bed) -> None:
    account = bed.tv_account()
    await bed.full_pass()
    bed.billing.change("block", i_account=account)


@pytest.mark.parametrize(
    ("switches", "words"),
    [
        ({"token": "another"}, "does not accept our login (Server.Session.auth_failed)"),
        ({"must_change_password": True}, "wants the password of our API user changed"),
    ],
)
async def test_a_refused_login_is_seen_and_healed_by_a_restart_with_the_right_credentials(
    bed: Bed, switches: dict[str, object], words: str
) -> None:
    await in_sync_then_blocked_in_billing(bed)
    bed.billing.switch(**switches)
    bed.restart()
    before = logins(bed)

    await bed.full_pass()

    status = await bed.status()
    assert not status["healthy"]
    assert words in (status["billing"]["text"] or "")
    assert logins(bed) == before + 1
    refused = 'requests_total{operation="Session/login",outcome="failed",target="billing"} 1.0'
    assert refused in bed.application.metrics.render().decode()
    assert bed.customer("tv000001_3")["status"] == "active"

    bed.billing.switch(token="simulated-token", must_change_password=False)
    bed.restart()
    await bed.full_pass()

    assert bed.customer("tv000001_3")["status"] == "disabled"
    assert (await bed.status())["healthy"]


async def test_an_outage_or_a_foreign_address_is_seen_and_heals_by_itself(make_bed: Callable[..., Bed]) -> None:
    bed = make_bed()
    await in_sync_then_blocked_in_billing(bed)
    bed.billing.switch(outage="plain_text_500")
    bed.restart()

    await bed.converge(2)

    assert "our address is not among those" in ((await bed.status())["billing"]["text"] or "")
    assert bed.customer("tv000001_3")["status"] == "active"
    bed.billing.switch(outage="none")
    await bed.converge(1)
    assert bed.customer("tv000001_3")["status"] == "disabled"
    assert (await bed.status())["healthy"]


async def test_in_standalone_mode_reads_go_on_and_the_fleet_follows(bed: Bed) -> None:
    await in_sync_then_blocked_in_billing(bed)
    bed.billing.switch(standalone_mode=True)
    await bed.converge(1)
    assert bed.customer("tv000001_3")["status"] == "disabled"
    assert (await bed.status())["healthy"]


@pytest.mark.parametrize("switches", [{"total": "missing"}, {"total": "text"}, {"page_cap": 3}])
async def test_however_billing_counts_and_pages_the_fleet_converges(bed: Bed, switches: dict[str, object]) -> None:
    bed.billing.switch(**switches)
    for number in range(1, 8):
        bed.tv_account(number)
    await bed.full_pass()
    assert len(bed.customers()) == 7
    assert (await bed.status())["billing"]["complete"]
