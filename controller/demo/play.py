"""What happens, in order: set-up with faults, changes in billing, edits by hand, quiet.

Rules of this module:

1. Each scene changes something on every platform, then waits until the independent check finds no difference any more.
2. How far the daemon is, is learnt from its public interfaces; how it came out, from the simulators alone.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial

from controller.demo import changes
from controller.demo.check import WORDS
from controller.demo.company import Company
from controller.demo.edits import edits
from controller.demo.faults import Mischief, first_contact
from controller.demo.kinds import KINDS
from controller.demo.lookout import Happening, Lookout, Quitting, Tell
from controller.demo.moving import dark
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
            await self._edits_by_hand()
            await self._quiet()
        except Quitting as end:
            self.report.given_up, self.report.differences = str(end), self._lookout.found
        self.report.faults = await self._mischief.struck()
        return self.report

    async def _prepare(self, seed: int) -> None:
        """Fill billing with accounts, some of them wrong, and the platforms with records that are not ours."""
        await self._site.billing.ask("POST", "/_sim/populate", {"accounts": self._accounts, "seed": seed})
        await self._tell_billing(list(changes.spread(await self._site.accounts())))
        fleet = await self._site.accounts()
        await self._tell_billing(list(changes.oddities(fleet)))
        for name, remote in self._site.platforms.items():
            for record in changes.strangers(fleet, KINDS[name]):
                await remote.ask("POST", WORDS[name].path, record)
        await self._lookout.remember_foreign()

    async def _first_convergence(self) -> None:
        """From nothing to everything, the daemon's start included, with faults on the way."""
        await self._mischief.order(first_contact(self._accounts))
        await self._scene([Happening("first convergence", name) for name in KINDS], self._start)

    async def _start(self) -> None:
        await self._company.start_daemon()
        await self._lookout.until("/readyz", partial(self._company.answers, "/readyz"))

    async def _changes_in_billing(self) -> None:
        """Every kind of change, to several accounts of each platform."""
        cast = changes.Cast(await self._site.accounts(), self._lookout.ours, self._size)
        for act in changes.ACTS:
            await self._change(act, {name: cast.for_act(act, name) for name in KINDS})
        opened = {name: list(changes.newcomers(name, self._size)) for name in KINDS}
        happenings = [Happening("newly opened", name, len(orders)) for name, orders in opened.items()]
        orders = [order for each in opened.values() for order in each]
        await self._scene(happenings, partial(self._tell_billing, orders))

    async def _change(self, act: changes.Act, chosen: changes.Chosen) -> None:
        counts = changes.concerned(act, chosen)
        happenings = [Happening(act.name, name, count) for name, count in counts.items() if count]
        if not happenings:
            return
        await self._mischief.order(act.faults)
        orders = [changes.order(act, account, name) for name, accounts in chosen.items() for account in accounts]
        await self._scene(happenings, partial(self._tell_billing, orders))
        if act is changes.MOVE:
            await self._see_who_was_dark(chosen)

    async def _see_who_was_dark(self, moved: changes.Chosen) -> None:
        found, count = await dark(self._site, moved), sum(map(len, moved.values()))
        seen = f"{count - len(found)} of {count} were on there before they were off here"
        self.report.claims.append(Claim("a move leaves nobody without service", not found, seen))

    async def _tell_billing(self, orders: Sequence[changes.Change]) -> None:
        for order in orders:
            await self._site.billing.ask("POST", "/_sim/changes", order)

    async def _edits_by_hand(self) -> None:
        """Somebody changes records of ours in the platforms' panels."""
        spoilt = {
            name: edits(KINDS[name], await self._site.records(name), ours)[: self._size]
            for name, ours in self._lookout.ours.items()
        }

        async def edit() -> None:
            for name, requests in spoilt.items():
                for request in requests:
                    await self._site.platforms[name].ask(*request)

        happenings = [Happening("edited by hand, healed", name, len(each)) for name, each in spoilt.items() if each]
        await self._scene(happenings, edit)

    async def _scene(self, happenings: Sequence[Happening], act: Callable[[], Awaitable[None]]) -> None:
        """Do something, wait until all platforms are as they should be, and note what that took on each."""
        started, before, refused = (
            self._clock.monotonic(),
            await self._site.calls(),
            await self._mischief.refused_writes(),
        )
        await act()
        shown = await self._lookout.until_all_is_well(happenings)
        after, refused_by_now = await self._site.calls(), await self._mischief.refused_writes()
        for each in happenings:
            name, count = each.platform, each.accounts
            self.report.rows.append(
                Row(
                    what=each.name,
                    platform=name,
                    accounts=len(self._lookout.ours[name]) if count is None else count,
                    seconds=shown[each] - started,
                    calls=after[name].writes - before[name].writes,
                    refused=refused_by_now[name] - refused[name],
                )
            )

    async def _quiet(self) -> None:
        """Nothing happens any more: nothing may be written, and all is as it should be."""
        await self._mischief.clear()
        since, before, restarts = self._clock.now(), await self._site.calls(), await self._site.restarts()
        # The pass that may be under way does not count, so one more has to begin than are to be seen whole.
        begins = QUIET_PASSES + 1

        async def passed() -> bool:
            calls = await self._site.calls()
            begun = min(calls[name].passes - before[name].passes for name in calls)
            self._tell("quiet", min(begun, begins), begins)
            return begun >= begins

        await self._lookout.until("further passes", passed)
        after, status = await self._site.calls(), await self._site.status()
        writes = {name: calls.writes - before[name].writes for name, calls in after.items()}
        restarted = await self._site.restarts() - restarts
        self.report.status = status.summary
        quiet = f"{sum(writes.values())} writes in {QUIET_PASSES} passes"
        self.report.claims += [
            Claim("further passes write nothing", not any(writes.values()) and status.all_read_since(since), quiet),
            Claim("further passes restart no viewer's box", not restarted, f"{restarted} restarts on box"),
        ]
        await self._judge()

    async def _judge(self) -> None:
        well = await self._lookout.all_is_well()
        found, memory = self._lookout.found, self._lookout.memory
        answering = [path for path in ("/livez", "/readyz") if await self._company.answers(path)]
        ours, foreign = (
            sum(map(len, counted)) for counted in zip(*((m.ours, m.foreign) for m in memory.values()), strict=True)
        )
        compared = f"{len(await self._site.accounts())} accounts, {ours} records, {len(found)} differences"
        untouched = not any(each.difference.foreign for each in found)
        self.report.differences = found
        self.report.claims += [
            Claim("all is as billing asks for, by an independent check", well, compared),
            Claim("records that are not ours are untouched", untouched, f"{foreign} compared"),
            Claim("the daemon is alive and ready", len(answering) == 2, ", ".join(answering)),
        ]
