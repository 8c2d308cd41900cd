"""From an account to what every platform should hold for it: the one place where the core's rules are put to work.

Rules of this module:

1. The full pass, a single look, `plan` and `explain` all judge here, so that they cannot disagree.
2. Judging reads and writes the store, and nothing else; the clock is an argument.
3. An account that billing's list did not show, or whose own call denies it, or whose answer could not be understood, is
   held as it is: that is no fact about the account. Its absence becomes one when it is proven (promise P3), unless
   billing's last word about it was to leave it alone.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache

from controller.log import logger
from controller.shown import why_held
from controller.store import Progress, Store, StoredAbsence, StoredAccount, StoredRecord, StoredSubscriber
from controller.targets import Billing, Household, Platform
from controller.turns import Turn, Turns
from desired_state.absence import ABSENT, Grace, grace, next_step, off_since
from desired_state.account import Account, Secret
from desired_state.catalog import Offer
from desired_state.desired import NO_GRACE, Desired, desired
from desired_state.entitlement import UNREAD, Decision, Presence, entitlement
from desired_state.plan import Change
from desired_state.policy import UNPROVEN, unproven_text
from desired_state.subscriber import State
from platforms.fitting import degraded

MISSING = "missing_from_billing"
UNREADABLE = "unreadable_in_billing"
NOT_GIVEN = "not_given_by_billing"


@dataclass(frozen=True, slots=True)
class Comparison:
    """A subscriber as it stands: the wish, the record, and the change that would bring them together.

    `turn` says whose turn it is: the change is this subscriber's.
    """

    subscriber: StoredSubscriber
    record: StoredRecord | None
    turn: Turn

    @property
    def change(self) -> Change | None:
        """What may be made now, or (with problems) what stands in its way; `None` if there is nothing to do."""
        return self.turn.change

    @property
    def observed_fp(self) -> bytes | None:
        """The fingerprint of the record; `None` where there is none."""
        return self.record.observed_fp if self.record is not None else None


def resting(wished: Desired, record: StoredRecord | None) -> Progress:
    """How a subscriber stands for whom there is nothing to do.

    Whose packages cannot be told is not in sync, though nothing of what can be told differs.
    """
    match wished.presence:
        case Presence.HOLD:
            if wished.reason == UNREAD:
                return Progress(State.PENDING, text=why_held(wished.reason))
            return Progress(State.HELD, held_by=wished.reason, text=why_held(wished.reason))
        case Presence.DORMANT | Presence.ABSENT:
            return Progress(State.NO_SERVICE, text=wished.because or None)
        case _:
            if record is None:
                return Progress(State.NO_SERVICE, text="the account is off and has no record, so none is made for it")
            unknown = [problem.text for problem in wished.problems if problem.code == "package"]
            return Progress(State.HELD, "condition", "; ".join(unknown)) if unknown else Progress(State.IN_SYNC)


def decide(stored: StoredAccount, missed: StoredAbsence | None, house: Household, now: datetime) -> Decision:
    """What should become of an account, given how well we know it; `missed` is what is counted of its absence."""
    decision = entitlement(stored.known, house.catalog, house.rules, now)
    if stored.unreadable is not None:
        answer = (("answer", stored.unreadable),)
        return replace(decision, presence=Presence.HOLD, reason=UNREADABLE, facts=answer, valid_until=None)
    if stored.missing_since is not None and decision.presence is not Presence.ABSENT:
        return _without(decision, stored.missing_since, missed)
    if stored.not_given_since is not None and decision.presence is not Presence.ABSENT:
        facts = (("not_given_since", stored.not_given_since.isoformat()), *decision.facts)
        return replace(decision, presence=Presence.HOLD, reason=NOT_GIVEN, facts=facts, valid_until=None)
    if stored.half_read is not None and not stored.has_credentials and decision.presence is Presence.ACTIVE:
        return replace(decision, presence=Presence.HOLD, reason=UNREAD)
    return decision


def _without(decision: Decision, since: datetime, missed: StoredAbsence | None) -> Decision:
    """The decision about an account that billing's lists do not show."""
    held = replace(decision, presence=Presence.HOLD, reason=MISSING, valid_until=None)
    facts = (("missing_since", since.isoformat()), *_count(missed))
    if decision.presence is Presence.HOLD and decision.reason != UNREAD:
        last_word = (("next", f"a person decides: billing's last word about the account was {decision.reason}"),)
        return replace(held, facts=(*facts, *last_word, *decision.facts))
    absence = missed.absence if missed is not None else None
    facts = (*facts, ("next", next_step(absence)), *decision.facts)
    if absence is None or not absence.is_proven:
        return replace(held, facts=facts)
    return replace(held, presence=Presence.ABSENT, reason=ABSENT, facts=facts, services=(), absence=absence)


