"""A `Bed` whose every boundary is tapped, and whose process can die.

Rules of this module:

1. Death is complete: from that instant on nothing of the old process crosses any boundary, its tasks are gone, what it
   had not committed is taken back by SQLite, and what it had in memory is lost. The next process begins as the daemon
   does: it takes stock, acts on what was announced, and makes a full pass.
2. While the store cannot be used, the process lives and waits, as the daemon does; here is the pulse that ends it.
3. Nothing here knows which faults there are.
"""

import asyncio
import sqlite3  # noqa: TID251  the connection is tapped
from collections.abc import Awaitable, Callable, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any, NoReturn, cast

import httpx
from starlette.types import ASGIApp

from controller.demo.check import WORDS, Record
from controller.store import Store, StoreUnavailable
from platforms.transport import Http
from tests.bed import Bed, Values
from tests.harness.chronicle import Chronicle
from tests.harness.crossings import Kind, Tap

Plant = Callable[[Bed], None]
"""Told of every new process, to spoil it by a bug (`site.application` is the process's)."""


class Killed(BaseException):
    """The process is dead. No code of the product may catch it."""


class Site(Bed):
    """Billing, platforms and the reconciler, with a tap on all that passes between them."""

    def __init__(self, folder: Path, blocks: Values, tap: Tap, plant: Plant | None = None) -> None:
        self.tap = tap
        self.life = Life()
        self.deaths = 0
        self._plant = plant
        self._answers: dict[tuple[str, str, bytes], list[httpx.Response]] = {}
        self._outside = {asyncio.current_task(), *asyncio.all_tasks()}
        asyncio.get_running_loop().set_exception_handler(_mourn)
        super().__init__(folder, blocks)
        self.chronicle = Chronicle({name: WORDS[name] for name in self.config.platforms})
        self._begun_anew()

    # -- the taps

    def carrier(self, target: str, app: ASGIApp) -> Http:
        return Wire(self, target, super().carrier(target, app))

    def opened_store(self) -> Store:
        self.life.check()
        store = super().opened_store()
        self.life.connection = store.db.conn
        store.db.conn = cast(sqlite3.Connection, TappedConnection(self, store.db.conn))
        return store

    def kept(self, key: tuple[str, str, bytes], answer: httpx.Response) -> None:
        """Remember what a question was answered."""
        self._answers.setdefault(key, []).append(answer)

    def past(self, key: tuple[str, str, bytes]) -> httpx.Response | None:
        """What the question was answered when that was last something else than at the latest time."""
        answers = self._answers.get(key, [])
        return next((each for each in reversed(answers) if each.content != answers[-1].content), None)

    # -- what platforms and the database hold

    async def dumped(self, platform: str) -> list[Record]:
        """Everything that a platform holds, as its simulator dumps it, untapped."""
        app = self._simulator(self.config.platforms[platform].url)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app)) as client:
            answer = await client.get(f"http://sim{WORDS[platform].path}")
        rows: list[Record] = answer.json()["rows"]
        return rows

    def announced_calls(self, platform: str) -> frozenset[int]:
        """Whose calls are announced on a platform, as another program finds it committed in the database."""
        with closing(sqlite3.connect(self.config.store.path)) as other:
            rows = other.execute("SELECT i_account FROM intents WHERE platform = ?", (platform,))
            return frozenset(i_account for (i_account,) in rows)

    # -- life and death

    def die(self) -> NoReturn:
        """The process is killed now; raised in the process itself."""
        self.life.is_over = True
        raise Killed

    async def live(self, *works: Callable[[], Awaitable[object]]) -> None:
        """The process does these things; where it dies, the next one makes a pass and goes on with what is left."""
        for work in works:
            is_done = await self._survives(work)
            while not is_done:
                await self._bury()
                is_done = await self._survives(self.begin_work)

    async def begin_work(self) -> None:
        """What a new process does first."""
        self._begun = self.application
        await self.application.loop.begin()
        await self.act_on_events()
        await self.full_pass()

    async def tick(self) -> None:
        """The scheduler asks for a pass, which is made, with all that follows from it."""
        self.tap.cross(Kind.TICK, "scheduler", "full pass").before(self)
        await self.full_pass()
        await self.application.loop.marker.keep_up()

    async def announce(self, i_account: int) -> None:
        """Billing sends an event, again and again until it is answered 200."""
        passage = self.tap.cross(Kind.EVENT, "billing", f"Account/Updated of {i_account}")
        passage.before(self)
        await self.live(partial(self._sent, i_account))
        passage.after(self)

    async def _sent(self, i_account: int) -> None:
        assert (await self.espf("Account/Updated", i_account=i_account)).status_code == 200

    async def _survives(self, work: Callable[[], Awaitable[object]]) -> bool:
        task = asyncio.ensure_future(work())
        while not task.done() and not self.life.is_over:
            if self.tap.turn():
                task.cancel()
                await asyncio.wait([task])
                return False
            await self._see_to_store()
            await asyncio.sleep(0)
        if self.life.is_over:
            return False
        try:
            await task
        except StoreUnavailable:
            await self.application.ledger.usable()
            return await self._survives(self.begin_work)
        return True

    async def _see_to_store(self) -> None:
        ledger = self.application.ledger
        if ledger.trouble is not None:
            self.world.advance(1)
            await ledger.try_again()

    async def _bury(self) -> None:
        self.deaths += 1
        self.life.is_over = True
        tasks = asyncio.all_tasks() - self._outside
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self.life.close()
        self.life = Life()
        self.application = self._assembled()
        self._begun_anew()

    def _begun_anew(self) -> None:
        self.application.ledger.watch()
        if self._plant is not None:
            self._plant(self)

    async def aclose(self) -> None:
        self.life.is_over = False
        await super().aclose()


