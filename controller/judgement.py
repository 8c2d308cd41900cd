"""From an account to what every platform should hold for it: the one place where the core's rules are put to work.

Rules of this module:

1. The full pass, a single look, `plan` and `explain` all judge here, so that they cannot disagree.
2. Judging reads and writes the store, and nothing else; the clock is an argument.
3. An account that billing's list did not show, or whose own call denies it, or whose answer could not be understood, is
   held as it is: that is no fact about the account.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache

from controller.log import logger
from controller.shown import why_held
from controller.store import Progress, Store, StoredAccount, StoredRecord, StoredSubscriber
from controller.targets import Billing, Household, Platform
from controller.turns import Turn, Turns
from desired_state.account import Account, Secret
from desired_state.catalog import Offer
from desired_state.desired import Desired, desired
from desired_state.entitlement import UNREAD, Decision, Presence, entitlement
from desired_state.plan import Change
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
            return Progress(State.NO_SERVICE)
        case _:
            if record is None:
                return Progress(State.NO_SERVICE, text="the account is off and has no record, so none is made for it")
            unknown = [problem.text for problem in wished.problems if problem.code == "package"]
            return Progress(State.HELD, "condition", "; ".join(unknown)) if unknown else Progress(State.IN_SYNC)


def decide(stored: StoredAccount, house: Household, now: datetime) -> Decision:
    """What should become of an account, given how well we know it."""
    decision = entitlement(stored.known, house.catalog, house.rules, now)
    if stored.unreadable is not None:
        answer = (("answer", stored.unreadable),)
        return replace(decision, presence=Presence.HOLD, reason=UNREADABLE, facts=answer, valid_until=None)
    for reason, fact, since in (
        (MISSING, "missing_since", stored.missing_since),
        (NOT_GIVEN, "not_given_since", stored.not_given_since),
    ):
        if since is not None and decision.presence is not Presence.ABSENT:
            facts = ((fact, since.isoformat()), *decision.facts)
            return replace(decision, presence=Presence.HOLD, reason=reason, facts=facts, valid_until=None)
    if stored.half_read is not None and not stored.has_credentials and decision.presence is Presence.ACTIVE:
        return replace(decision, presence=Presence.HOLD, reason=UNREAD)
    return decision


def wish(account: Account, decision: Decision, platform: Platform) -> Desired:
    """What the platform should hold, in the form in which it would read back."""
    asked = desired(account, decision, platform.rules, platform.offer)
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
    decision = decide(stored, house, now)
    account = stored.known
    for platform in billing.platforms:
        _keep_wish(store, platform, wish(account, decision, platform), decision, now)
    accounts = store.accounts(billing.name)
    counted = decision.presence if account.billing_model.is_real else None
    accounts.set_judged(account.i_account, counted, decision.valid_until, context(billing, house))


def compare(store: Store, platform: Platform, i_account: int) -> Comparison | None:
    """Hold the wish against the record; `None` if the platform has nothing to do with the account."""
    turns = Turns(store, platform)
    party = turns.party(i_account)
    if party is None:
        return None
    turn = turns.of(party)
    return Comparison(party.subscriber, party.record, turn)


def rest(store: Store, platform: Platform, comparison: Comparison) -> None:
    """Note that there is nothing to do; a subscriber whose details are awaited, or a part of them, is not at rest."""
    progress = resting(comparison.subscriber.desired, comparison.record)
    i_account = comparison.subscriber.desired.key.i_account
    stored = store.accounts(platform.billing).get(i_account)
    ambiguity = store.recovery.ambiguity(platform.name, i_account)
    if ambiguity is not None:
        progress = Progress(State.CONFLICT, "ambiguous", ambiguity)
    if progress.state is not State.PENDING and (stored is None or stored.half_read is None):
        store.subscribers(platform.name).settle(comparison.subscriber, comparison.observed_fp, progress)


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
    if routed or store.records(platform.name, platform.i_env).is_bound(wished.key.i_account):
        subscribers.put(_sealed(wished), now)
    else:
        subscribers.drop(wished.key.i_account)


def _may_be_routed(decision: Decision) -> bool:
    """Whether only the account's details can tell: until then it is shown as waiting, not as if it were not there."""
    return decision.services is None and decision.presence is not Presence.ABSENT and decision.reason != MISSING


def _sealed(wished: Desired) -> Desired:
    return replace(wished, spec=wished.spec and wished.spec.sealed())