def _count(missed: StoredAbsence | None) -> Iterator[tuple[str, str]]:
    if missed is None:
        return
    absence = missed.absence
    yield "complete_lists_without_it", str(absence.lists)
    for fact, at in (("looked_up_at", absence.looked_up_at), ("proven_absent_at", absence.proven_at)):
        if at is not None:
            yield fact, at.isoformat()
    if missed.failed_at is not None:
        yield "look_up_failed", f"{missed.failed_at.isoformat()}: {missed.failure}"


def wish(account: Account, decision: Decision, platform: Platform, left: Grace = NO_GRACE) -> Desired:
    """What the platform should hold, in the form in which it would read back; `left` is the grace of its record."""
    asked = desired(account, decision, platform.rules, platform.offer, left)
    if asked.spec is None:
        return asked
    driver = platform.driver
    spec = driver.normalize(degraded(asked.spec, driver.capabilities, platform.rules.degrade))
    problems = driver.problems(asked.external_id, spec, platform.offer)
    return replace(asked, spec=spec, problems=(*asked.problems, *problems))


def context(billing: Billing, house: Household) -> bytes:
    """What every judgement rests on besides the account: when this changes, all accounts are judged anew."""
    return _context(house.fingerprint, tuple((platform.name, platform.offer) for platform in billing.platforms))


@lru_cache(maxsize=16)  # asked for with every account, and changes with an offer only
def _context(rules: bytes, offers: tuple[tuple[str, Offer], ...]) -> bytes:
    return hashlib.blake2b(rules + repr(offers).encode(), digest_size=12).digest()


def bug_in(what: str) -> Callable[[int, Exception], None]:
    """What becomes of an account that trips a bug of ours: it is logged, and the others go on."""

    def told(i_account: int, bug: Exception) -> None:
        logger("judgement").error("an account was left out by a bug", what=what, i_account=i_account, exc_info=bug)

    return told


def judge(store: Store, billing: Billing, stored: StoredAccount, house: Household, now: datetime) -> None:
    """Keep what every platform should hold for the account."""
    account = stored.known
    missed = store.absences(billing.name).get(account.i_account) if stored.missing_since is not None else None
    decision = decide(stored, missed, house, now)
    ends = [decision.valid_until]
    for platform in billing.platforms:
        left = _grace(store, platform, account.i_account, decision, now)
        _keep_wish(store, platform, wish(account, decision, platform, left), decision, now)
        ends.append(None if left.is_over else left.ends)
    accounts = store.accounts(billing.name)
    counted = decision.presence if account.billing_model.is_real else None
    valid_until = min((end for end in ends if end is not None), default=None)
    accounts.set_judged(account.i_account, counted, valid_until, context(billing, house))


def _grace(store: Store, platform: Platform, i_account: int, decision: Decision, now: datetime) -> Grace:
    """The grace of an absent account's record: it counts from when we first knew it to be off for this absence."""
    if decision.absence is None:
        return NO_GRACE
    absences = store.absences(platform.billing)
    known = absences.off_since(platform.name, i_account, decision.absence)
    record = store.records(platform.name, platform.i_env).of_account(i_account, "")
    is_off = record is not None and record.i_account == i_account and not record.observation.spec.enabled
    since = off_since(known, now, is_off=is_off)
    if since != known:
        absences.set_off_since(platform.name, i_account, decision.absence, since)
    return grace(since, platform.rules.absence_grace, now)


