"""Several replicas under virtual time: each has its own electors, line to the API server, and clock; what they did.

Rules of this module:

1. Judged is by the one true time, which no replica sees: every replica has a wall clock of its own, that can be set,
   and a process that can be stopped (SIGSTOP) and killed. Its monotonic clock goes on while it is stopped.
2. A leader makes calls again and again, as the product does: the store's check, an instant in which it may be stopped,
   the permit at the transport, and the call.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import httpx

from controller.leadership.client import Cluster, Leases
from controller.leadership.elector import Elector
from controller.leadership.mandate import Mandate
from controller.leadership.simulator import TOKEN, ApiServer
from controller.leadership.timing import Timing
from controller.log import logger
from tests.bed import World

TIMING = Timing(duration=10, renew=2, longest_call=2)
NAMESPACE, LEASE = "tv", "iptv-reconciler"
_GAP, _REST = 0.05, 0.7  # seconds between the check and the call, and between two calls


class Process:
    """What can happen to a process and its connections. A `Clock` as it sees it."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._ahead = timedelta(0)
        self._running = asyncio.Event()
        self._running.set()
        self._joined = asyncio.Event()
        self._joined.set()
        self.is_dead = False

    def now(self) -> datetime:
        return self._world.now() + self._ahead

    def monotonic(self) -> float:
        return self._world.monotonic()

    async def sleep(self, seconds: float) -> None:
        await self._world.sleep(seconds)
        await self.runs()

    async def runs(self) -> None:
        """Nothing happens in a process that is stopped."""
        await self._running.wait()

    async def connected(self) -> None:
        """Nothing comes through a line that is cut."""
        await self._joined.wait()
        await self.runs()
        if self.is_dead:
            raise httpx.ConnectError("the process is dead")

    @property
    def is_stopped(self) -> bool:
        return not self._running.is_set()

    def set_clock(self, seconds: float) -> None:
        self._ahead = timedelta(seconds=seconds)

    def stop(self) -> None:
        self._running.clear()

    def go_on(self) -> None:
        self._running.set()

    def cut(self) -> None:
        self._joined.clear()

    def join(self) -> None:
        self._joined.set()


class Line(httpx.ASGITransport):
    """What connects one process with the API server."""

    def __init__(self, server: ApiServer, process: Process) -> None:
        super().__init__(server)
        self._process = process

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await self._process.connected()
        answer = await super().handle_async_request(request)
        await self._process.connected()
        return answer


@dataclass(slots=True)
class Replica:
    """One process that takes part."""

    name: str
    process: Process
    elector: Elector
    leases: Leases
    task: "asyncio.Task[None] | None" = None
    is_ending: bool = False
    left: Callable[[], float] = lambda: 0.0


@dataclass(slots=True)
class Call:
    """A call that somebody began; until it is answered it has all the time it may take."""

    who: str
    begins: float
    ends: float


@dataclass
class Replicas:
    """All of them, and what they did by the one true time."""

    world: World
    server: ApiServer
    account: Path
    timing: Timing = TIMING
    members: list[Replica] = field(default_factory=list)
    leading: dict[str, Replica] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    terms: list[tuple[str, int]] = field(default_factory=list)
    wrongs: list[str] = field(default_factory=list)
    began: int = 0

    def start(self) -> Replica:
        """One more, whose name nobody had before."""
        self.began += 1
        process = Process(self.world)
        cluster = Cluster("http://kubernetes", self.account, NAMESPACE, LEASE)
        leases = Leases(cluster, process, timeout_seconds=3600, http=Line(self.server, process))
        name = f"replica-{self.began}"
        elector = Elector(leases, name, self.timing, process, logger("leadership"))
        member = Replica(name, process, elector, leases)
        member.task = asyncio.create_task(elector.run(lambda mandate: self._lead(member, mandate)))
        self.members.append(member)
        return member

    async def kill(self, member: Replica) -> None:
        """SIGKILL: it can tell nobody."""
        member.process.is_dead = True
        member.process.join()
        member.process.go_on()
        assert member.task is not None
        member.task.cancel()
        await asyncio.gather(member.task, return_exceptions=True)
        await self._let_go(member)

    async def end(self, member: Replica) -> None:
        """SIGTERM: what it does it ends, and says so."""
        member.is_ending = True
        assert member.task is not None
        if self.leading.get(member.name) is not member:
            member.task.cancel()
        await asyncio.gather(member.task, return_exceptions=True)
        await self._let_go(member)

    async def aclose(self) -> None:
        for member in list(self.members):
            await self.kill(member)

    @property
    def leader(self) -> Replica:
        """The one that leads; there is exactly one."""
        (only,) = self.leading.values()
        return only

    @property
    def standby(self) -> Replica:
        """The one that does not."""
        (other,) = (each for each in self.members if each is not self.leader)
        return other

    async def settle(self) -> Replica:
        """Let as much time pass as anything may need where no fault is left; the leader then."""
        await self.world.sleep(2 * self.timing.duration + self.timing.renew)
        assert not self.wrongs, self.wrongs
        return self.leader

    async def _let_go(self, member: Replica) -> None:
        await member.leases.aclose()
        self.members.remove(member)

    async def _lead(self, member: Replica, mandate: Mandate) -> None:
        others = [each.name for each in self.leading.values() if not each.process.is_stopped]
        if others:
            self.wrongs.append(f"{self.world.monotonic():.2f}: {member.name} leads beside {others}")
        self.leading[member.name], member.left = member, mandate.left
        self.terms.append((mandate.fence.lease, mandate.fence.transitions))
        try:
            while not member.is_ending:
                mandate.require()
                await member.process.sleep(_GAP)
                await self._call(member, mandate)
                await member.process.sleep(_REST)
        finally:
            del self.leading[member.name]

    async def _call(self, member: Replica, mandate: Mandate) -> None:
        seconds = self.timing.longest_call
        if mandate.refusal(seconds) is not None:
            return
        now = self.world.monotonic()
        call = Call(member.name, now, now + seconds)
        self._judge(call)
        await member.process.sleep(seconds * self.world.draw())
        call.ends = min(call.ends, self.world.monotonic())

    def _judge(self, call: Call) -> None:
        for other in self.calls[-20:]:
            if other.who != call.who and other.ends > call.begins:
                self.wrongs.append(f"{call} began while {other} may have been under way")
        self.calls.append(call)


@asynccontextmanager
async def replicas(folder: Path, count: int = 2, timing: Timing = TIMING) -> AsyncIterator[Replicas]:
    """So many of them, started one after the other."""
    (folder / "token").write_text(TOKEN)
    world = World()
    made = Replicas(world, ApiServer(world, world.draw), folder, timing)
    for _ in range(count):
        made.start()
    try:
        yield made
    finally:
        await made.aclose()
