"""An operator in a history of chances: gives the orders that fit how things stand, and remembers what they were."""

from datetime import timedelta

from hypothesis import event

from controller.holding import whole_plan
from controller.orders import Whose
from controller.store import HeldChange, Store
from tests.bed import Bed
from tests.loop.deciding import adopt, adoptable, approve, pause, reject, requeue, resume
from tests.loop.onlooker import Onlooker

UNKNOWN = "0123456789abcdef"


class Operator:
    """Decides about one platform, as its commands do. `rejected` are the accounts of which a change was rejected."""

    def __init__(self, bed: Bed, onlooker: Onlooker) -> None:
        self._bed = bed
        self._onlooker = onlooker
        self._seen = [UNKNOWN]
        self.held: str | None = None
        self.rejected: set[int] = set()

    async def look(self) -> None:
        """See which plan is held now, as `status` shows it."""
        store = await self._bed.store()
        held = store.targets.held_plan("tv")
        self.held = held.hash if held is not None else None
        if self.held is not None and self.held not in self._seen:
            event("a plan was held")
            self._seen.append(self.held)

    async def decide(self, *, approves: bool) -> bool:
        """Approve or reject the plan that is held; says whether it still was that one."""
        store = await self._bed.store()
        held, concerned = store.targets.held_plan("tv"), {each.i_account for each in store.holds.held("tv")}
        assert held is not None
        decided = await (approve if approves else reject)(self._bed, held.hash)
        if approves and not decided:
            event("a plan had become another one before it was approved")
            return False
        assert decided == {"tv": len(concerned)}
        event(f"a plan held by {held.by} was {'approved' if approves else 'rejected'}")
        if approves:
            self._onlooker.approved += held.destructive
        else:
            self.rejected |= concerned
        self.held = None
        return True

    async def decide_in_vain(self, number: int, *, approves: bool) -> None:
        """Decide about a plan that is not held, nor is any part of it: that changes nothing."""
        store, plan = await self._bed.store(), self._seen[-1 - number % len(self._seen)]
        whole = whole_plan(store, "billing")
        if plan == self.held or (whole is not None and plan == whole.hash):
            return
        event(f"decided in vain about {'an unknown' if plan == UNKNOWN else 'an outdated'} plan")
        before = _decisions(store)
        assert await (approve if approves else reject)(self._bed, plan) == {}
        assert _decisions(await self._bed.store()) == before

    async def pause(self, which: str, i_account: int, hours: float) -> None:
        """Pause `all`, `tv` (also for `maintenance`), or an `account` that the store knows."""
        target = _target(which, i_account)
        if which == "account" and not await self._knows(i_account):
            return
        event(f"a pause of {which}")
        whose = i_account if which == "account" else None
        await pause(self._bed, target, i_account=whose, maintenance=which == "maintenance", hours=hours)
        self._onlooker.pauses[target] = self._bed.world.now() + timedelta(hours=hours)
        if target == "tv":
            self._onlooker.maintenance = which == "maintenance"

    async def resume(self, which: str, i_account: int) -> None:
        """End a pause, if there is one."""
        target = _target(which, i_account)
        was_paused = await resume(self._bed, target, i_account=i_account if which == "account" else None)
        assert was_paused is (self._onlooker.pauses.pop(target, None) is not None)

    async def resume_all(self) -> None:
        """End all pauses."""
        for target in list(self._onlooker.pauses):
            await resume(self._bed, target)
        self._onlooker.pauses.clear()

    async def requeue(self, i_account: int, *, secrets: bool) -> None:
        """Have an account looked at that the store knows."""
        if await self._knows(i_account):
            await requeue(self._bed, i_account, secrets=secrets)

    async def adopt(self) -> None:
        """Adopt what can be adopted, by the hash that is shown."""
        shown = await adoptable(self._bed)
        if not shown.adoptions:
            return
        event("records were adopted")
        assert await adopt(self._bed, UNKNOWN) is None
        assert await adopt(self._bed, shown.hash) == shown
        self._onlooker.approved += len(shown.adoptions)
        for each in shown.adoptions:
            self._onlooker.foreign.pop(each.observed.record_id, None)

    async def still_rejected(self) -> dict[int, str]:
        """Whose change waits because it was rejected, and what the record is called that it is about."""
        waiting = dict[int, str]()
        for i_account in self.rejected:
            shown = (await self._bed.explain(f"i_account:{i_account}"))["platforms"].get("tv")
            if shown is not None and shown["held"] is not None and shown["held"]["by"] == "rejected":
                waiting[i_account] = shown["external_id"]
        return waiting

    async def _knows(self, i_account: int) -> bool:
        return (await self._bed.store()).accounts("billing").get(i_account) is not None


def _target(which: str, i_account: int) -> str:
    match which:
        case "account":
            return Whose("billing", i_account).target
        case "maintenance":
            return "tv"
        case _:
            return which


def _decisions(store: Store) -> tuple[set[str], set[str], list[HeldChange]]:
    holds = store.holds
    return holds.approved("tv", spent=True), holds.rejected("tv"), holds.held("tv")