def compare(store: Store, platform: Platform, i_account: int) -> Comparison | None:
    """Hold the wish against the record; `None` if the platform has nothing to do with the account."""
    turns = Turns(store, platform)
    party = turns.party(i_account)
    if party is None:
        return None
    turn = turns.of(party)
    return Comparison(party.subscriber, party.record, turn)


def rest(store: Store, platform: Platform, comparison: Comparison) -> Progress | None:
    """Note that there is nothing to do; a subscriber whose details are awaited, or a part of them, is not at rest.

    Returns how it stands now; `None` where nothing was noted.

    With the record of an account that is not to have any, the platform has nothing more to do with it, as if it were
    judged once more now.
    """
    progress = resting(comparison.subscriber.desired, comparison.record)
    i_account = comparison.subscriber.desired.key.i_account
    made = unproven(store, platform).get(i_account)
    if made is not None:
        held = Progress(State.CONFLICT, UNPROVEN, unproven_text(platform.name, made))
        store.subscribers(platform.name).settle(comparison.subscriber, comparison.observed_fp, held)
        return held
    if comparison.record is None and comparison.subscriber.desired.presence in (Presence.DORMANT, Presence.ABSENT):
        store.subscribers(platform.name).drop(i_account)
        return progress
    standing = store.accounts(platform.billing).standing(i_account)
    ambiguity = store.recovery.ambiguity(platform.name, i_account)
    if ambiguity is not None:
        progress = Progress(State.CONFLICT, "ambiguous", ambiguity)
    if progress.state is State.PENDING or (standing is not None and standing.half_read is not None):
        return None
    store.subscribers(platform.name).settle(comparison.subscriber, comparison.observed_fp, progress)
    return progress


def unproven(store: Store, platform: Platform) -> Mapping[int, str]:
    """Who may have a record that cannot be looked for, and its name: making it was not answered."""
    return {} if platform.driver.capabilities.finds_by_name else store.journal.unproven(platform.name)


def with_values(change: Change, account: Account) -> Change:
    """The change with the clear text of the secrets it has to write, from the account as it was just read.

    Not from its wish: that of an account without service here names no secret, and what the record has of them stays.
    """
    if change.after is None or account.details is None:
        return change
    fresh = account.details.credentials
    after = replace(
        change.after,
        password=_valued(change.after.password, fresh.password),
        pin=_valued(change.after.pin, fresh.pin),
    )
    return replace(change, after=after)


def lacks_values(change: Change, *, anew: bool) -> bool:
    """Whether the change has to write a secret whose clear text is not at hand.

    It has to write those that differ; on a platform that takes every secret `anew` with every change, all there are.
    """
    if change.after is None:
        return False
    before = change.observed.spec if change.observed is not None else None
    return any(
        secret is not None and secret.fingerprint and secret.value is None and (anew or secret != known)
        for secret, known in (
            (change.after.password, before and before.password),
            (change.after.pin, before and before.pin),
        )
    )


def _valued(wished: Secret | None, fresh: Secret | None) -> Secret | None:
    return fresh if fresh is not None and fresh == wished else wished


def _keep_wish(store: Store, platform: Platform, wished: Desired, decision: Decision, now: datetime) -> None:
    """A platform has to do with an account that is routed to it, or may be as far as we know, or has a record there."""
    routed = any(service.platform == platform.name for service in decision.services or ()) or _may_be_routed(decision)
    subscribers = store.subscribers(platform.name)
    is_bound = store.records(platform.name, platform.i_env).is_bound(wished.key.i_account)
    if routed or is_bound or wished.key.i_account in unproven(store, platform):
        subscribers.put(_sealed(wished), now)
    else:
        subscribers.drop(wished.key.i_account)


def _may_be_routed(decision: Decision) -> bool:
    """Whether only the account's details can tell: until then it is shown as waiting, not as if it were not there."""
    return decision.services is None and decision.presence is not Presence.ABSENT and decision.reason != MISSING


def _sealed(wished: Desired) -> Desired:
    return replace(wished, spec=wished.spec and wished.spec.sealed())
