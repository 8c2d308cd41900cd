"""Reading one account anew, once for everybody who asks at the same time.

Rules of this module:

1. What is read is kept in the store, judged, and handed to whoever waits, with the clear text of its secrets: the
   only place they exist outside the call that writes them. Who reads for somebody else (the backlog for a lane) may
   have an account with secrets kept for `KEPT` seconds, in memory, to be taken once: to ask again would cost as much
   once more.
2. Two that ask for the same account at once share one reading. One who asks later gets a later one.
3. An answer that cannot be understood, or none, is kept as a condition of that account; faults are raised. An account
   that came without its credentials is kept and judged, and raised as `HalfRead`.
4. Who is no subscriber (an alias, a voucher) is in no list of real accounts. It is kept only as long as a record or an
   open call of ours has to do with it.
5. That billing has no such account counts for its absence (promise P3); a fault or no answer does not, and is noted.
6. An account that an event announced counts as read only when that was `SETTLING` after the event: a reading that began
   sooner may have raced the change (contract, section 7.1), and is acted upon but followed by a second look.
"""

import asyncio
from datetime import datetime, timedelta
from functools import partial

from controller.billing.faults import BillingFault
from controller.billing.source import HalfRead
from controller.billing.values import Unreadable
from controller.judgement import bug_in, judge
from controller.store import Store, StoredAccount
from controller.store.ledger import Ledger
from controller.targets import Billing, Household
from desired_state.account import Account
from platforms.driver import PlatformError
from platforms.transport import Clock

SETTLING = timedelta(seconds=3)
KEPT = 60.0
_MOST_KEPT = 500


class FreshReader:
    """Reads single accounts of one billing source."""

    def __init__(self, billing: Billing, house: Household, ledger: Ledger, clock: Clock) -> None:
        self._billing = billing
        self._house = house
        self._ledger = ledger
        self._clock = clock
        self._reading: dict[int, asyncio.Task[Account | None]] = {}
        self._kept: dict[int, tuple[float, Account]] = {}

    async def read_for_another(self, i_account: int) -> None:
        """Read the account for whoever takes it next. Raises `PlatformError` where billing could not be asked."""
        account = await self.read(i_account)
        if account is not None and _has_secrets(account):
            self._kept.pop(i_account, None)  # the youngest is the last
            self.forget_old()
            self._kept[i_account] = (self._clock.monotonic(), account)

    def kept(self, i_account: int) -> Account | None:
        """What `take` would give now; it stays."""
        self.forget_old()
        return self._kept.get(i_account, (0.0, None))[1]

    def take(self, i_account: int) -> Account | None:
        """The account as it was read for another a short while ago, if it was; only once."""
        self.forget_old()
        _, account = self._kept.pop(i_account, (0.0, None))
        return account

    def forget_old(self) -> None:
        """Let go of whom nobody came for; to be called now and then, since what is kept are secrets."""
        oldest = self._clock.monotonic() - KEPT
        for i_account, (read_at, _) in list(self._kept.items()):
            if read_at > oldest and len(self._kept) < _MOST_KEPT:
                break
            del self._kept[i_account]

    async def read(self, i_account: int) -> Account | None:
        """The account as billing shows it now; `None` where billing has none or nobody can understand it.

        Raises `PlatformError` where billing could not be asked; `HalfRead` where it did not show the credentials.
        """
        task = self._reading.get(i_account)
        if task is None:
            self._kept.pop(i_account, None)  # what comes now is younger
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
        known = await self._ledger.run(lambda store: store.accounts(self._billing.name).get(i_account))
        try:
            account = await self._ask(i_account, known)
        except Unreadable as error:
            await self._ledger.run(partial(self._note_unreadable, i_account, error.text, now=now))
            return None
        except HalfRead as half:
            await self._ledger.run(partial(self._keep_half, half, now=now))
            raise
        except PlatformError as error:
            if known is not None and known.missing_since is not None:
                await self._ledger.run(partial(self._note_failure, i_account, error.text, now=now))
            elif isinstance(error, BillingFault):
                await self._ledger.run(partial(self._note_refused, i_account, now=now))
            raise
        return await self._ledger.run(partial(self._keep, i_account, account, now=now))

    async def _ask(self, i_account: int, known: StoredAccount | None) -> Account | None:
        i_customer = known.account.i_customer if known is not None else None
        is_expected = known is None or known.missing_since is None
        return await self._billing.source.account(i_account, i_customer, is_expected=is_expected)

    def _keep(self, i_account: int, account: Account | None, store: Store, *, now: datetime) -> Account | None:
        accounts = store.accounts(self._billing.name)
        if account is None:
            accounts.mark_gone(i_account, now)
            store.absences(self._billing.name).note_denied(i_account, now)
        elif not (account.billing_model.is_real or self._is_ours(store, i_account)):
            self._forget(store, i_account)
        else:
            account = accounts.save(account, now)
        store.events(self._billing.name).was_read(i_account, now - SETTLING)
        self.judge(store, i_account)
        return account

    def _keep_half(self, half: HalfRead, store: Store, *, now: datetime) -> None:
        """What was announced may be what could not be read: it stays announced."""
        i_account = half.account.i_account
        if half.account.billing_model.is_real or self._is_ours(store, i_account):
            store.accounts(self._billing.name).save(half.account, now, half.text)
        else:
            self._forget(store, i_account)
        self.judge(store, i_account)

    def _is_ours(self, store: Store, i_account: int) -> bool:
        """Whether a platform holds a record of ours for the account, or may for all we know."""
        return any(
            store.records(each.name, each.i_env).is_bound(i_account) or store.journal.open_of(each.name, i_account)
            for each in self._billing.platforms
        )

    def _forget(self, store: Store, i_account: int) -> None:
        store.accounts(self._billing.name).forget(i_account)
        for platform in self._billing.platforms:
            store.subscribers(platform.name).drop(i_account)

    def _note_unreadable(self, i_account: int, text: str, store: Store, *, now: datetime) -> None:
        store.accounts(self._billing.name).mark_details_unreadable(i_account, text)
        store.events(self._billing.name).was_read(i_account, now - SETTLING)
        self.judge(store, i_account)

    def _note_failure(self, i_account: int, text: str, store: Store, *, now: datetime) -> None:
        store.absences(self._billing.name).note_failure(i_account, text, now)

    def _note_refused(self, i_account: int, store: Store, *, now: datetime) -> None:
        """Some installations answer so for an account that they do not have; one that we know is asked for again."""
        if store.accounts(self._billing.name).get(i_account) is None:
            store.events(self._billing.name).was_read(i_account, now - SETTLING)

    def judge(self, store: Store, i_account: int) -> None:
        """Judge the account by all that is known of it now."""
        stored = store.accounts(self._billing.name).get(i_account)
        if stored is not None:
            judge_one = partial(judge, store, self._billing, house=self._house, now=self._clock.now())
            store.each([stored], judge_one, lambda _, bug: bug_in("judging")(i_account, bug))


def _has_secrets(account: Account) -> bool:
    credentials = account.details.credentials if account.details is not None else None
    return credentials is not None and (credentials.password is not None or credentials.pin is not None)
