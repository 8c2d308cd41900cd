"""What becomes of a charge is in the log, step by step, and nothing of what was watched."""

from platforms.simulation import Fault
from tests.bed import Bed
from tests.charges.market import book, in_time, opened, sell
from tests.heard import listening


async def test_every_step_of_a_charge_is_a_line_of_its_account(bed: Bed) -> None:
    (account,) = await opened(bed)
    sale = await sell(bed)
    bed.billing.faults.add(Fault(operation="Account/make_transaction", kind="lost_answer"))

    with listening() as heard:
        await in_time(bed, 5)

    lines = heard.decisions()
    assert [line["result"] for line in lines] == ["sending", "in_doubt", "booked"]
    for line in lines:
        assert (line["action"], line["charge"], line["platform"]) == ("charge", f"tv/{sale}", "tv")
        assert (line["account"], line["i_account"]) == ("tv000001", account)
        assert line["trace_id"]
        assert "Northern Sea" not in str(line)


async def test_a_parked_charge_is_said_once_with_its_reason(bed: Bed) -> None:
    await opened(bed)
    await sell(bed, amount="3.99", currency="QQQ")

    with listening() as heard:
        for _ in range(3):
            await book(bed)

    (line,) = heard.decisions()
    assert line["result"] == "parked"
    assert line["reason"]