class Life:
    """One process's: whether it is over, and the connection to the database that the system closes then."""

    def __init__(self) -> None:
        self.is_over = False
        self.connection: sqlite3.Connection | None = None

    def check(self) -> None:
        """Nothing is done by the dead."""
        if self.is_over:
            raise Killed

    def close(self) -> None:
        """The system closes the file; SQLite takes back what was not committed."""
        if self.connection is not None:
            self.connection.close()


class Wire(httpx.AsyncBaseTransport):
    """A carrier of requests, tapped."""

    def __init__(self, site: Site, target: str, carrier: Http) -> None:
        self._site, self._life = site, site.life
        self._target = target
        self._carrier = carrier

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self._life.check()
        site, key = self._site, (self._target, f"{request.method} {request.url}", request.content)
        kind = self._kind(request)
        passage = site.tap.cross(kind, self._target, _operation(request), past=site.past(key))
        answer = passage.before(site) or await self._carried(request, kind)
        if kind is not Kind.PLATFORM_WRITE:
            site.kept(key, answer)
        answered = passage.after(site, answer)
        self._life.check()
        assert answered is not None
        return answered

    async def _carried(self, request: httpx.Request, kind: Kind) -> httpx.Response:
        site, is_write = self._site, kind is Kind.PLATFORM_WRITE
        announced = site.announced_calls(self._target) if is_write else frozenset()
        response = await self._carrier.handle_async_request(request)
        content = await response.aread()
        if is_write:
            site.chronicle.written(self._target, await site.dumped(self._target), announced)
        return httpx.Response(response.status_code, headers=response.headers, content=content)

    def _kind(self, request: httpx.Request) -> Kind:
        if self._target in WORDS:
            is_read = request.method == "GET" or request.url.path.endswith("/access-token")
            return Kind.PLATFORM_READ if is_read else Kind.PLATFORM_WRITE
        return Kind.BILLING_READ


class TappedConnection:
    """A connection to the database whose transactions are tapped; all else is the connection's own."""

    def __init__(self, site: Site, connection: sqlite3.Connection) -> None:
        self._site, self._life = site, site.life
        self._connection = connection
        self._changes = 0

    def __getattr__(self, name: str) -> object:
        return getattr(self._connection, name)

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> sqlite3.Cursor:
        self._life.check()
        if sql == "BEGIN IMMEDIATE":
            self._changes = self._connection.total_changes
            self._site.tap.cross(Kind.BEGIN, "store", "begin").before(self._site)
        return self._connection.execute(sql, parameters)

    def commit(self) -> None:
        self._life.check()
        changes = self._connection.total_changes != self._changes
        passage = self._site.tap.cross(Kind.COMMIT, "store", "commit", changes=changes)
        passage.before(self._site)
        self._connection.commit()
        passage.after(self._site)


def _mourn(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Nobody has to ask what became of the tasks of a process that was killed."""
    if not isinstance(context.get("exception"), Killed):
        loop.default_exception_handler(context)


def _operation(request: httpx.Request) -> str:
    return f"{request.method} {request.url.path}"
