"""Whose turn it is on a platform: the rules of `desired_state.turns`, asked about what the store knows.

Rules of this module:

1. It reads the store, and nothing else. Who has something is what the last readings and our own writes say; the
   platform's refusal has the last word.
2. Only records bound to the account are its own: one that merely bears its name is not asked to make way (promise P1).
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from controller.moves import is_bound_elsewhere
from controller.store import REFUSALS, Holder, Store, StoredRecord, StoredSubscriber
from controller.targets import Platform
from desired_state.desired import Desired
from desired_state.entitlement import UNREAD, Presence
from desired_state.plan import (
    Change,
    Delete,
    Rename,
    Suspend,
    Update,
    creates,
    diff,
    is_destructive,
    only_off,
    steps,
)
from desired_state.policy import hindrances
from desired_state.subscriber import Observation
from desired_state.turns import (
    LONGEST_CHAIN,
    Obstacle,
    circle_broken_by,
    claimed,
    has_let_go,
    held,
    hindered,
    interim_name,
    keeps,
    letting_go,
    only_gives,
    only_waits,
    released,
    to_interim_name,
    without,
)
from desired_state.unique import Value

Ways = Sequence[tuple[Change, Sequence[Obstacle]]]
"""The changes that lead to a wish, each with what stands in its way."""


@dataclass(frozen=True, slots=True)
class Party:
    """A subscriber with its own record, as far as it has one."""

    subscriber: StoredSubscriber
    record: StoredRecord | None

    @property
    def wished(self) -> Desired:
        """What the platform should hold."""
        return self.subscriber.desired

    @property
    def seen(self) -> Observation | None:
        """What it holds."""
        return self.record.observation if self.record is not None else None

    @property
    def i_account(self) -> int:
        """Whose it is."""
        return self.wished.key.i_account

    @property
    def is_foreign(self) -> bool:
        """Whether the record merely bears the account's name."""
        return self.record is not None and self.record.i_account is None

    @property
    def is_at_interim_name(self) -> bool:
        """Whether the record's name is one that it was given only to leave another."""
        return self.seen is not None and self.seen.external_id == interim_name(self.wished.owner)

    @property
    def is_stuck(self) -> bool:
        """Whether the platform has refused what this subscriber wishes."""
        return self.subscriber.progress.held_by in REFUSALS


@dataclass(frozen=True, slots=True)
class Turn:
    """The change a subscriber may make now, or what stands in its way (`Desired.problems` of the change).

    `waits_for`: who gives up first what the change claims. `rivals`: who, as far as we know, keeps it or has the older
    right to it. `lets_go`: it is made for the sake of others; `followers` of them change their records after it.
    `completes`: it goes on with a swap that has begun, lest one stays without.
    """

    change: Change | None
    waits_for: tuple[int, ...] = ()
    rivals: tuple[int, ...] = ()
    lets_go: bool = False
    followers: int = 0
    completes: bool = False


