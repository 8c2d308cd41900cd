"""The inbox: an event is kept, and the accounts it is about are put on the queues.

Rules of this module:

1. Event and accounts are committed to the disk together, before anybody is told that the event was taken.
2. An event goes to the billing source of its environment (`i_env`); where it names none of ours, to every one: an
   account that is not there costs one look.
3. The trace in which it came is kept with it: what is done because of it goes on with that, after a restart as well.
4. An event about many accounts is taken at once; those of the customer that are known are looked at without waiting,
   the others are found by `spreading`.
5. Of several processes on one store any takes events; the one that leads hears of those that others took (`listen`).
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial

from controller.events.bodies import Notice
from controller.events.vocabulary import Scope, Subject, positive, subject_of
from controller.fresh import SETTLING
from controller.store import Announced, Store, StoredEvent
from controller.store.ledger import Ledger
from controller.targets import Billing
from controller.workqueue import Priority
from desired_state.subscriber import SubscriberKey
from platforms.trace import current
from platforms.transport import Clock

MOST_AT_ONCE = 1000  # events whose commit is awaited; more are refused, to be sent again
MANY = 50  # accounts changed by one event, above which none of them goes before other events


class Overloaded(Exception):
    """More events come in than can be kept; they have to be sent again."""


@dataclass(frozen=True, slots=True)
class _Taken:
    """What became of an event: at which sources it was new, and whom to look at there, if that is for us to do."""

    outcome: str
    announced: tuple[tuple[str, Announced], ...] = ()
    is_ours: bool = True


@dataclass(frozen=True, slots=True)
class _Arrival:
    """An event as it came: from whom, about whom, and in which trace."""

    source: str
    notice: Notice
    subject: Subject
    trace_id: str | None


class Inbox:
    """Takes events for all billing sources. `on_many` is called when an event about many accounts was taken."""

    def __init__(self, billings: Sequence[Billing], ledger: Ledger, clock: Clock, new_id: Callable[[], str]) -> None:
        """`new_id` makes a key for an event that has none."""
        self._billings = {billing.name: billing for billing in billings}
        self._ledger = ledger
        self._clock = clock
        self._new_id = new_id
        self._awaited = 0
        self.on_many: Callable[[], None] = lambda: None

    async def take(self, source: str, notice: Notice) -> str:
        """Keep an event: `stored`, `duplicate`, or `ignored` where it is about nobody.

        Raises `Overloaded`, and `StoreError` where the database cannot be used.
        """
        subject = subject_of(notice.event_type, notice.variables)
        if subject is None:
            return "ignored"
        if self._awaited >= MOST_AT_ONCE:
            raise Overloaded(f"{self._awaited} events wait to be kept already")
        self._awaited += 1
        try:
            trace = current()
            arrival = _Arrival(source, notice, subject, trace.trace_id if trace is not None else None)
            keep = partial(self._keep, arrival=arrival)
            taken = await self._ledger.run(keep, durable=True, is_anyones=True)
        finally:
            self._awaited -= 1
        if taken.is_ours:
            self._pass_on(taken, subject.scope)
        return taken.outcome

    async def listen(self) -> None:
        """Hear of the events that other processes took."""
        for name in self._billings:
            for scope, taken in await self._ledger.run(partial(_unheard, billing=name)):
                self._pass_on(taken, scope)

    def _pass_on(self, taken: _Taken, scope: str) -> None:
        for name, announced in taken.announced:
            self.enqueue(self._billings[name], [announced])
        if scope != Scope.ACCOUNT:
            self.on_many()

    async def begin(self) -> None:
        """A process has started: what an old one took and did not live to act upon is put on the queues."""
        for billing in self._billings.values():
            self.enqueue(billing, await self._ledger.run(partial(_announced, billing=billing.name)))
        self.on_many()

    def enqueue(self, billing: Billing, announced: Iterable[Announced]) -> None:
        """Have accounts looked at on all platforms of their billing source; many that changed together can wait."""
        now = self._clock.monotonic()
        for each in announced:
            priority = Priority.SWEEP if each.routine else Priority.EVENT
            for platform in billing.platforms:
                key = SubscriberKey(platform.name, each.i_account)
                platform.queue.add(key, priority, now, trace_id=each.trace_id)

    def _keep(self, store: Store, *, arrival: "_Arrival") -> _Taken:
        notice, subject, is_new = arrival.notice, arrival.subject, False
        announced: list[tuple[str, Announced]] = []
        for name in self._addressed(notice):
            event = StoredEvent(
                key=f"{arrival.source}:{self._key(notice, subject)}",
                event_type=notice.event_type,
                scope=subject.scope,
                number=subject.number,
                received_at=self._clock.now(),
                trace_id=arrival.trace_id,
            )
            is_spread, is_heard = subject.scope is Scope.ACCOUNT, store.is_led_here
            if store.events(name).add(event, arrival.source, is_spread=is_spread, is_heard=is_heard):
                is_new = True
                announced += [(name, each) for each in announce(store, name, _known(store, name, subject), event)]
        return _Taken("stored" if is_new else "duplicate", tuple(announced), store.is_led_here)

    def _addressed(self, notice: Notice) -> list[str]:
        i_env = positive(notice.variables.get("i_env"))
        named = [name for name, billing in self._billings.items() if billing.source.environment == i_env]
        return named or list(self._billings)

    def _key(self, notice: Notice, subject: Subject) -> str:
        """What the event is known by again: one number may stand for several, of installations or of one that restarted
        its count."""
        if notice.key is None:
            return self._new_id()
        return f"{notice.key} {notice.event_type.lower()} {subject.scope} {subject.number}"


def announce(store: Store, billing: str, i_accounts: Sequence[int], event: StoredEvent) -> list[Announced]:
    """Have accounts read because of an event; those are left out that were read late enough after it."""
    accounts, events = store.accounts(billing), store.events(billing)
    routine = event.scope == Scope.PRODUCT or len(i_accounts) > MANY
    stale = [
        i_account
        for i_account in i_accounts
        if (known := accounts.get(i_account)) is None
        or known.details_at is None
        or known.details_at - event.received_at < SETTLING
    ]
    events.announce(stale, event.received_at, routine=routine, trace_id=event.trace_id)
    return [Announced(i_account, event.received_at, routine, event.trace_id) for i_account in stale]


def _known(store: Store, billing: str, subject: Subject) -> list[int]:
    """The accounts an event is about, as far as they can be told at once."""
    match subject.scope:
        case Scope.ACCOUNT:
            return [subject.number]
        case Scope.CUSTOMER:
            return store.accounts(billing).of_customer(subject.number)
        case Scope.PRODUCT:
            return []


def _unheard(store: Store, *, billing: str) -> list[tuple[str, _Taken]]:
    """What others took, each with its scope; whom it is about they have announced, but for whoever was read since."""
    found = []
    for event in store.events(billing).take_unheard():
        i_accounts = _known(store, billing, Subject(Scope(event.scope), event.number))
        again = announce(store, billing, i_accounts, event)
        found.append((event.scope, _Taken("stored", tuple((billing, each) for each in again))))
    return found


def _announced(store: Store, *, billing: str) -> list[Announced]:
    return store.events(billing).announced()
