"""Whose turn it is: names, devices and logins, of which a platform accepts each only once.

Rules of this module:

1. What another record of ours gives up by itself is waited for, and then claimed: never the other way round.
2. A record whose account still wishes a value keeps it. Of several that wish what none of them has, the lowest
   `i_account` has the right to it. A foreign record keeps what it has. All these are conflicts, which a person mends.
3. Turning off, deleting and letting go wait for nothing. Whoever is stuck lets go of what is no longer his and others
   need, and so does the lowest `i_account` of a circle in which everybody waits for the next.
4. Letting go changes nothing else: it claims nothing, so it cannot be refused. A name is left for an interim one.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import assert_never

from desired_state.desired import Desired, Problem
from desired_state.entitlement import Presence
from desired_state.plan import Change, Create, Delete, Rename, Resume, Suspend, Update, name_after
from desired_state.policy import hindrances
from desired_state.subscriber import Observation, Owner, SubscriberSpec
from desired_state.unique import Value, unique_values

LONGEST_CHAIN = 16
"""How many are followed to find out who waits for whom; in a longer row the lowest of these lets go, to be safe."""


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why a value is not to be had now.

    The record `record` of `i_account` (`None`: not ours) has it; `gives_up`: not for long. Without a record, nobody has
    it, and `i_account` has the older right to it.
    """

    value: Value
    i_account: int | None
    record: str | None
    gives_up: bool = False


def claimed(change: Change) -> frozenset[Value]:
    """What the record is to have and has not."""
    return frozenset() if _keeps_all(change) else _values(name_after(change), change.after) - _held_before(change)


def released(change: Change) -> frozenset[Value]:
    """What the record had and is not to have any longer."""
    return frozenset() if _keeps_all(change) else _held_before(change) - _values(name_after(change), change.after)


def held(observed: Observation) -> frozenset[Value]:
    """What a record has."""
    return _values(observed.external_id, observed.spec)


def keeps(wished: Desired, value: Value) -> bool:
    """Whether the account's record goes on having a value that it has, as far as the account is concerned.

    One that is left as it is keeps all; one that goes, nothing. What a wish does not manage stays (`None` is not
    empty); but where no service is wished at all, others come first.
    """
    if wished.presence in (Presence.HOLD, Presence.ABSENT):
        return wished.presence is Presence.HOLD
    if value.kind == "name":
        return wished.bears == value.text
    if wished.presence is Presence.DORMANT or wished.spec is None:
        return wished.presence is not Presence.DORMANT
    wishes = wished.spec.device_ids if value.kind == "device" else wished.spec.login
    return wishes is None or value in unique_values(wished.spec)


def hindered(change: Change, obstacles: Collection[Obstacle], platform: str) -> Change:
    """The change with what stands in its way."""
    problems = (_problem(obstacle, platform) for obstacle in sorted(obstacles, key=lambda each: each.value))
    return replace(change, desired=replace(change.desired, problems=(*change.desired.problems, *problems)))


def only_waits(change: Change, obstacles: Collection[Obstacle]) -> bool:
    """Whether the change goes on by itself, once others have given up what it claims."""
    return all(obstacle.gives_up for obstacle in obstacles) and not hindrances(change)


def letting_go(change: Change, obstacles: Collection[Obstacle], needed: Collection[Value]) -> Change | None:
    """Instead of a change that cannot be made: what leaves the record as it is, but for what others need of it."""
    match change:
        case Rename():
            if Value("name", change.observed.external_id) not in needed:
                return None
            own = replace(change, desired=_free(change.desired, change.desired.external_id))
            return to_interim_name(change) if obstacles else own
        case Update() | Resume():
            return without(change.desired, change.observed, needed)
        case Create() | Suspend() | Delete():
            return None
        case _:
            assert_never(change)


