"""A sale on a platform becomes one xDR in billing."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest

from platforms.simulation import Fault
from tests.bed import Bed
from tests.charges.market import book, booked, charge, opened, sell, stands


async def test_a_sale_becomes_one_xdr_with_its_reference(bed: Bed) -> None:
    (account,) = await opened(bed)
    sale = await sell(bed, amount="3.99")

    for _ in range(3):
        await book(bed)

    (made,) = bed.billing.installation.transactions
    assert (made.i_account, made.action, made.amount) == (account, "Manual charge", Decimal("3.99"))
    assert made.visible_comment == f"VOD: Northern Sea [ref:tv-{sale}]"
    assert (await charge(bed, sale)).i_xdr == made.i_xdr
    assert await stands(bed, sale) == ("booked", None)


async def test_the_daemon_books_what_is_sold(bed: Bed) -> None:
    account = bed.tv_account()
    async with bed.daemon():
        await bed.world.sleep(130)
        sale = await sell(bed)
        await bed.world.sleep(130)
        for _ in range(50):
            await asyncio.sleep(0)

    assert booked(bed, account) == [Decimal("3.99")]
    assert await stands(bed, sale) == ("booked", None)
    rendered = bed.application.metrics.render().decode()
    assert 'iptv_reconciler_charges_total{kind="vod",platform="tv"} 1.0' in rendered
    assert (await bed.status())["charges"]["booked"] == 1


async def test_a_refund_becomes_a_credit(bed: Bed) -> None:
    (account,) = await opened(bed)
    sale = await sell(bed, amount="3.99")
    await sell(bed, amount="1.50", type="refund", refundOf=sale)

    for _ in range(2):
        await book(bed)

    assert booked(bed, account) == [Decimal("3.99"), Decimal("-1.50")]


async def test_nothing_is_booked_unless_asked_for(make_bed: Callable[..., Bed]) -> None:
    bed = make_bed(charges={"enabled": False})
    bed.tv_account()
    await bed.full_pass()
    await sell(bed)

    async with bed.daemon():
        await bed.world.sleep(timedelta(minutes=2).total_seconds())

    assert bed.billing.installation.transactions == []
    assert bed.platform.requests.operations["transactions.list"] == 0
    assert (await bed.status())["charges"] == {}


async def test_p16_the_daemon_ends_when_the_call_that_it_has_begun_has_ended(bed: Bed) -> None:
    account = bed.tv_account()
    async with bed.daemon() as loop:
        await bed.world.sleep(130)
        sale = await sell(bed)
        bed.billing.faults.add(Fault(operation="Account/make_transaction", kind="delay", seconds=20))
        await bed.world.sleep(70)
        assert (await charge(bed, sale)).state.value == "sending"
        loop.stop()

    assert booked(bed, account) == [Decimal("3.99")]
    assert await stands(bed, sale) == ("booked", None)


async def test_p10_what_somebody_watches_is_nowhere_but_in_billings_comment(
    bed: Bed, capsys: pytest.CaptureFixture[str]
) -> None:
    await opened(bed)
    await sell(bed, title="canary-title")
    await sell(bed, title="canary-title", amount="free")
    bed.billing.faults.add(Fault(operation="Account/make_transaction", kind="lost_answer"))
    await book(bed)
    await bed.full_pass()

    shown = [bed.application.metrics.render().decode(), repr(await bed.status()), repr(await bed.explain("tv000001"))]
    out, err = capsys.readouterr()
    store = await bed.store()
    assert all("canary" not in text for text in (*shown, out, err, repr(store.charges.listed())))
    assert "canary" in bed.billing.installation.transactions[0].visible_comment
