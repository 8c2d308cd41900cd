"""`explain`: everything about one account (promise P21)."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TypedDict

from controller.judgement import Comparison, compare, decide
from controller.shown import Shown, of_json, show_difference, show_spec, why_held
from controller.store import EVERYTHING, AuditRow, Order, Store, StoredAccount, TargetReading
from controller.targets import Billing, Household
from controller.views.answers import answer, next_step, nowhere
from controller.views.instants import iso
from controller.views.plan import AccountName, HeldView
from controller.views.standing import Place, standing
from desired_state.account import Account
from desired_state.entitlement import Decision, Presence
from desired_state.subscriber import State, SubscriberKey

_ACTIONS = 10
_DIGITS = 18  # what SQLite can hold


class AccountKnowledge(TypedDict):
    """What billing says, and how well we know it.

    `half_read` is why it did not show the credentials with the rest, `not_given_since` since when it denies the account
    that its list shows, and `breaker` whether it answers at all (closed) or is left alone (open).
    """

    name: str
    status: str
    bill_status: str
    blocked: bool
    product: str | None
    addons: list[str]
    details_read_at: str | None
    details_due: bool
    half_read: str | None
    seen_at: str | None
    missing_since: str | None
    not_given_since: str | None
    unreadable: str | None
    breaker: str


class DecisionView(TypedDict):
    """What should be, and by which rule; `facts` are what it rests on, in order."""

    presence: str
    reason: str
    facts: list[list[str]]
    valid_until: str | None


class ActionView(TypedDict):
    """A call that was made, or (`result`: open) is under way or in doubt; `at` is its outcome's time, or its begin.

    `reason` is the rule, `cause` what had the account looked at, and `caused_by` who or what that was, in words.
    `record` is the name of the record after it; `before` and `after` are null where there is none.
    """

    at: str
    kind: str
    reason: str
    cause: str
    caused_by: str | None
    record: str
    before: Shown | None
    after: Shown | None
    result: str
    text: str | None
    request_id: str
    plan: str | None
    epoch: int
    trace_id: str | None


class OrderView(TypedDict):
    """What a person ordered about the account, its platforms or all; `target` says which of these."""

    at: str
    owner: str
    action: str
    target: str
    plan: str | None
    text: str | None


class ExplainedHold(HeldView):
    """What holds it now; `plan` is what a person would have to approve to end that."""

    plan: str | None


class FormerIdView(TypedDict):
    """An id the account bore, until billing showed another one."""

    id: str
    until: str


class SubscriberView(TypedDict):
    """How one platform stands towards the account. `answer` says it in sentences, `next_step` what sets it going again.

    `observed_at` is when the record was last seen; where there is none, when the platform was last read whole.
    `desired` and `observed` are null where the platform once had to do with the account, and has not now.
    """

    answer: str
    state: str
    desired: Shown | None
    observed: Shown | None
    observed_at: str | None
    difference: list[str]
    held: ExplainedHold | None
    breaker: str
    last_actions: list[ActionView]
    next_try: str | None
    next_step: str | None
    external_id: str
    text: str | None
    because: str | None


class ExplainView(TypedDict):
    """The JSON of `explain`. `answer` says first what a support agent is asked.

    `namesakes` are other accounts that bear or bore an id that this one bears or bore.
    """

    answer: str
    account: AccountName
    former_ids: list[FormerIdView]
    namesakes: list[AccountName]
    billing: AccountKnowledge
    decision: DecisionView
    orders: list[OrderView]
    platforms: dict[str, SubscriberView]


def asked_number(asked: str) -> int | None:
    """The number in `i_account:N`; `None` if an account id was asked for (a number too long for any account, too)."""
    word, _, number = asked.partition(":")
    return int(number) if word == "i_account" and number.isdecimal() and len(number) <= _DIGITS else None


class Ambiguous(Exception):
    """Several billing sources know such an account; `str()` names them."""

    def __init__(self, asked: str, billings: Sequence[str]) -> None:
        self.billings = tuple(billings)
        names = ", ".join(billings)
        super().__init__(f"{len(billings)} billing sources know an account {asked!r}: say --billing, one of {names}")


def find(store: Store, billings: Mapping[str, Billing], asked: str) -> tuple[Billing, StoredAccount] | None:
    """The account with this id, or with this `i_account` where `asked` reads `i_account:N`.

    Raises `Ambiguous`: an id of one environment says nothing about that of another.
    """
    found = among(store, list(billings), asked)
    return (billings[found[0]], found[1]) if found is not None else None


def among(store: Store, billings: Sequence[str], asked: str) -> tuple[str, StoredAccount] | None:
    """The same, by the names of the billing sources."""
    number = asked_number(asked)
    found: list[tuple[str, StoredAccount]] = []
    for billing in billings:
        accounts = store.accounts(billing)
        stored = accounts.find(asked) if number is None else accounts.get(number)
        if stored is not None:
            found.append((billing, stored))
    return _only(found, asked)


def formerly(store: Store, billings: Sequence[str], asked: str) -> tuple[str, StoredAccount] | None:
    """The account that bore this id last, and bears another one now. Raises `Ambiguous`."""
    found: list[tuple[str, StoredAccount]] = []
    for billing in billings:
        i_account = store.names(billing).last_bearer(asked)
        stored = store.accounts(billing).get(i_account) if i_account is not None else None
        if stored is not None:
            found.append((billing, stored))
    return _only(found, asked)


def _only(found: Sequence[tuple[str, StoredAccount]], asked: str) -> tuple[str, StoredAccount] | None:
    if len(found) > 1:
        raise Ambiguous(asked, [billing for billing, _ in found])
    return found[0] if found else None


def explain_view(store: Store, billing: Billing, stored: StoredAccount, house: Household, now: datetime) -> ExplainView:
    """Everything about the account, from the store."""
    account, names = stored.account, store.names(billing.name)
    accounts = store.accounts(billing.name)
    decision = decide(stored, store.absences(billing.name).get(account.i_account), house, now)
    valid_until = accounts.valid_until(account.i_account) if decision.absence is not None else decision.valid_until
    targets = (EVERYTHING, billing.name, *(platform.name for platform in billing.platforms))
    places = [Place(billing, platform, now) for platform in billing.platforms]
    found = [(place.platform.name, _subscriber(store, place, account.i_account)) for place in places]
    views = {name: view for name, view in found if view is not None}
    return ExplainView(
        answer=_answer(stored, decision, views),
        account=AccountName(i_account=account.i_account, id=account.id),
        former_ids=[FormerIdView(id=each.id, until=each.until.isoformat()) for each in names.former(account.i_account)],
        namesakes=[AccountName(i_account=number, id=name) for number, name in names.namesakes(account.i_account)],
        billing=_knowledge(store, billing.name, stored),
        decision=DecisionView(
            presence=decision.presence.value,
            reason=decision.reason,
            facts=[[name, value] for name, value in decision.facts],
            valid_until=iso(valid_until),
        ),
        orders=[_order(each) for each in store.operator.orders(billing.name, account.i_account, _ACTIONS, targets)],
        platforms=views,
    )


def _answer(stored: StoredAccount, decision: Decision, views: Mapping[str, SubscriberView]) -> str:
    """What is said of the platforms that have to do with the account, else why none has."""
    said = [view["answer"] for view in views.values() if view["desired"] is not None or view["observed"] is not None]
    if not said:
        held = [view["answer"] for view in views.values() if decision.presence is Presence.HOLD]
        said = held or [nowhere(decision.reason, decision.presence)]
    if stored.half_read is not None:
        said.append(f"What its custom fields tell may be out of date: {stored.half_read}.")
    return " ".join(said)


def _knowledge(store: Store, name: str, stored: StoredAccount) -> AccountKnowledge:
    account = stored.account
    return AccountKnowledge(
        name=name,
        status=account.status,
        bill_status=account.bill_status,
        blocked=account.blocked,
        product=None if account.product is None else f"{account.product.i_product} {account.product.name}".strip(),
        addons=list(_addons(account)),
        details_read_at=iso(stored.details_at),
        details_due=stored.details_due,
        half_read=stored.half_read,
        seen_at=iso(_last_listed(store, name, stored)),
        missing_since=iso(stored.missing_since),
        not_given_since=iso(stored.not_given_since),
        unreadable=stored.unreadable,
        breaker=_breaker(store.targets.reading(name)),
    )


def _last_listed(store: Store, name: str, stored: StoredAccount) -> datetime | None:
    """The account's own instant is that of its last change; every complete list since then showed it as well."""
    whole = store.targets.listed_at(name)
    if stored.seen_at is None or stored.missing_since is not None or whole is None:
        return stored.seen_at
    return max(stored.seen_at, whole)


