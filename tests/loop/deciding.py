"""Operators at an installation in one process: what their commands do to its store."""

from collections.abc import Mapping
from datetime import timedelta
from functools import partial

from controller import orders
from controller.adoption import AdoptionPlan, adoption_plan
from controller.decisions import Verdict, decide, is_outdated
from controller.orders import Person, Whose
from controller.shrunk import approve_lost
from controller.store import Pause, Store
from tests.bed import Bed


async def held_hash(bed: Bed, platform: str = "tv") -> str:
    """The hash that `status` shows."""
    held = (await bed.status())["platforms"][platform]["held_plan"]
    assert held is not None
    return held["hash"]


async def approve(bed: Bed, plan: str) -> Mapping[str, int]:
    platforms = [each for installation in bed.application.installations for each in installation.billing.platforms]
    if await bed.application.ledger.run(partial(is_outdated, platforms=platforms, plan=plan)):
        return {}
    return await _decide(bed, plan, Verdict.APPROVED)


async def reject(bed: Bed, plan: str) -> Mapping[str, int]:
    return await _decide(bed, plan, Verdict.REJECTED)


async def hash_of_the_lost(bed: Bed, platform: str | None = None) -> str:
    """The hash that `status` shows for a list that lacks too many."""
    status = await bed.status()
    text = status["billing"]["text"] if platform is None else status["platforms"][platform]["text"]
    return (text or "").rpartition(" ")[2]


async def approve_gone(bed: Bed, plan: str) -> Mapping[str, int]:
    return await bed.application.ledger.run(lambda store: approve_lost(store, _person(bed), _billing_of(bed), plan))


async def pause(
    bed: Bed, target: str, *, i_account: int | None = None, maintenance: bool = False, hours: float = 2
) -> None:
    now = bed.world.now()
    until = now + timedelta(hours=hours)
    entry = Pause(target, "billing" if i_account else "", i_account, "moving house", "ops", now, until, maintenance)
    await bed.application.ledger.run(lambda store: orders.pause(store, entry))


async def resume(bed: Bed, target: str, *, i_account: int | None = None) -> bool:
    whose = Whose("billing", i_account) if i_account else None
    return await bed.application.ledger.run(lambda store: orders.resume(store, _person(bed), target, whose))


async def requeue(bed: Bed, i_account: int, *, secrets: bool = False) -> None:
    whose = Whose("billing", i_account)
    await bed.application.ledger.run(
        lambda store: orders.requeue(store, _person(bed), whose, {"tv": 3}, secrets=secrets)
    )


async def adoptable(bed: Bed) -> AdoptionPlan:
    """What `adopt` shows, with its hash."""
    return await bed.application.ledger.run(partial(_adoptable, bed=bed))


async def adopt(bed: Bed, plan: str) -> AdoptionPlan | None:
    """Adopt what has this hash; `None` if that is another plan by now."""

    def adopted(store: Store) -> AdoptionPlan | None:
        shown = _adoptable(store, bed=bed)
        if shown.hash != plan:
            return None
        orders.adopt_all(store, _person(bed), shown, _billing_of(bed))
        return shown

    return await bed.application.ledger.run(adopted)


def _adoptable(store: Store, *, bed: Bed) -> AdoptionPlan:
    return adoption_plan(store, [each for one in bed.application.installations for each in one.billing.platforms])


async def _decide(bed: Bed, plan: str, verdict: Verdict) -> Mapping[str, int]:
    deciding = partial(decide, billing_of=_billing_of(bed), plan=plan, verdict=verdict, person=_person(bed))
    return await bed.application.ledger.run(deciding)


def _billing_of(bed: Bed) -> Mapping[str, str]:
    return {name: bed.config.billing_of(name).name for name in bed.config.platforms}


def _person(bed: Bed) -> Person:
    return Person("ops", bed.world.now())
