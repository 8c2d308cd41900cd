"""The store as the loop uses it: asynchronous, one writer, group commit.

Rules of this module:

1. Everybody hands over a function of the store; it runs in one transaction and never awaits anything.
2. Functions that arrive while a commit is under way share the next one: many intents cost one `fsync`. Each has its
   own savepoint, so that one that fails takes nobody along. One that asks for durability makes its commit durable.
   The slices of a sweep do not share it (`queue.py`).
3. A result is given out only after its commit.
4. A file that was removed or replaced under us is not written to any more: nobody else sees what is in it, and nothing
   of it outlives the process. The process ends; the next one notices the loss (`controller/recovery.py`).
5. While the database cannot be used but will be again, nobody gets in: all are refused at once, but for what has
   happened already and must not be forgotten (`patient`). Whether it is over is found out by writing for trial.
6. Where several processes share the store, who leads has an `Authority`: each of its transactions finds its own fence
   in the store (`fence.py`), and it announces no call that its lease may not outlast. Without one, nothing is done here
   but what anybody may do: keep an event, and look.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import TypeVar

from controller.store.database import (
    is_database_error,
    set_durable,
    writing,
)
from controller.store.fence import Authority
from controller.store.queue import Queue, Waiting
from controller.store.store import Store
from controller.store.trouble import NotLeading, RowDamaged, StoreError, StoreUnavailable
from platforms import permits

T = TypeVar("T")


class Ledger:
    """Runs functions of the store, in order; with a thread of its own, or in place (for tests and short commands)."""

    def __init__(self, open_store: Callable[[], Store], *, threaded: bool) -> None:
        self._open = open_store
        self._is_shared = False
        self._authority: Authority | None = None
        self._executor: Executor | None = ThreadPoolExecutor(1, "store") if threaded else None
        self._store: Store | None = None
        self._queue = Queue[Store]()
        self._is_durable: bool | None = None
        self._closed = False
        self._flushing: asyncio.Task[None] | None = None
        self._is_watched = False
        self._has_given_up = False
        self._over = asyncio.Event()
        self.trouble: StoreUnavailable | None = None
        self.timing: Callable[[], AbstractContextManager[None]] = nullcontext  # around each transaction, in its thread

    async def run(
        self, action: Callable[[Store], T], *, durable: bool = False, patient: bool = False, is_anyones: bool = False
    ) -> T:
        """Run `action` in a transaction and return what it returned, once that is committed.

        Any commit survives the end of the process; a `durable` one survives a power cut as well, for the price of
        waiting for the disk. What was lost to a power cut is read anew from billing and the platforms.
        A `patient` one waits until the database can be used. One that `is_anyones` needs not to lead. Raises
        `StoreError`.
        """
        while True:
            try:
                if self.trouble is not None and self._is_watched:
                    raise self.trouble
                return await self._run(action, durable, is_anyones)
            except StoreUnavailable:
                if not (patient and self._is_watched):
                    raise
                await self.usable()

    async def run_slice(self, action: Callable[[Store], T]) -> T:
        """Run a slice of a sweep, which nobody who is urgent should wait for: as `run`, in a transaction of its own."""
        if self.trouble is not None and self._is_watched:
            raise self.trouble
        return await self._run(action, is_slice=True)

    def share(self) -> None:
        """Other processes work on the store as well: from now on it takes an authority to do more than anybody may."""
        self._is_shared = True

    def led_by(self, authority: Authority | None) -> None:
        """From now on, or no longer, this process is the one that leads."""
        self._authority = authority

    def calling(self) -> AbstractContextManager[None]:
        """A call that was announced is made within: each of its requests needs enough of the lease, if there is one."""
        return nullcontext() if self._authority is None else permits.needing(self._authority.refusal)

    def watch(self) -> None:
        """Somebody sees to it from now on that troubles end (`try_again`): they can be waited for."""
        self._is_watched, self._has_given_up = True, False
        if self.trouble is not None:
            self._over.clear()

    def give_up(self) -> None:
        """Nobody waits any longer: those who work are to end."""
        self._is_watched, self._has_given_up = False, True
        self._over.set()

    async def usable(self) -> None:
        """Wait until the database can be used, or nobody waits any longer. Raises the trouble that nobody sees to."""
        if self.trouble is None or self._has_given_up:
            return
        if not self._is_watched:
            raise self.trouble
        await self._over.wait()

    async def try_again(self) -> bool:
        """Write for trial; says whether the trouble is over."""
        try:
            await self._run(Store.write_for_trial, durable=True, is_anyones=True)
            await self._run(Store.take_back_trial, durable=True, is_anyones=True)
        except StoreUnavailable:
            return False
        self.trouble = None
        self._over.set()
        return True

    async def _run(
        self, action: Callable[[Store], T], durable: bool = False, is_anyones: bool = False, *, is_slice: bool = False
    ) -> T:
        if self._closed:
            raise StoreError("the store is closed already: the process is about to end")
        future: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        self._queue.add(Waiting(action, future, durable, is_anyones), is_slice=is_slice)
        if self._flushing is None or self._flushing.done():
            self._flushing = asyncio.create_task(self._flush())
        return await future  # type: ignore[return-value]  # the future carries what `action` returns

    async def beside(self, function: Callable[[], T]) -> T:
        """Do something with a file beside the database, where waiting for the disk keeps nobody else."""
        return await self._in_thread(function)

    async def close(self) -> None:
        """Finish what was handed over, then let go of the file."""
        self._closed = True
        if self._flushing is not None:
            await self._flushing
        await self._in_thread(self._close)
        if self._executor is not None:
            self._executor.shutdown()

    async def _flush(self) -> None:
        while batch := self._queue.take():
            try:
                outcomes = await self._in_thread(partial(self._commit, batch))
            except Exception as error:
                self._note(error)
                outcomes = [error] * len(batch)
            for waiting, outcome in zip(batch, outcomes, strict=True):
                waiting.resolve(outcome)
            await asyncio.sleep(0)  # who has just heard may have more to say: it goes with the next commit

    def _note(self, error: Exception) -> None:
        if isinstance(error, StoreUnavailable) and self.trouble is None:
            self.trouble = error
            self._over.clear()

    async def _in_thread(self, function: Callable[[], T]) -> T:
        if self._executor is None:
            return function()
        return await asyncio.get_running_loop().run_in_executor(self._executor, function)

    def _commit(self, batch: list[Waiting[Store]]) -> list[object]:
        if self._store is None:
            self._store = self._open()
        store = self._store
        with self.timing(), store.translating():
            store.assert_in_place()
            self._set_durable(store, any(waiting.durable for waiting in batch))
            with writing(store.db):
                self._see_who_leads(store)
                return [_guarded(store, waiting.action, waiting.is_anyones) for waiting in batch]

    def _see_who_leads(self, store: Store) -> None:
        authority = self._authority
        if self._is_shared:
            store.is_led_here = authority is not None and store.fences.is_ours(authority.fence)
        store.journal.on_open = store.charges.on_sending = authority.require if authority is not None else _may

    def _set_durable(self, store: Store, durable: bool) -> None:
        if durable is not self._is_durable:
            set_durable(store.db, durable)
            self._is_durable = durable

    def _close(self) -> None:
        if self._store is not None:
            self._store.close()
            self._store = None


def _may() -> None:
    """Nothing objects."""


def _guarded(store: Store, action: Callable[[Store], object], is_anyones: bool) -> object:
    """What the action returned, or the exception it raised, its own changes undone; nothing is done that is not ours.

    Where SQLite itself fails (a full disk, say) it may have undone the whole transaction: then all of it fails.
    """
    if not (store.is_led_here or is_anyones):
        return NotLeading("another process leads, or may do so by now: nothing of this one's is written any more")
    conn = store.db.conn
    conn.execute("SAVEPOINT action")
    try:
        result = action(store)
    except Exception as error:
        said = store.said(error)
        is_their_own = isinstance(said, RowDamaged) or not is_database_error(said)
        if not (is_their_own and conn.in_transaction):
            raise
        conn.execute("ROLLBACK TO action")
        result = said
    conn.execute("RELEASE action")
    return result
