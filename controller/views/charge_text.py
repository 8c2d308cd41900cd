"""The texts of `charges list` and `charges show`."""

from collections.abc import Iterator
from datetime import timedelta

from controller.views.charge import BuyerView, ChargeRow, ChargeView, ListView


def list_lines(view: ListView) -> Iterator[str]:
    """A line for each charge."""
    for row in view["charges"]:
        yield _line(row)
    if not view["charges"]:
        yield "there are no charges"
    if view["more"]:
        yield "... there are more; --limit N shows them"


def charge_lines(view: ChargeView) -> Iterator[str]:
    """The whole story of a charge."""
    because = f", because of {view['reason']}" if view["reason"] else ""
    yield f"{printable(view)} is {view['state']}{because}{': ' + view['text'] if view['text'] else ''}"
    yield f"  next: {view['next_step']}"
    of = f" of {view['refund_of']}" if view["refund_of"] else ""
    yield f"  {view['kind']}{of}: {money(view)}, sold {view['sold_at'] or 'nobody knows when'}"
    yield f"  in the feed since {view['received_at']}, reference {view['reference']}"
    yield f"  customer {view['customer'] or '(not named)'}, account {_account(view['account'])}: {view['known_by']}"
    if view["approved"]:
        yield "  a person has approved that it exceeds the limits"
    if view["tries"]:
        yield f"  sent to billing {view['tries']} times, first at {view['first_sent_at']}"
    yield f"  xDR {view['i_xdr']}" if view["i_xdr"] is not None else "  no xDR is known"
    for each in view["log"]:
        by = f" by {each['by']}" if each["by"] else ""
        yield f"  {each['at']} {each['event']}{by}{': ' + each['text'] if each['text'] else ''}"


def printable(row: ChargeRow) -> str:
    """The id, or where that cannot be typed again as it is, the reference."""
    return row["id"] if row["id"].isprintable() and " " not in row["id"] else row["reference"]


def money(row: ChargeRow) -> str:
    """The amount with its currency."""
    return f"{row['amount'] or 'no amount'} {row['currency'] or 'without a currency'}"


def _line(row: ChargeRow) -> str:
    state = row["state"] if row["reason"] is None else f"{row['state']} ({row['reason']})"
    xdr = "" if row["i_xdr"] is None else f", xDR {row['i_xdr']}"
    age = timedelta(seconds=int(row["age_seconds"]))
    return (
        f"{state:<28} {printable(row)}: {row['kind']} {money(row)}, account {_account(row['account'])}, {age} old{xdr}"
    )


def _account(account: BuyerView | None) -> str:
    if account is None:
        return "unknown"
    return f"{account['id'] or '(not shown)'} (i_account {account['i_account']})"
