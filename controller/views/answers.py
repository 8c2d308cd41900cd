"""The sentences of `explain`: whether a customer has TV on a platform, why not, and what will change that.

Rules of this module:

1. A sentence says first how it is, then how it should be and why, then what keeps the two apart, then what ends that.
2. They are made of what the view shows beside them, and of nothing else: the JSON has the same facts.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from controller.holding import FOR_A_PERSON
from controller.shown import why_held
from controller.store import Progress
from desired_state.entitlement import Presence
from desired_state.plan import Change, Kind
from desired_state.subscriber import State, SubscriberSpec

_WHY = {
    "entitled": "billing shows the account as active, with a product of the catalog",
    "closed": "billing says that the account is terminated",
    "customer_blocked": "billing shows the account's customer as blocked",
    "customer_suspended": "billing shows the account's customer as suspended",
    "customer_provisionally_terminated": "billing shows the account's customer as provisionally terminated",
    "zero_balance": "billing shows that the account has no funds",
    "overdraft": "billing shows that the account is overdrawn",
    "credit_exceeded": "billing shows that the account has reached its credit limit",
    "customer_credit_exceed": "billing shows that the account's customer has reached the credit limit",
    "customer_has_no_available_funds": "billing shows that the account's customer has no funds",
    "expired": "the account has expired",
    "absent_from_billing": "billing has the account no longer",
    "no_iptv_product": "none of the account's products that are effective now is in the catalog",
    "no_service_here": "none of the account's products is for this platform",
    "not_a_subscriber": "it is an alias, a voucher or an internal account, which gets no record of its own",
}
_TO_DO = {
    Kind.CREATE: "a record is to be made",
    Kind.UPDATE: "it is to be changed",
    Kind.SUSPEND: "it is to be turned off",
    Kind.RESUME: "it is to be turned on",
    Kind.DELETE: "the record is to be removed",
    Kind.RENAME: "the record is to get another name",
}
_GOES_ON = {
    "paused": "when the pause ends, or a person ends it with resume",
    "window": "when the next change window opens",
    "observe": "when the platform's mode is set to enforce",
    "rebuilding": "when billing and the platform have been read whole",
    "ambiguous": "when a person has seen to the records on the platform",
    "unproven": "when a list shows the record with its mark, or a person has looked for it and says requeue",
    "ownership": "when a person has seen to the record on the platform",
    "condition": "when what stands in the way has been corrected",
    "rejected": "when the change has become another one",
    "waiting": "by itself, when that has happened",
    "missing_from_billing": "when billing shows the account again, or it is proven to be gone",
    "incomplete_source": "when billing's list has been read whole",
    "brake": "with the next full pass, which sees it with all the rest",
}


@dataclass(frozen=True, slots=True)
class Hold:
    """What holds a change: which policy or rule, its sentence, and the plan whose approval would end it."""

    by: str
    text: str
    plan: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How one platform stands towards an account. `because` says more than the rule, where there is more to say.

    `in_doubt`: a call is under way, or nobody knows what it came to.

    `rests_since`: the platform fails or refuses us, and is not asked.
    """

    platform: str
    presence: Presence
    reason: str
    because: str
    holds: SubscriberSpec | None
    change: Change | None
    progress: Progress
    hold: Hold | None
    in_doubt: bool
    rests_since: datetime | None
    adoptable: bool


def why(reason: str, presence: Presence) -> str:
    """The clause for the rule that decided."""
    if presence is Presence.HOLD:
        return why_held(reason)
    return _WHY.get(reason, f"billing shows the account as {reason.replace('_', ' ')}")


def nowhere(reason: str, presence: Presence) -> str:
    """The answer where no platform has to do with the account."""
    return f"The customer has no TV, and no platform has to do with the account: {why(reason, presence)}."


def answer(standing: Standing) -> str:
    """Whether the customer has TV on the platform, and why it is so."""
    return " ".join(_sentences(standing))


def next_step(standing: Standing) -> str | None:
    """What sets it going again; `None` where there is nothing to do."""
    if standing.change is None and standing.hold is None and standing.progress.state not in _UNDER_WAY:
        return None
    if standing.hold is not None:
        return _end_of(standing.hold, standing)
    if standing.rests_since is not None:
        return "as soon as the platform answers again"
    if standing.progress.next_try is not None:
        return f"with the next try, at {standing.progress.next_try.isoformat(timespec='seconds')} or soon after it"
    if standing.in_doubt:
        return "when the platform has been read, to see what the last call came to"
    return "with its turn, in the next full pass at the latest"


_UNDER_WAY = (State.IN_FLIGHT, State.BACKOFF, State.PENDING)


def _sentences(standing: Standing) -> Iterator[str]:
    has = f"On platform {standing.platform} {_has(standing.holds)}"
    because = standing.because or why(standing.reason, standing.presence)
    if standing.presence is Presence.HOLD and standing.change is None:
        yield f"{has}, and nothing is changed: {because}."
    elif standing.change is not None:
        yield f"{has}, and {_TO_DO[standing.change.kind]}: {because}."
        yield f"That is not done yet: {_obstacle(standing)}."
    elif standing.hold is not None:
        yield f"{has}. {_capital(standing.hold.text)}."
    else:
        yield f"{has}, as it should be: {because}."
    step = next_step(standing)
    if step is not None:
        yield f"It goes on {step}."


def _has(spec: SubscriberSpec | None) -> str:
    if spec is None:
        return "the customer has no TV (there is no record)"
    return "the customer has TV" if spec.enabled else "the customer has no TV (the record is switched off)"


def _obstacle(standing: Standing) -> str:
    if standing.hold is not None:
        is_of_a_plan = standing.hold.by == "brake"
        return f"the plan that it is part of {standing.hold.text}" if is_of_a_plan else standing.hold.text
    if standing.rests_since is not None:
        since = standing.rests_since.isoformat(timespec="seconds")
        return f"the platform fails or refuses us, and is left alone since {since}"
    if standing.progress.state is State.BACKOFF:
        text = standing.progress.text
        failed = "the last call failed, or its answer was lost" if standing.in_doubt else "the last try failed"
        return (f"{failed}: {text}" if standing.in_doubt else text) if text else failed
    if standing.in_doubt:
        return "a call is under way, or its answer was lost"
    return "its turn has not come"


def _end_of(hold: Hold, standing: Standing) -> str:
    if hold.by in FOR_A_PERSON and hold.plan is not None:
        return f"when a person approves the plan: iptv-reconciler approve {hold.plan}"
    if hold.by == "ownership" and standing.adoptable:
        return "when a person adopts the record (adopt), or removes or renames it there"
    if standing.progress.state is State.PARKED:
        at = standing.progress.next_try
        latest = f", and at {at.isoformat(timespec='seconds')} in any case" if at is not None else ""
        return f"when the account or the configuration changes{latest}"
    return _GOES_ON.get(hold.by, "when billing shows something else")


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