class Turns:
    """Who has what on one platform, and who needs it."""

    def __init__(self, store: Store, platform: Platform) -> None:
        self._platform = platform
        self._store = store
        self._records = store.records(platform.name, platform.i_env)
        self._subscribers = store.subscribers(platform.name)

    def party(self, i_account: int) -> Party | None:
        """A subscriber with its record: the one bound to it, else an unbound one that bears its name."""
        subscriber = self._subscribers.get(i_account)
        if subscriber is None:
            return None
        return Party(subscriber, self._records.of_account(i_account, subscriber.desired.external_id))

    def of(self, party: Party) -> Turn:
        """What the subscriber may do now."""
        if party.is_foreign:
            return Turn(diff(party.wished, party.seen))
        needed = self._needed(party)
        ways = [(step, self._obstacles(step, party)) for step in self._steps(party, needed)]
        free = [_only_what_goes(step, each, party) for step, each in ways if not each or _takes(step)]
        sound = [step for step in free if _takes(step) or not (party.is_stuck or hindrances(step))]
        if sound:
            lets_go = isinstance(sound[0], Rename) and not party.wished.may_rename
            return Turn(sound[0], lets_go=lets_go, completes=self._completes(sound[0], party))
        favours = [self._letting_go(party, *way, needed) for way in ways]
        if party.seen is not None and all(isinstance(step, Rename) for step, _ in ways):
            favours.append((without(party.wished, party.seen, needed), 0))
        for favour, followers in favours:
            if favour is not None:
                return Turn(favour, lets_go=True, followers=followers)
        return Turn(free[0]) if free else self._blocked(ways)

    def _completes(self, step: Change, party: Party) -> bool:
        """Whether it is the claim of somebody who has let go, or somebody who has let go waits for it."""
        if not isinstance(step, Update | Rename) or is_destructive(step):
            return False
        return only_gives(step) or any(self._is_awaited(value, party.i_account) for value in released(step))

    def _is_awaited(self, value: Value, but: int) -> bool:
        others = (self.party(each) for each in self._subscribers.claimants(value) if each != but)
        return any(each is not None and each.seen is not None and has_let_go(each.wished, each.seen) for each in others)

    def _blocked(self, ways: Ways) -> Turn:
        """The change that matters most, with everything that stands in the way."""
        if not ways:
            return Turn(None)
        obstacles = [obstacle for _, each in ways for obstacle in each]
        change = hindered(ways[-1][0], obstacles, self._platform.name)
        return Turn(change, _accounts(obstacles, gives_up=True), _accounts(obstacles, gives_up=False))

    def _letting_go(
        self, party: Party, step: Change, obstacles: Collection[Obstacle], needed: Collection[Value]
    ) -> tuple[Change | None, int]:
        """Instead of the step, what sets free what others need, if this is not for them to wait for; and how many of
        them change their records because of it."""
        change = letting_go(step, obstacles, needed)
        if change is None or party.is_stuck or not only_waits(step, obstacles):
            return change, 0
        circle = circle_broken_by(party.i_account, partial(self._waits_for, isinstance(step, Rename)))
        return (change, circle - 1) if circle else (None, 0)

    def _waits_for(self, by_name: bool, i_account: int) -> Collection[int]:
        """Whom a subscriber waits for with its name, or with the rest; nobody, if it is going to let go by itself."""
        party = self.party(i_account)
        if party is None or party.is_foreign or party.is_stuck:
            return ()
        for step in self._steps(party, self._needed(party)):
            obstacles = self._obstacles(step, party)
            if isinstance(step, Rename) is by_name and not _takes(step) and only_waits(step, obstacles):
                return {each.i_account for each in obstacles if each.i_account is not None}
        return ()

    def _steps(self, party: Party, needed: Collection[Value]) -> list[Change]:
        """The changes that lead to the wish. Whoever bears a name that others need takes his own instead."""
        wished, seen, can = party.wished, party.seen, self._platform.driver.capabilities
        if seen is None:
            return list(steps(wished, None, renames=False))
        is_asked = party.is_at_interim_name or Value("name", seen.external_id) in needed
        found = steps(wished, seen, renames=can.can_rename and (wished.may_rename or is_asked))
        if not can.can_delete and seen.spec.enabled:
            found = tuple(_switched_off(step) if isinstance(step, Delete) else step for step in found)
        if not can.can_rename:
            found = found or steps(wished, seen, renames=wished.may_rename)  # to be held, so that it shows
        if len(wished.bears) <= can.external_id_length:
            return list(found)
        fitting = (to_interim_name(step) if isinstance(step, Rename) else step for step in found)
        return [step for step in fitting if not (isinstance(step, Rename) and party.is_at_interim_name)]

    def _obstacles(self, step: Change, party: Party) -> list[Obstacle]:
        own = party.seen.record_id if party.seen is not None else None
        found = (self._obstacle(value, party.i_account, own) for value in claimed(step))
        return [obstacle for obstacle in found if obstacle is not None]

    def _obstacle(self, value: Value, me: int, own: str | None) -> Obstacle | None:
        holder, obstacle = self._records.having(value, own), None
        if holder is not None:
            obstacle = Obstacle(value, holder.i_account, holder.external_id, self._gives_up(holder, value))
            if not obstacle.gives_up:
                return obstacle
        oldest = min(self._entitled(value), default=me)
        return Obstacle(value, oldest, None) if oldest < me else obstacle

    def _entitled(self, value: Value) -> Iterator[int]:
        """Who has a right to something that nobody has.

        Billing gives each id to one account at a time. Only where case means nothing may two of them give one name;
        then a right to it has whoever has a record, or is to have one.
        """
        claimants = self._subscribers.claimants(value)
        if value.kind != "name":
            yield from claimants
        elif self._platform.driver.capabilities.folds_case:
            parties = (self.party(each) for each in claimants)
            yield from (each.i_account for each in parties if each is not None and _bears(each, value))

    def _gives_up(self, holder: Holder, value: Value) -> bool:
        """Whether the record that has the value is one we manage, and its account is done with it."""
        party = self.party(holder.i_account) if holder.i_account is not None else None
        if party is None or party.seen is None or value not in held(party.seen) or keeps(party.wished, value):
            return False
        is_free_to = value.kind != "name" or self._platform.driver.capabilities.can_rename
        return is_free_to or party.wished.presence is Presence.ABSENT

    def _needed(self, party: Party) -> frozenset[Value]:
        """What the record has, its account is done with, and others cannot go on without."""
        if party.seen is None or party.wished.presence in (Presence.HOLD, Presence.ABSENT):
            return frozenset()
        spare = (value for value in held(party.seen) if not keeps(party.wished, value))
        moved = any(is_bound_elsewhere(self._store, each, party.i_account) for each in party.wished.moved_to)
        return frozenset(value for value in spare if moved or self._is_needed(value, party.i_account))

    def _is_needed(self, value: Value, but: int, depth: int = 0) -> bool:
        others = [each for each in self._subscribers.claimants(value) if each != but]
        asking = others if value.kind == "name" else others[:1]
        return any(self._needs(each, value, depth) for each in asking)

    def _needs(self, i_account: int, value: Value, depth: int) -> bool:
        """Whether the subscriber is to have the value and has it not. A name it needs only to get a record, to follow
        its account, or to make way itself."""
        party = self.party(i_account)
        if party is None or party.is_foreign or party.wished.presence in (Presence.HOLD, Presence.ABSENT):
            return False
        if party.seen is None:
            return creates(party.wished)
        if value in held(party.seen) or (value.kind == "name" and party.wished.bears != value.text):
            return False
        if value.kind != "name" or party.wished.may_rename or party.is_at_interim_name:
            return True
        return depth < LONGEST_CHAIN and self._is_needed(Value("name", party.seen.external_id), i_account, depth + 1)


def _accounts(obstacles: Iterable[Obstacle], *, gives_up: bool) -> tuple[int, ...]:
    """Whose the obstacles are that go by themselves, or those that do not."""
    found = {each.i_account for each in obstacles if each.i_account is not None and each.gives_up is gives_up}
    return tuple(sorted(found))


def _switched_off(delete: Delete) -> Suspend:
    """What can be done where nothing can be deleted; the rest is held."""
    return Suspend(delete.desired, replace(delete.observed.spec, enabled=False), delete.observed)


def _bears(party: Party, name: Value) -> bool:
    """Whether the account is called so now, and is on the platform or going to be."""
    wished = party.wished
    is_coming = creates(wished) or wished.reason == UNREAD
    return wished.bears == name.text and (is_coming if party.seen is None or party.is_foreign else True)


def _only_what_goes(step: Change, obstacles: Collection[Obstacle], party: Party) -> Change:
    """The step; of a suspension that claims what is not to be had, or was refused, only the turning off."""
    return only_off(step) if isinstance(step, Suspend) and (obstacles or party.is_stuck) else step


def _takes(step: Change) -> bool:
    """Whether the step takes something away, and so waits for nothing."""
    return isinstance(step, Suspend | Delete)
