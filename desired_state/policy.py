"""What has to wait, and why.

Rules of this module:

1. A policy is a function Plan -> Plan. It only moves a change to `Held(change, by, text)`; it never invents, alters or
   drops one (a property test checks exactly that of every policy).
2. Policies do not look outside: what they need to know is given when they are made.
3. Their order matters only for which reason a change that has several is given: the first one's.
"""

from collections.abc import Callable, Collection, Iterable, Mapping

from desired_state.absence import ABSENT
from desired_state.desired import Auth, Problem
from desired_state.plan import Change, Create, Delete, Held, Kind, Plan, Suspend, identity, is_destructive, key_of
from desired_state.subscriber import Observation, Owner, SubscriberKey

Policy = Callable[[Plan], Plan]
UNPROVEN = "unproven"
"""What is held by this waits for a person to look for a record."""


def apply_policies(plan: Plan, policies: Iterable[Policy]) -> Plan:
    """Pass the plan through every policy, in order."""
    for policy in policies:
        plan = policy(plan)
    return plan


def owned_only(bound: Mapping[int, str], platform: str) -> Policy:
    """Hold what would write to a record that is not ours (promise P1).

    `bound` maps `i_account` to the record id that our store remembers having made on `platform`.
    """

    def reason(change: Change) -> str | None:
        if change.observed is None or change.desired.key.platform != platform:
            return None
        owner = change.desired.owner
        if is_ours(change.observed, owner, bound.get(owner.i_account)):
            return None
        return _not_ours(change.observed, platform)

    return holding("ownership", reason)


def _not_ours(observed: Observation, platform: str) -> str:
    named = observed.owner
    whose = (
        f"was made for i_account {named.i_account} of environment {named.i_env}" if named else "bears no mark of ours"
    )
    return (
        f"record {observed.external_id!r} on platform {platform!r} {whose};"
        " it stays untouched until a person renames or removes it there"
    )


def is_ours(observed: Observation, owner: Owner, bound_record_id: str | None) -> bool:
    """Whether the record was made for this account by us: its note says so, or our store does and no note objects."""
    if observed.owner is not None:
        return observed.owner == owner
    return bound_record_id is not None and observed.record_id == bound_record_id


def fit_for_platform(plan: Plan) -> Plan:
    """Hold changes whose wish the platform cannot take; turning off and deleting always work."""

    return holding("condition", lambda change: _texts(hindrances(change)))(plan)


def in_turn(plan: Plan) -> Plan:
    """Hold changes that wait for what another record gives up first (`turns.py`)."""
    return holding("waiting", lambda change: _texts(_problems(change, waiting=True)))(plan)


def possible(platform: str, impossible: Collection[Kind]) -> Policy:
    """Hold what the platform has no call for: records that cannot be renamed, or not be deleted."""

    def reason(change: Change) -> str | None:
        if change.kind not in impossible or key_of(change).platform != platform:
            return None
        return f"platform {platform!r} cannot {change.kind} records; {_INSTEAD.get(change.kind, 'do it there by hand')}"

    return holding("condition", reason)


_INSTEAD = {
    Kind.DELETE: "set delete_enabled: false to have them switched off instead",
    Kind.RENAME: "set rename: false to have them keep their names",
}


def moved_first(arrivals: Mapping[SubscriberKey, str]) -> Policy:
    """Hold what ends the service here of an account that has moved, until it has its service there.

    `arrivals` has a sentence for each that has not arrived yet.
    """

    def reason(change: Change) -> str | None:
        return arrivals.get(key_of(change)) if isinstance(change, Delete | Suspend) else None

    return holding("waiting", reason)


def hindrances(change: Change) -> list[Problem]:
    """What stands in the way of the change until a person mends it."""
    return [problem for problem in _problems(change, waiting=False) if _matters(problem, change)]


def _problems(change: Change, *, waiting: bool) -> list[Problem]:
    if isinstance(change, Delete | Suspend):
        return []
    return [problem for problem in change.desired.problems if (problem.code == "waiting") is waiting]


def _texts(problems: Iterable[Problem]) -> str | None:
    return "; ".join(problem.text for problem in problems) or None


