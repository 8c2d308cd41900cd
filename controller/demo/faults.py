"""The faults on the way: ordered from the simulators, counted off there, reported in the end."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from pydantic import BaseModel

from controller.demo.site import Remote, Site
from platforms.simulation import Fault

_BILLING, _PLATFORM = "billing", "platform"
Order = tuple[str, Fault]
"""Of which side, and what."""


def first_contact(accounts: int) -> Sequence[Order]:
    """What goes wrong while everything is being set up; the more accounts, the more of it."""
    few = max(1, accounts // 200)
    return (
        (_BILLING, Fault(operation="Account/get_account_list", kind="html", after=1)),
        (_BILLING, Fault(operation="Account/get_account_info", kind="status", status=502, count=few, after=few)),
        (_BILLING, Fault(operation="Account/get_custom_fields_values", kind="lost_answer", count=few, after=2 * few)),
        (_PLATFORM, Fault(operation="customers.list", kind="html", after=1)),
        (_PLATFORM, Fault(operation="customers.create", kind="lost_answer", count=few, after=few)),
        (_PLATFORM, Fault(operation="customers.create", kind="status", status=503, count=few, after=2 * few)),
        (_PLATFORM, _throttled("customers.create", few)),
    )


def on_update() -> Sequence[Order]:
    """What goes wrong with changes of records: one answer is lost, one call is refused, one is to wait."""
    return (
        (_PLATFORM, Fault(operation="customers.update", kind="lost_answer")),
        (_PLATFORM, _throttled("customers.update", 1)),
    )


def on_delete() -> Sequence[Order]:
    """What goes wrong with deletions: one answer is lost."""
    return ((_PLATFORM, Fault(operation="customers.delete", kind="lost_answer")),)


class Mischief:
    """Orders faults, and says what became of them."""

    def __init__(self, site: Site) -> None:
        self._sides: Mapping[str, Remote] = {_BILLING: site.billing, _PLATFORM: site.platform}
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

    async def refused_writes(self) -> int:
        """How many writes the platform turned away on purpose, so that they had to be sent again."""
        struck = self._count(lambda order: f"{order[0]} {order[1].kind} {order[1].operation}", await self._left())
        return sum(count for name, count in struck.items() if name.startswith(f"{_PLATFORM} status customers."))

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


def _throttled(operation: str, count: int) -> Fault:
    return Fault(operation=operation, kind="status", status=429, retry_after=1, count=count, after=count)
