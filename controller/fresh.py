"""Reading one account anew, once for everybody who asks at the same time.

Rules of this module:

1. What is read is kept in the store, judged, and handed to whoever waits, with the clear text of its secrets: the
   only place they exist outside the call that writes them.
2. Two that ask for the same account at once share one reading. One who asks later gets a later one.
3. An answer that cannot be understood, or none, is kept as a condition of that account; faults are raised.
"""

import asyncio
from datetime import datetime
from functools import partial

from controller.billing.values import Unreadable
from controller.judgement import bug_in, judge
from controller.store import Ledger, Store
from controller.targets import Billing, Household
from desired_state.account import Account
from platforms.transport import Clock


class FreshReader:
    """Reads single accounts of one billing source."""

    def __init__(self, billing: Billing, house: Household, ledger: Ledger, clock: Clock) -> None:
        self._billing = billing
        self._house = house
        self._ledger = ledger
        self._clock = clock
        self._reading: dict[int, asyncio.Task[Account | None]] = {}

    async def read(self, i_account: int) -> Account | None:
        """The account as billing shows it now; `None` where billing has none or nobody can understand it.

        Raises `PlatformError` where billing could not be asked.
        """
        task = self._reading.get(i_account)
        if task is None:
            task = asyncio.create_task(self._read(i_account))
            self._reading[i_account] = task
            task.add_done_callback(partial(self._done, i_account))
        return await asyncio.shield(task)

    def _done(self, i_account: int, task: "asyncio.Task[Account | None]") -> None:
        self._reading.pop(i_account, None)
        if not task.cancelled():
            task.exception()  # taken note of, also where all who waited for it have gone

    async def _read(self, i_account: int) -> Account | None:
        now = self._clock.now()
        try:
            account = await self._billing.source.account(i_account)
        except Unreadable as error:
            await self._ledger.run(partial(self._note_unreadable, i_account, error.text))
            return None
        return await self._ledger.run(partial(self._keep, i_account, account, now=now))

    def _keep(self, i_account: int, account: Account | None, store: Store, *, now: datetime) -> Account | None:
        accounts = store.accounts(self._billing.name)
        if account is None:
            accounts.mark_gone(i_account, now)
        else:
            account = accounts.save(account, now)
        self._judge(store, i_account)
        return account

    def _note_unreadable(self, i_account: int, text: str, store: Store) -> None:
        store.accounts(self._billing.name).mark_details_unreadable(i_account, text)
        self._judge(store, i_account)

    def _judge(self, store: Store, i_account: int) -> None:
        stored = store.accounts(self._billing.name).get(i_account)
        if stored is not None:
            judge_one = partial(judge, store, self._billing, house=self._house, now=self._clock.now())
            store.each([stored], judge_one, lambda _, bug: bug_in("judging")(i_account, bug))
