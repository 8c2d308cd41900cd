"""Operators at an installation in one process: what `approve`, `reject`, `pause` and `resume` do to its store."""

from collections.abc import Mapping
from datetime import timedelta
from functools import partial

from controller.decisions import Verdict, decide
from controller.orders import Person
from controller.store import Pause
from tests.bed import Bed


async def held_hash(bed: Bed, platform: str = "tv") -> str:
    """The hash that `status` shows."""
    held = (await bed.status())["platforms"][platform]["held_plan"]
    assert held is not None
    return held["hash"]


async def approve(bed: Bed, plan: str) -> Mapping[str, int]:
    return await _decide(bed, plan, Verdict.APPROVED)


async def reject(bed: Bed, plan: str) -> Mapping[str, int]:
    return await _decide(bed, plan, Verdict.REJECTED)


async def pause(
    bed: Bed, target: str, *, i_account: int | None = None, maintenance: bool = False, hours: float = 2
) -> None:
    now = bed.world.now()
    until = now + timedelta(hours=hours)
    entry = Pause(target, "billing" if i_account else "", i_account, "moving house", "ops", now, until, maintenance)
    await bed.application.ledger.run(lambda store: store.holds.pause(entry))


async def resume(bed: Bed, target: str) -> bool:
    return await bed.application.ledger.run(lambda store: store.holds.resume(target))


async def _decide(bed: Bed, plan: str, verdict: Verdict) -> Mapping[str, int]:
    billing_of = {name: bed.config.billing_of(name).name for name in bed.config.platforms}
    deciding = partial(decide, billing_of=billing_of, plan=plan, verdict=verdict, person=Person("ops", bed.world.now()))
    return await bed.application.ledger.run(deciding)
