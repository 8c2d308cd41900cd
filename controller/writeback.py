"""Telling a billing source how the provisioning of its accounts stands (optional).

Rules of this module:

1. It looks at the store and tells the difference to what it told before; nobody waits for it, and nothing depends on
   whether it worked. What it misses, the comparison after the next full pass finds.
2. First the accounts of which a look has just ended, then everybody, slice by slice. One call at a time.
3. An account that billing refuses is let be until its status is another one. After any other failure it pauses, ever
   longer, and goes on with the next account: neither an outage nor one account can hold it up for good.
4. What is told are the sentences that `status` and `explain` show; they hold no personal data (promise P10).
"""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from itertools import islice

from controller.billing.espf import StatusApi, StatusReport
from controller.decided import Decided, tell
from controller.log import Logger
from controller.store import Audience, Store, StoreError, StoreUnavailable, Telling
from controller.store.ledger import Ledger
from controller.tracing import Traces
from desired_state.retry import backoff
from platforms.driver import PlatformError, Rejected, Transient
from platforms.transport import Clock

SLICE = 200  # accounts that are compared in one transaction
MOST_LOOKED_AT = 10_000  # accounts remembered for having been looked at; beyond that everybody is compared
_LATE = 5  # what will take a person is tried again as late as after so many further failures


@dataclass(frozen=True, slots=True)
class Desk:
    """What a writer works with."""

    ledger: Ledger
    clock: Clock
    draw: Callable[[], float]
    log: Logger
    traces: Traces


class Writer:
    """Tells one billing source about its accounts."""

    def __init__(self, audience: Audience, api: StatusApi, desk: Desk) -> None:
        self._audience = audience
        self._api = api
        self._desk = desk
        self._changed = asyncio.Event()
        self._looked_at: dict[int, None] = {}
        self._found: deque[int] = deque()
        self._compared_to: int | None = None
        self._again = False
        self._failures = 0
        self._begun = False

    def looked_at(self, i_account: int) -> None:
        """A look at the account ended: it may stand otherwise now."""
        if len(self._looked_at) < MOST_LOOKED_AT:
            self._looked_at[i_account] = None
            self._changed.set()
        else:
            self.compare_all()

    def compare_all(self) -> None:
        """Hold everybody against what was told, beginning when the comparison that may be under way has ended."""
        self._again = True
        self._changed.set()

    async def run(self) -> None:
        """Tell until cancelled."""
        while True:
            self._changed.clear()
            try:
                await self.tell_all()
            except StoreUnavailable:
                await self._desk.ledger.usable()
                continue
            except StoreError:
                raise
            except Exception as bug:
                self._desk.log.error("telling billing failed by a bug", billing=self._audience.billing, exc_info=bug)
                await self._pause(_LATE, timedelta(0))
            await self._changed.wait()

    async def tell_all(self) -> None:
        """Tell what differs, until nothing is left to compare."""
        if not self._begun:
            await self._desk.ledger.run(self._begin)
            self._begun = True
        while (i_account := await self._next()) is not None:
            for telling in await self._differing([i_account]):  # as it stands now: it may have waited long
                with self._desk.traces.begin("tell", billing=self._audience.billing, i_account=i_account):
                    await self._tell(telling)

    async def aclose(self) -> None:
        """Close all connections."""
        await self._api.aclose()

    async def _next(self) -> int | None:
        """The next account of which something is to be said, or `None`."""
        while not self._found or self._looked_at:
            fresh = list(islice(self._looked_at, SLICE))
            part = fresh or await self._next_slice()
            if not part:
                return None
            for i_account in fresh:
                del self._looked_at[i_account]
            found = [telling.i_account for telling in await self._differing(part)]
            if fresh:
                self._found.extendleft(reversed(found))
            else:
                self._found.extend(found)
        return self._found.popleft()

    async def _next_slice(self) -> list[int]:
        """The accounts to be compared next; empty where everybody has been."""
        if self._compared_to is None:
            if not self._again:
                return []
            self._again, self._compared_to = False, 0
        after = self._compared_to
        audience = self._audience
        part = await self._desk.ledger.run(lambda store: store.told(audience).after(after, SLICE))
        self._compared_to = part[-1] if part else None
        await self._desk.clock.sleep(0)
        return part or await self._next_slice()

    async def _differing(self, i_accounts: list[int]) -> list[Telling]:
        audience = self._audience
        return await self._desk.ledger.run(lambda store: store.told(audience).differing(i_accounts))

    async def _tell(self, telling: Telling) -> None:
        refused = False
        try:
            with self._desk.ledger.calling():
                await self._api.tell(StatusReport(telling.i_account, telling.status.name, telling.text))
        except Rejected:
            refused = True
        except PlatformError as error:
            await self._failed(error)
            return
        self._failures = 0
        account = await self._desk.ledger.run(partial(self._note, telling=telling, refused=refused))
        tell(
            Decided(
                i_account=telling.i_account,
                account=account,
                billing=self._audience.billing,
                action="tell",
                state=telling.status.name.lower(),
                text=telling.text,
                result="rejected" if refused else "told",
            )
        )

    def _note(self, store: Store, *, telling: Telling, refused: bool) -> str | None:
        """Keep what billing was told; returns the account's id."""
        store.told(self._audience).note(telling, refused=refused)
        store.targets.set_meta(_key(self._audience.billing, "encoding"), self._api.encoding)
        store.targets.set_telling_trouble(self._audience.billing, "")
        stored = store.accounts(self._audience.billing).get(telling.i_account)
        return stored.account.id if stored is not None else None

    async def _failed(self, error: PlatformError) -> None:
        """Say so once for each outage, and wait."""
        self._failures += 1
        if self._failures == 1:
            billing = self._audience.billing
            self._desk.log.warning("billing cannot be told how provisioning stands", target=billing, text=error.text)
        await self._desk.ledger.run(lambda store: store.targets.set_telling_trouble(self._audience.billing, error.text))
        asked_for = getattr(error, "retry_after", None) or timedelta(0)
        later = 0 if isinstance(error, Transient) else _LATE
        await self._pause(self._failures + later, asked_for)

    async def _pause(self, failures: int, at_least: timedelta) -> None:
        await self._desk.clock.sleep(backoff(failures, self._desk.draw(), at_least).total_seconds())

    def _begin(self, store: Store) -> None:
        """A process has started: to another group than before, nothing has been told yet."""
        group, encoding = _key(self._audience.billing, "group"), _key(self._audience.billing, "encoding")
        if store.targets.meta(group) != self._api.group:
            store.told(self._audience).forget()
            store.targets.set_meta(group, self._api.group)
        match store.targets.meta(encoding):
            case "json" | "form" as worked:
                self._api.prefer(worked)
        store.targets.set_telling_trouble(self._audience.billing, "")


def _key(billing: str, what: str) -> str:
    return f"{billing} is told: {what}"