def without(wished: Desired, observed: Observation, needed: Collection[Value]) -> Update | None:
    """The record as it is, but for the devices and the login that others need; `None` if it has none of them."""
    spec = observed.spec
    devices = tuple(each for each in spec.device_ids or () if Value("device", each) not in needed)
    loses_login = bool(spec.login) and Value("login", (spec.login or "").casefold()) in needed
    after = replace(spec, device_ids=spec.device_ids and devices, login="" if loses_login else spec.login)
    return Update(_free(wished, wished.external_id), after, observed) if after != spec else None


def to_interim_name(rename: Rename) -> Rename:
    """Leave the name, though the wished one is not to be had."""
    return replace(rename, desired=_free(rename.desired, interim_name(rename.desired.owner)))


def interim_name(owner: Owner) -> str:
    """The name of a record whose own is not free yet, and which others need the present one of."""
    return f"moving-{owner.i_account}_{owner.i_env}"


def circle_broken_by(me: int, waits_for: Callable[[int], Iterable[int]]) -> int:
    """How many all wait for one another, or stand in a row too long to be followed; 0 unless `me` is the lowest."""
    edges: dict[int, frozenset[int]] = {}
    following = [me]
    while following and len(edges) < LONGEST_CHAIN:
        each = following.pop()
        edges[each] = frozenset(waits_for(each))
        following += edges[each] - edges.keys() - set(following)
    circle = set(edges) if following else _leading_to(me, edges)
    return len(circle) if me == min(circle, default=None) else 0


def only_gives(change: Change) -> bool:
    """Whether the record gets something that only one can have, and loses nothing of the kind but an interim name."""
    interim = Value("name", interim_name(change.desired.owner))
    return bool(claimed(change)) and released(change) <= {interim}


def has_let_go(wished: Desired, observed: Observation) -> bool:
    """Whether the record lacks altogether what its account wishes of a kind, or bears an interim name."""
    if observed.external_id == interim_name(wished.owner):
        return True
    if wished.spec is None:
        return False
    lacks_device = bool(wished.spec.device_ids) and not observed.spec.device_ids
    return lacks_device or (bool(wished.spec.login) and not observed.spec.login)


def _leading_to(me: int, edges: Mapping[int, Collection[int]]) -> set[int]:
    """Who waits for `me`, directly or through others; `me` too if in a circle."""
    found: set[int] = set()
    more = {me}
    while more:
        more = {each for each, others in edges.items() if more & set(others)} - found
        found |= more
    return found


def _keeps_all(change: Change) -> bool:
    """Whether the record goes on having what it has, and gets nothing besides: as most changes leave it."""
    seen, after = change.observed, change.after
    if seen is None or after is None or name_after(change) != seen.external_id:
        return False
    return (after.device_ids, after.login) == (seen.spec.device_ids, seen.spec.login)


def _held_before(change: Change) -> frozenset[Value]:
    return held(change.observed) if change.observed is not None else frozenset()


def _values(name: str | None, spec: SubscriberSpec | None) -> frozenset[Value]:
    return frozenset((*((Value("name", name),) if name else ()), *unique_values(spec)))


def _free(wished: Desired, external_id: str) -> Desired:
    """The wish without what stands in its way: that is about the rest of it."""
    return replace(wished, external_id=external_id, problems=())


def _problem(obstacle: Obstacle, platform: str) -> Problem:
    what, whose = obstacle.value.shown, f"i_account {obstacle.i_account}"
    if obstacle.i_account is None:
        return Problem(
            "duplicate",
            f"{what} is on record {obstacle.record!r} of platform {platform!r}, which is not ours; remove it there,"
            " or correct the account in billing",
        )
    if obstacle.gives_up:
        return Problem(
            "waiting",
            f"{what} is still on the record {obstacle.record!r} of {whose} on platform {platform!r}, which gives it up"
            " first; then this goes on by itself",
        )
    if obstacle.record is not None:
        return Problem(
            "duplicate",
            f"{what} is on the record {obstacle.record!r} of {whose} on platform {platform!r}, which keeps it; correct"
            " one of the two accounts in billing",
        )
    return Problem(
        "duplicate",
        f"{what} is also set on {whose}, which has the older right to it on platform {platform!r}; correct one of"
        " the two in billing",
    )