def _matters(problem: Problem, change: Change) -> bool:
    """Missing credentials hinder a creation. Later a masked field changes nothing and a cleared device goes, but an
    empty login or password is never written where it was to be the way in, rather than one of two."""
    spec = change.desired.spec
    if problem.code != "credentials" or isinstance(change, Create):
        return True
    if spec is None or spec.auth == Auth.ALL:
        return False
    return spec.login == "" or (spec.password is not None and not spec.password.fingerprint)


def complete_source(complete: bool, doubt: str = "") -> Policy:
    """Hold destructive changes while billing's list is not proven to be whole (promise P2)."""

    def reason(change: Change) -> str | None:
        if complete or not is_destructive(change):
            return None
        return f"billing's list is not proven complete ({doubt or 'no proof'}); nothing is taken away on its word"

    return holding("incomplete_source", reason)


def certain_absence(doubt: str | None) -> Policy:
    """Hold what an absence would take away while billing's last list is not proven to be whole (promise P3).

    `doubt` says why it is not; this holds between two passes as well, when time alone or an event makes it due.
    """

    def reason(change: Change) -> str | None:
        if doubt is None or change.desired.reason != ABSENT or not is_destructive(change):
            return None
        return f"billing's last list is not proven complete ({doubt}); until one is, no absence takes anything away"

    return holding("incomplete_source", reason)


def parked(refusals: Mapping[SubscriberKey, str]) -> Policy:
    """Hold what the platform refused and what has not changed since; `refusals` has its words (promise P14)."""

    def reason(change: Change) -> str | None:
        return refusals.get(key_of(change))

    return holding("parked", reason)


def observe_only(platforms: Collection[str]) -> Policy:
    """Hold everything on platforms that are only watched (promise P9)."""

    def reason(change: Change) -> str | None:
        platform = change.desired.key.platform
        return f"platform {platform!r} is in mode 'observe'" if platform in platforms else None

    return holding("observe", reason)


def at_rest(by: str, platforms: Mapping[str, str]) -> Policy:
    """Hold everything on some platforms for now; each has the sentence that says why."""
    return holding(by, lambda change: platforms.get(key_of(change).platform))


def rebuilding(platform: str, text: str | None) -> Policy:
    """Hold everything on a platform whose records are not all known at present; `text` says why (promise P8)."""

    def reason(change: Change) -> str | None:
        return text if key_of(change).platform == platform else None

    return holding("rebuilding", reason)


def unambiguous(platform: str, ambiguous: Mapping[int, str]) -> Policy:
    """Hold everything of accounts of which only a person can say which record is theirs, with its sentence."""

    def reason(change: Change) -> str | None:
        return ambiguous.get(key_of(change).i_account) if key_of(change).platform == platform else None

    return holding("ambiguous", reason)


def proven(platform: str, names: Mapping[int, str]) -> Policy:
    """Hold everything of accounts that may have a record we cannot look for; `names` has what it would be called."""

    def reason(change: Change) -> str | None:
        name = names.get(key_of(change).i_account) if key_of(change).platform == platform else None
        return unproven_text(platform, name) if name is not None else None

    return holding(UNPROVEN, reason)


def unproven_text(platform: str, name: str) -> str:
    """What a person has to do about a record that may be there."""
    return (
        f"platform {platform!r} did not answer when record {name!r} was to be made, and cannot be asked for it by its"
        " name; look there: where it is missing, requeue the account, else remove it first, or give it the mark"
    )


def paused(subscribers: Mapping[SubscriberKey, str]) -> Policy:
    """Hold everything of accounts that a person has paused; each has the sentence that says why."""
    return holding("paused", lambda change: subscribers.get(key_of(change)))


def rejected(identities: Collection[str]) -> Policy:
    """Hold what a person has decided against, as long as it is the same change."""

    def reason(change: Change) -> str | None:
        return "a person has rejected this change; it waits until it is another one" if is_in(change) else None

    def is_in(change: Change) -> bool:
        return bool(identities) and identity(change) in identities

    return holding("rejected", reason)


def holding(by: str, reason: Callable[[Change], str | None]) -> Policy:
    """A policy that holds the changes `reason` has words for."""

    def policy(plan: Plan) -> Plan:
        texts = [reason(change) for change in plan.changes]
        if texts.count(None) == len(texts):
            return plan
        going = tuple(change for change, text in zip(plan.changes, texts, strict=True) if text is None)
        held = tuple(
            Held(change, by, text) for change, text in zip(plan.changes, texts, strict=True) if text is not None
        )
        return Plan(going, (*plan.held, *held))

    return policy
