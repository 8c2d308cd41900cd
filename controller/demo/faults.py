"""The faults on the way: ordered from the simulators, counted off there, reported in the end."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from pydantic import BaseModel

from controller.demo.kinds import KINDS
from controller.demo.site import Remote, Site
from platforms.simulation import Fault

_BILLING = "billing"
Order = tuple[str, Fault]
"""Of which side (billing, or a platform), and what."""


def first_contact(accounts: int) -> Sequence[Order]:
    """What goes wrong while everything is being set up; the more accounts, the more of it."""
    few = max(1, accounts // 200)
    orders: list[Order] = [
        (_BILLING, Fault(operation="Account/get_account_list", kind="html", after=1)),
        (_BILLING, Fault(operation="Account/get_account_info", kind="status", status=502, count=few, after=few)),
        (_BILLING, Fault(operation="Account/get_custom_fields_values", kind="lost_answer", count=few, after=2 * few)),
    ]
    few = max(1, few // len(KINDS))
    for name, kind in KINDS.items():
        orders += [
            (name, Fault(operation=kind.lists, kind="html", after=1)),
            (name, Fault(operation=kind.creates, kind="lost_answer", count=few, after=few)),
            (name, Fault(operation=kind.creates, kind="status", status=503, count=few, after=2 * few)),
            (name, _throttled(kind.creates, few)),
        ]
    return orders


def on_update() -> Sequence[Order]:
    """What goes wrong with changes of records: on each platform one answer is lost, and one call is to wait."""
    orders: list[Order] = []
    for name, kind in KINDS.items():
        orders += [(name, Fault(operation=kind.updates, kind="lost_answer")), (name, _throttled(kind.updates, 1))]
    return orders


def on_move() -> Sequence[Order]:
    """What goes wrong with moves: on each platform the first record of somebody new is refused."""
    return [(name, Fault(operation=kind.creates, kind="status", status=503)) for name, kind in KINDS.items()]


def on_delete() -> Sequence[Order]:
    """What goes wrong with deletions: on each platform one answer is lost."""
    return [(name, Fault(operation=kind.deletes, kind="lost_answer")) for name, kind in KINDS.items()]


class Mischief:
    """Orders faults, and says what became of them."""

    def __init__(self, site: Site) -> None:
        self._sides: Mapping[str, Remote] = {_BILLING: site.billing, **site.platforms}
        self._ordered: list[Order] = []
        self._cleared: list[Order] = []

    async def order(self, orders: Sequence[Order]) -> None:
        """Have these go wrong."""
        for side, fault in orders:
            await self._sides[side].ask("POST", "/_sim/faults", fault.model_dump())
            self._ordered.append((side, fault))

    async def clear(self) -> None:
        """Have nothing go wrong any more."""
        for side, remote in self._sides.items():
            self._cleared += [(side, fault) for fault in await _pending(remote)]
            await remote.ask("DELETE", "/_sim/faults")

    async def struck(self) -> Counter[str]:
        """How many requests were spoilt so far, by what happened to them."""
        return self._count(_label, await self._left())

    async def refused_writes(self) -> Counter[str]:
        """How many writes each platform turned away on purpose, so that they had to be sent again."""
        return self._count(_refusing, await self._left())

    async def _left(self) -> list[Order]:
        standing = [(side, fault) for side, remote in self._sides.items() for fault in await _pending(remote)]
        return [*standing, *self._cleared]

    def _count(self, name: Callable[[Order], str], left: Sequence[Order]) -> Counter[str]:
        counts: Counter[str] = Counter()
        for order in self._ordered:
            counts[name(order)] += order[1].count or 0
        for order in left:
            counts[name(order)] -= order[1].count or 0
        return counts


class _Pending(BaseModel):
    faults: tuple[Fault, ...]


async def _pending(remote: Remote) -> Sequence[Fault]:
    return _Pending.model_validate_json(await remote.ask("GET", "/_sim/faults")).faults


def _label(order: Order) -> str:
    fault = order[1]
    if fault.kind == "status":
        return "429" if fault.status == 429 else "5xx"
    return {"lost_answer": "lost answers", "html": "HTML pages"}.get(fault.kind, fault.kind)


def _refusing(order: Order) -> str:
    """The platform whose writes the fault turns away; empty for any other fault."""
    side, fault = order
    kind = KINDS.get(side)
    writes = (kind.creates, kind.updates, kind.deletes) if kind is not None else ()
    return side if fault.kind == "status" and fault.operation in writes else ""


def _throttled(operation: str, count: int) -> Fault:
    return Fault(operation=operation, kind="status", status=429, retry_after=1, count=count, after=count)