def _addons(account: Account) -> Iterator[str]:
    for addon in account.details.addons if account.details is not None else ():
        begins = iso(addon.effective_from) or "always"
        yield f"{addon.i_product} {addon.name} from {begins} to {iso(addon.effective_to) or 'open'}"


def _subscriber(store: Store, place: Place, i_account: int) -> SubscriberView | None:
    comparison = compare(store, place.platform, i_account)
    key = SubscriberKey(place.platform.name, i_account)
    actions = [action_view(row) for row in store.journal.latest(key, _ACTIONS)]
    reading = store.targets.reading(place.platform.name)
    if comparison is None:
        return _past(place, actions, reading) if actions else None
    stands = standing(store, place, comparison)
    progress, desired = comparison.subscriber.progress, comparison.subscriber.desired
    seen, hold = comparison.record and comparison.record.observation, stands.hold
    return SubscriberView(
        answer=answer(stands),
        state=progress.state.value,
        desired=show_spec(desired.spec),
        observed=show_spec(seen.spec) if seen else None,
        observed_at=iso(seen.observed_at if seen else reading.success_at),
        difference=show_difference(comparison.change) if comparison.change is not None else [],
        held=ExplainedHold(by=hold.by, text=hold.text, plan=hold.plan) if hold is not None else None,
        breaker=_breaker(reading),
        last_actions=actions,
        next_try=iso(progress.next_try),
        next_step=next_step(stands),
        external_id=seen.external_id if seen else desired.external_id,
        text=_text(comparison),
        because=desired.because or None,
    )


