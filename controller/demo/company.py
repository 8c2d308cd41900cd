"""The parts together: the simulators, and the daemon between them, in a temporary folder."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from controller.demo import settings
from controller.demo.check import WORDS
from controller.demo.kinds import KINDS
from controller.demo.parts import Part, running
from controller.demo.settings import Tempo
from controller.demo.site import Remote, Site
from platforms.driver import PlatformError
from platforms.transport import Clock

_BILLING, _DAEMON = "portabilling", "the daemon"


class Company:
    """What runs. `site` asks the simulators; the daemon is there once it was started.

    `ending` is set when a part ends: before its time, `check` says which.
    """

    def __init__(self, folder: Path, stack: AsyncExitStack, clock: Clock) -> None:
        self.ending = asyncio.Event()
        self._folder = folder
        self._stack = stack
        self._clock = clock
        self._parts: dict[str, Part] = {}
        self._remotes: dict[str, Remote] = {}

    @property
    def config(self) -> Path:
        """The daemon's configuration."""
        return self._folder / settings.FILE

    @property
    def site(self) -> Site:
        """The simulators, and what the daemon's store says."""
        platforms = {name: self._remotes[kind.driver] for name, kind in KINDS.items()}
        return Site(self._remotes[_BILLING], platforms, self.config)

    @property
    def daemon_url(self) -> str:
        """Where the daemon listens."""
        return self._parts[_DAEMON].url

    async def start_simulators(self, seed: int, tempo: Tempo) -> None:
        """Start billing and the platforms, and write the configuration that names them. Raises `PartFailed`."""
        names = (_BILLING, *(kind.driver for kind in KINDS.values()))
        commands = {name: ["simulate", name, "--port", "0", "--seed", str(seed)] for name in names}
        await asyncio.gather(*(self._start(*each) for each in commands.items()))
        urls = {name: self._parts[kind.driver].url for name, kind in KINDS.items()}
        settings.write(self._folder, self._parts[_BILLING].url, urls, tempo)

    async def start_daemon(self) -> None:
        """Start the daemon, wait until it listens, and have billing send it events. Raises `PartFailed`."""
        await self._start(_DAEMON, ["run", "--config", str(self.config)])
        await self._remotes[_BILLING].ask("PUT", "/_sim/espf", {"url": f"{self.daemon_url}/espf"})

    async def answers(self, path: str) -> bool:
        """Whether the daemon says that all is well at `/livez` or `/readyz`."""
        try:
            await self._remotes[_DAEMON].ask("GET", path)
        except PlatformError:
            return False
        return True

    async def stop_daemon(self) -> int | None:
        """Have the daemon end by SIGTERM; its exit code, `None` where it never started."""
        return await self._parts[_DAEMON].stop() if _DAEMON in self._parts else None

    def check(self) -> None:
        """Raise `PartFailed` for a part that has ended."""
        for part in self._parts.values():
            if part.has_ended:
                raise part.failed("ended by itself")

    async def _start(self, name: str, arguments: Sequence[str]) -> None:
        part = await self._stack.enter_async_context(running(name, arguments, self._folder, self.ending))
        self._parts[name] = part
        await part.started()
        self._remotes[name] = Remote(name, part.url, self._clock)
        self._stack.push_async_callback(self._remotes[name].aclose)


@asynccontextmanager
async def company(clock: Clock) -> AsyncIterator[Company]:
    """A company of which nobody was started yet; at the end every process is stopped, and every file is gone."""
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(TemporaryDirectory(prefix="iptv-reconciler-demo-"))
        yield Company(Path(folder), stack, clock)


def addresses(parts: Company) -> Iterator[str]:
    """Where everything can be looked at, and what to try."""
    billing, config = parts.site.billing.url, parts.config
    yield f"status:   {parts.daemon_url}/  (any user name, and {settings.PAGE_TOKEN} as the password)"
    yield f"daemon:   {parts.daemon_url}/metrics  {parts.daemon_url}/livez  {parts.daemon_url}/readyz"
    yield f"its file: {config} (for plan, explain and status: --config)"
    yield f"billing:  {billing}/_sim/accounts  {billing}/_sim/requests"
    for name, remote in parts.site.platforms.items():
        path = f"{remote.url}{WORDS[name].path}"
        yield f"{name + ':':<9} {path}  {remote.url}/_sim/requests  ({KINDS[name].driver})"
    yield "block an account, and see its record go off:"
    yield f'  curl -d \'{{"action": "block", "i_account": 70001}}\' {billing}/_sim/changes'
    yield "let a platform fail five times:"
    tv = parts.site.platforms["tv"].url
    yield f'  curl -d \'{{"operation": "customers.*", "kind": "status", "count": 5}}\' {tv}/_sim/faults'
    yield "Ctrl-C or SIGTERM ends it all"
