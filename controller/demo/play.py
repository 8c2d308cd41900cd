"""What happens, in order: set-up with faults, changes in billing, a foreign edit, quiet.

Rules of this module:

1. Each scene changes something, then waits until the independent check finds no difference any more.
2. How far the daemon is, is learnt from its public interfaces; how it came out, from the simulators alone.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from controller.demo import changes
from controller.demo.check import ENVIRONMENT
from controller.demo.company import Company
from controller.demo.faults import Mischief, first_contact
from controller.demo.lookout import Happening, Lookout, Quitting, Tell
from controller.demo.report import Claim, Report, Row
from controller.demo.settings import Tempo
from platforms.transport import Clock

QUIET_PASSES = 2


@dataclass(frozen=True, slots=True)
class Stage:
    """What a play needs: the parts, time, how fast it goes, and who is told."""

    company: Company
    clock: Clock
    tempo: Tempo
    tell: Tell


class Play:
    """One run of the demo, with a fleet of so many accounts."""

    def __init__(self, stage: Stage, accounts: int) -> None:
        self.report = Report()
        self._company = stage.company
        self._site = stage.company.site
        self._clock = stage.clock
        self._tell = stage.tell
        self._accounts = accounts
        self._size = changes.size(accounts)
        self._mischief = Mischief(stage.company.site)
        self._lookout = Lookout(stage.company.site, stage.clock, stage.tempo.patience, stage.tell)

    async def perform(self, seed: int) -> Report:
        """All scenes, or as many as were reached in time. Raises `PlatformError` where a part is lost."""
        await self._prepare(seed)
        try:
            await self._first_convergence()
            await self._changes_in_billing()
            await self._foreign_edit()
            await self._quiet()
        except Quitting as end:
            self.report.given_up, self.report.differences = str(end), self._lookout.found
        self.report.faults = await self._mischief.struck()
        return self.report

    async def _prepare(self, seed: int) -> None:
        """Fill billing with accounts, some of them wrong, and the platform with records that are not ours."""
        await self._site.billing.ask("POST", "/_sim/populate", {"accounts": self._accounts, "seed": seed})
        fleet = await self._site.accounts()
        await self._tell_billing(changes.oddities(fleet))
        for record in changes.strangers(fleet):
            await self._site.platform.ask("POST", "/_sim/customers", record)
        await self._lookout.remember_foreign()

    async def _first_convergence(self) -> None:
        """From nothing to everything, the daemon's start included, with faults on the way."""
        await self._mischief.order(first_contact(self._accounts))
        await self._scene([Happening("first convergence")], self._start)

    async def _start(self) -> None:
        await self._company.start_daemon()
        await self._lookout.until("/readyz", partial(self._company.answers, "/readyz"))

    async def _changes_in_billing(self) -> None:
        """Every kind of change, to several accounts each."""
        cast = changes.Cast(await self._site.accounts(), self._lookout.memory.ours, self._size)
        for acts in changes.SCENES:
            await self._change(acts, cast)
        opened = [changes.newcomer(number) for number in range(1, self._size + 1)]
        names = frozenset(f"{each['id']}_{ENVIRONMENT}" for each in opened)
        await self._scene([Happening("newly opened", names)], partial(self._tell_billing, opened))

    async def _change(self, acts: Sequence[changes.Act], cast: changes.Cast) -> None:
        happenings, orders = list[Happening](), list[changes.Change]()
        for act in acts:
            if chosen := cast.for_act(act):
                await self._mischief.order(act.faults)
                happenings.append(Happening(act.name, frozenset(account.name for account in chosen)))
                orders += [changes.order(act, account) for account in chosen]
        if happenings:
            await self._scene(happenings, partial(self._tell_billing, orders))

    async def _tell_billing(self, orders: Sequence[changes.Change]) -> None:
        for order in orders:
            await self._site.billing.ask("POST", "/_sim/changes", order)

    async def _foreign_edit(self) -> None:
        """Somebody changes records of ours in the platform's panel."""
        on = [each for each in await self._site.records() if each["status"] == "active"]
        ours = [each for each in on if each["externalId"] in self._lookout.memory.ours]
        # The longest untouched: what a read shows right after our own write is not believed, it may lag behind.
        victims = sorted(ours, key=lambda record: str(record["updatedAt"]))[: self._size]

        async def edit() -> None:
            for victim in victims:
                await self._site.platform.ask("PATCH", f"/_sim/customers/{victim['id']}", changes.FOREIGN_EDIT)

        names = frozenset(str(victim["externalId"]) for victim in victims)
        await self._scene([Happening("foreign edit, healed", names)], edit)

    async def _scene(self, happenings: Sequence[Happening], act: Callable[[], Awaitable[None]]) -> None:
        """Do something, wait until the platform is as it should be, and note what that took."""
        started, before = self._clock.monotonic(), await self._written()
        await act()
        shown = await self._lookout.until_all_is_well(happenings)
        calls, refused = (now - then for now, then in zip(await self._written(), before, strict=True))
        sizes = [len(each.records) or len(self._lookout.memory.ours) for each in happenings]
        rows = [Row(each.name, size, shown[each.name] - started) for each, size in zip(happenings, sizes, strict=True)]
        if len(rows) > 1:
            self.report.rows += rows
            rows = [Row(f"these {len(rows)} together", sum(sizes), max(row.seconds for row in rows))]
        self.report.rows.append(replace(rows[0], calls=calls, refused=refused))

    async def _written(self) -> tuple[int, int]:
        """How many writes have reached the platform, and how many of them it turned away on purpose."""
        return (await self._site.calls()).writes, await self._mischief.refused_writes()

    async def _quiet(self) -> None:
        """Nothing happens any more: nothing may be written, and all is as it should be."""
        await self._mischief.clear()
        since, before = self._clock.now(), await self._site.calls()
        # The pass that may be under way does not count, so one more has to begin than are to be seen whole.
        begins = QUIET_PASSES + 1

        async def passed() -> bool:
            begun = (await self._site.calls()).passes - before.passes
            self._tell("quiet", min(begun, begins), begins)
            return begun >= begins

        await self._lookout.until("further passes", passed)
        writes = (await self._site.calls()).writes - before.writes
        status = await self._site.status()
        self.report.status = status.summary
        quiet = f"{writes} writes in {QUIET_PASSES} passes"
        self.report.claims.append(
            Claim("further passes write nothing", writes == 0 and status.all_read_since(since), quiet)
        )
        await self._judge()

    async def _judge(self) -> None:
        well = await self._lookout.all_is_well()
        found, memory = self._lookout.found, self._lookout.memory
        answering = [path for path in ("/livez", "/readyz") if await self._company.answers(path)]
        compared = f"{len(await self._site.accounts())} accounts, {len(memory.ours)} records, {len(found)} differences"
        untouched = not any(each.foreign for each in found)
        self.report.differences = found
        self.report.claims += [
            Claim("all is as billing asks for, by an independent check", well, compared),
            Claim("records that are not ours are untouched", untouched, f"{len(memory.foreign)} compared"),
            Claim("the daemon is alive and ready", len(answering) == 2, ", ".join(answering)),
        ]