def _past(place: Place, actions: list[ActionView], reading: TargetReading) -> SubscriberView:
    """What was done on a platform that has no more to do with the account."""
    name = place.platform.name
    return SubscriberView(
        answer=f"Platform {name} has no more to do with the account; what was done there is told below.",
        state=State.NO_SERVICE.value,
        desired=None,
        observed=None,
        observed_at=iso(reading.success_at),
        difference=[],
        held=None,
        breaker=_breaker(reading),
        last_actions=actions,
        next_try=None,
        next_step=None,
        external_id=actions[0]["record"],
        text=None,
        because=None,
    )


def _breaker(reading: TargetReading) -> str:
    return "open" if reading.breaker_opened_at is not None else "closed"


def _text(comparison: Comparison) -> str | None:
    """The sentence that goes with the state: what went wrong last, else what is wrong with the wish."""
    desired = comparison.subscriber.desired
    problems = "; ".join(problem.text for problem in desired.problems)
    held = why_held(desired.reason) if desired.presence is Presence.HOLD else None
    return comparison.subscriber.progress.text or problems or held


def action_view(row: AuditRow) -> ActionView:
    """A call, fit to be seen."""
    return ActionView(
        at=(row.closed_at or row.opened_at).isoformat(),
        kind=row.kind,
        reason=row.reason,
        cause=row.cause,
        caused_by=row.caused_by,
        record=row.external_id,
        before=of_json(row.before),
        after=of_json(row.after),
        result=row.result,
        text=row.text,
        request_id=row.request_id,
        plan=row.plan,
        epoch=row.epoch,
        trace_id=row.trace_id,
    )


def _order(order: Order) -> OrderView:
    return OrderView(
        at=order.at.isoformat(),
        owner=order.owner,
        action=order.action,
        target=order.target,
        plan=order.plan,
        text=order.text,
    )
