"""`explain`: everything about one account (promise P21)."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TypedDict

from controller.judgement import Comparison, compare, decide
from controller.shown import Shown, of_json, show_difference, show_spec, why_held
from controller.store import EVERYTHING, AuditRow, Order, Store, StoredAccount
from controller.targets import Billing, Household, Platform
from controller.views.plan import AccountName, HeldView
from desired_state.account import Account
from desired_state.entitlement import Presence

_ACTIONS = 10


class AccountKnowledge(TypedDict):
    """What billing says, and how well we know it; `half_read` is why it did not show the credentials with the rest."""

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
    unreadable: str | None


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


class OrderView(TypedDict):
    """What a person ordered about the account, its platforms or all; `target` says which of these."""

    at: str
    owner: str
    action: str
    target: str
    plan: str | None
    text: str | None


class SubscriberView(TypedDict):
    """How one platform stands towards the account."""

    state: str
    desired: Shown | None
    observed: Shown | None
    observed_at: str | None
    difference: list[str]
    held: HeldView | None
    last_actions: list[ActionView]
    next_try: str | None
    external_id: str
    text: str | None
    because: str | None


class ExplainView(TypedDict):
    """The JSON of `explain`."""

    account: AccountName
    billing: AccountKnowledge
    decision: DecisionView
    orders: list[OrderView]
    platforms: dict[str, SubscriberView]


def asked_number(asked: str) -> int | None:
    """The number in `i_account:N`; `None` if an account id was asked for."""
    word, _, number = asked.partition(":")
    return int(number) if word == "i_account" and number.isdecimal() else None


class Ambiguous(Exception):
    """Several billing sources know such an account; `str()` names them."""

    def __init__(self, asked: str, billings: Sequence[str]) -> None:
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
    if len(found) > 1:
        raise Ambiguous(asked, [billing for billing, _ in found])
    return found[0] if found else None


def explain_view(store: Store, billing: Billing, stored: StoredAccount, house: Household, now: datetime) -> ExplainView:
    """Everything about the account, from the store."""
    account = stored.account
    accounts = store.accounts(billing.name)
    decision = decide(stored, store.absences(billing.name).get(account.i_account), house, now)
    valid_until = accounts.valid_until(account.i_account) if decision.absence is not None else decision.valid_until
    targets = (EVERYTHING, *(platform.name for platform in billing.platforms))
    views = {platform.name: _subscriber(store, platform, account.i_account) for platform in billing.platforms}
    return ExplainView(
        account=AccountName(i_account=account.i_account, id=account.id),
        billing=_knowledge(billing.name, stored),
        decision=DecisionView(
            presence=decision.presence.value,
            reason=decision.reason,
            facts=[[name, value] for name, value in decision.facts],
            valid_until=_iso(valid_until),
        ),
        orders=[_order(each) for each in store.operator.orders(billing.name, account.i_account, _ACTIONS, targets)],
        platforms={name: view for name, view in views.items() if view is not None},
    )


def explain_lines(view: ExplainView) -> Iterator[str]:
    """Everything about the account, for people."""
    account, decision, billing = view["account"], view["decision"], view["billing"]
    yield f"account {account['id']} (i_account {account['i_account']})"
    known = "due to be read" if billing["details_due"] else f"read {billing['details_read_at']}"
    yield f"  billing {billing['name']}: last listed {billing['seen_at'] or 'never'}, details {known}"
    if billing["half_read"]:
        yield f"    its custom fields could not be read: {billing['half_read']}"
    for name, value in decision["facts"]:
        yield f"    {name}: {value}"
    yield f"  should be {decision['presence']}, because of: {decision['reason']}"
    if decision["valid_until"]:
        yield f"  until {decision['valid_until']}, when time alone may change that"
    for name, platform in view["platforms"].items():
        yield from _subscriber_lines(name, platform)
    if not view["platforms"]:
        yield "  no platform has to do with it"


def _subscriber_lines(name: str, view: SubscriberView) -> Iterator[str]:
    yield f"  platform {name}, record {view['external_id']}: {view['state']}"
    yield f"    should hold: {_spec_line(view['desired'])}"
    yield f"    holds: {_spec_line(view['observed'])} (seen {view['observed_at'] or 'never'})"
    if view["because"] and view["because"] != view["text"]:
        yield f"    {view['because']}"
    if view["difference"]:
        yield f"    differs in: {', '.join(view['difference'])}"
    if view["held"] is not None:
        yield f"    held by {view['held']['by']}: {view['held']['text']}"
    elif view["text"]:
        yield f"    {view['text']}"
    if view["next_try"]:
        yield f"    tried again at {view['next_try']}"
    for action in view["last_actions"]:
        words = f"{action['kind']} ({action['reason']}, {action['cause']}): {action['result']}"
        yield f"    {action['at']} {words}{': ' + action['text'] if action['text'] else ''}"


def _spec_line(spec: Shown | None) -> str:
    if spec is None:
        return "no record"
    return ", ".join(f"{name} {value}" for name, value in spec.items() if value not in ("", []))


def _knowledge(name: str, stored: StoredAccount) -> AccountKnowledge:
    account = stored.account
    return AccountKnowledge(
        name=name,
        status=account.status,
        bill_status=account.bill_status,
        blocked=account.blocked,
        product=None if account.product is None else f"{account.product.i_product} {account.product.name}".strip(),
        addons=list(_addons(account)),
        details_read_at=_iso(stored.details_at),
        details_due=stored.details_due,
        half_read=stored.half_read,
        seen_at=_iso(stored.seen_at),
        missing_since=_iso(stored.missing_since),
        unreadable=stored.unreadable,
    )


def _addons(account: Account) -> Iterator[str]:
    for addon in account.details.addons if account.details is not None else ():
        begins = _iso(addon.effective_from) or "always"
        yield f"{addon.i_product} {addon.name} from {begins} to {_iso(addon.effective_to) or 'open'}"


def _subscriber(store: Store, platform: Platform, i_account: int) -> SubscriberView | None:
    comparison = compare(store, platform, i_account)
    if comparison is None:
        return None
    progress = comparison.subscriber.progress
    desired, seen = comparison.subscriber.desired, comparison.record and comparison.record.observation
    return SubscriberView(
        state=progress.state.value,
        desired=show_spec(desired.spec),
        observed=show_spec(seen.spec) if seen else None,
        observed_at=_iso(seen.observed_at) if seen else None,
        difference=show_difference(comparison.change) if comparison.change is not None else [],
        held=HeldView(by=progress.held_by, text=progress.text or "") if progress.held_by else None,
        last_actions=[_action(row) for row in store.journal.latest(desired.key, _ACTIONS)],
        next_try=_iso(progress.next_try),
        external_id=seen.external_id if seen else desired.external_id,
        text=_text(comparison),
        because=desired.because or None,
    )


def _text(comparison: Comparison) -> str | None:
    """The sentence that goes with the state: what went wrong last, else what is wrong with the wish."""
    desired = comparison.subscriber.desired
    problems = "; ".join(problem.text for problem in desired.problems)
    held = why_held(desired.reason) if desired.presence is Presence.HOLD else None
    return comparison.subscriber.progress.text or problems or held


def _action(row: AuditRow) -> ActionView:
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


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at is not None else None
