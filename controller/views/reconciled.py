"""What `charges reconcile` prints, as data and as text. Amounts are exact texts; titles are nowhere."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TypedDict

from controller.charges.reconciling import Compared, Period
from controller.store import Store
from controller.views.charge import BuyerView, buyer_view
from controller.views.instants import iso
from desired_state.reconciling import Booked, Line, Sum


class XdrView(TypedDict):
    """An xDR; a credit's amount is negative."""

    i_xdr: int
    i_account: int
    amount: str | None
    currency: str | None


class LineView(TypedDict):
    """One line; `is_difference` is false for what is not booked by decision. `id` is null where no record is known.

    `amount` is what billing should show: negative for a refund.
    """

    kind: str
    is_difference: bool
    id: str | None
    reference: str
    account: BuyerView | None
    sold_at: str | None
    amount: str | None
    currency: str | None
    xdrs: list[XdrView]
    text: str


class SumView(TypedDict):
    """`sold - decided - booked = difference`; refunds are negative."""

    sold: str
    decided: str
    booked: str
    difference: str


class PlatformView(TypedDict):
    """What came of one platform; it proves nothing where something is `unread`."""

    records: int
    xdrs: int
    differences: int
    unread: list[str]
    sums: dict[str, SumView]
    lines: list[LineView]


ReconciledView = TypedDict(
    "ReconciledView",
    {"from": str, "to": str, "at": str, "complete": bool, "differences": int, "platforms": dict[str, PlatformView]},
)


def reconciled_view(store: Store, period: Period, at: datetime, compared: Mapping[str, Compared]) -> ReconciledView:
    """Everything, by platform."""
    return {
        "from": period.begins.isoformat(),
        "to": period.ends.isoformat(),
        "at": at.isoformat(),
        "complete": not any(each.unread for each in compared.values()),
        "differences": sum(each.comparison.differences for each in compared.values()),
        "platforms": {name: _platform(store, each) for name, each in compared.items()},
    }


def reconciled_lines(view: ReconciledView) -> Iterator[str]:
    """For people: the lines, the sums, and what that proves."""
    for name, each in view["platforms"].items():
        yield f"{name}, sold from {view['from']} to {view['to']}: {each['records']} records, {each['xdrs']} xDRs"
        for line in each["lines"]:
            yield f"  {_line_text(line)}"
        for currency, sums in each["sums"].items():
            yield f"  {currency}: {', '.join(f'{word} {amount}' for word, amount in sums.items())}"
        for text in each["unread"]:
            yield f"  not read: {text}"
    yield f"{view['differences'] or 'no'} differences" + _reservation(view)


def _reservation(view: ReconciledView) -> str:
    return "" if view["complete"] else " in what could be read, which is not everything: this proves nothing"


def _platform(store: Store, compared: Compared) -> PlatformView:
    comparison = compared.comparison
    return PlatformView(
        records=comparison.records,
        xdrs=comparison.xdrs,
        differences=comparison.differences,
        unread=list(compared.unread),
        sums={currency: _sum(each) for currency, each in comparison.sums.items()},
        lines=[_line(store, compared.billing, each) for each in comparison.lines],
    )


def _sum(each: Sum) -> SumView:
    return SumView(
        sold=f"{each.sold:f}", decided=f"{each.decided:f}", booked=f"{each.booked:f}", difference=f"{each.difference:f}"
    )


def _line(store: Store, billing: str, line: Line) -> LineView:
    sold = line.sold
    record = None if sold is None else sold.record
    return LineView(
        kind=line.kind.value,
        is_difference=line.kind.is_difference,
        id=None if record is None else f"{record.platform}/{record.id}",
        reference=line.reference,
        account=None if sold is None else buyer_view(store, billing, sold.i_account),
        sold_at=None if record is None else iso(record.sold_at),
        amount=None if sold is None or record is None or record.amount is None else f"{sold.signed:f}",
        currency=None if record is None else record.currency,
        xdrs=[_xdr(each) for each in line.booked],
        text=line.text,
    )


def _xdr(booked: Booked) -> XdrView:
    amount = booked.xdr.amount
    return XdrView(
        i_xdr=booked.xdr.i_xdr,
        i_account=booked.i_account,
        amount=None if amount is None else f"{amount:f}",
        currency=booked.currency or None,
    )


def _line_text(line: LineView) -> str:
    mark = "" if line["is_difference"] else " (no difference)"
    what = f"{line['kind']}{mark} {line['id'] or line['reference']}"
    whose = "" if line["account"] is None else f" of i_account {line['account']['i_account']}"
    sold = "" if line["amount"] is None else f", {line['amount']} {line['currency']}"
    xdrs = ", ".join(f"xDR {each['i_xdr']} of i_account {each['i_account']}: {each['amount']}" for each in line["xdrs"])
    return f"{what}{whose}{sold}: {line['text']}" + (f" ({xdrs})" if xdrs else "")
