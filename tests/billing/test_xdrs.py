"""Reading what billing has booked (contract, section 6.3)."""

from datetime import UTC, datetime
from decimal import Decimal

import httpx
import pytest

from controller.billing.client import BillingClient
from controller.billing.transactions import Transactions
from tests.billing.helpers import settings
from tests.clocks import VirtualClock

BEGINS, ENDS = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "amount"),
    [
        ("3.99", "3.99"),
        ('"3.99000"', "3.99"),
        ("3.9900000000000002", "3.99"),
        ("-3.9899999999999998", "-3.99"),
        ("3.99001", "3.99001"),
        ('"3,99"', None),
        ("1e40", None),
    ],
)
async def test_an_amount_has_the_5_decimals_that_billing_keeps(written: str, amount: str | None) -> None:
    def handle(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/rest/Session/login":
            return httpx.Response(200, json={"access_token": "t"})
        listed = f'{{"total": 1, "xdr_list": [{{"i_xdr": 7, "charged_amount": {written}}}]}}'
        return httpx.Response(200, text=listed, headers={"content-type": "application/json"})

    client = BillingClient(settings(), VirtualClock(), http=httpx.MockTransport(handle))
    try:
        (xdr,) = await Transactions(client).booked(70001, BEGINS, ENDS)
    finally:
        await client.aclose()

    assert (xdr.i_xdr, xdr.amount) == (7, None if amount is None else Decimal(amount))
