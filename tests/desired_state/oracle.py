"""A second opinion: what should be there, and a platform in a dict. Shares no rule with `desired_state/`.

Rules of this module:

1. Nothing of `entitlement.py`, `plan.py`, `policy.py` or `subscriber.py`'s comparisons is called: only their values are
   read. A mistake there cannot hide here.
2. A record is a plain dict, secrets in it are fingerprints. Fields nobody set have the platform's own default.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo, available_timezones

from desired_state.account import Account, AssignedProduct, BillingModel, Contact, Secret
from desired_state.desired import Desired
from desired_state.plan import Change
from desired_state.subscriber import Observation, SubscriberSpec

Record = dict[str, object]

DEFAULTS: Record = {
    "name": "",
    "enabled": True,
    "packages": (),
    "auth": "device",
    "device_ids": (),
    "login": "",
    "password": None,
    "pin": None,
    "max_connections": 0,
    "contact": Contact(),
    "note": "",
}


# --- the platform ----------------------------------------------------------------------------------------------------


@dataclass
class ModelPlatform:
    """Records by the platform's own id. It does what a change says and nothing besides."""

    records: dict[str, Record] = field(default_factory=dict)
    calls: int = 0

    def perform(self, change: Change) -> None:
        """Carry the change out, looking at its kind, its target and its values only."""
        self.calls += 1
        target = change.observed.record_id if change.observed else ""
        match change.kind.value:
            case "create":
                assert change.after is not None
                self.records[f"new-{self.calls}"] = {
                    **DEFAULTS,
                    **written(change.after),
                    "name": change.desired.external_id,
                }
            case "delete":
                del self.records[target]
            case "rename":
                self.records[target]["name"] = change.desired.external_id
            case _:
                assert change.after is not None
                self.records[target].update(written(change.after))

    def show(self, record_id: str, at: datetime) -> Observation:
        """The record as a driver would hand it on, secrets as we remember them."""
        record = self.records[record_id]
        spec = SubscriberSpec(**{name: _read(name, value) for name, value in record.items() if name != "name"})  # type: ignore[arg-type]  # a dict has no types by key
        return Observation(str(record["name"]), record_id, spec, at)


def written(spec: SubscriberSpec) -> Record:
    """What a write of this spec sets: the fields that are there."""
    texts = {name: getattr(spec, name) for name in DEFAULTS if name != "name"}
    return {name: _kept(value) for name, value in texts.items() if value is not None}


def _kept(value: object) -> object:
    return value.fingerprint if isinstance(value, Secret) else value


def _read(name: str, value: object) -> object:
    return Secret(str(value)) if name in ("password", "pin") and value is not None else value


# --- what should be there --------------------------------------------------------------------------------------------


def expected(wish: Desired, before: Record | None) -> Record | None:
    """The record that should be there in the end, given the one that was; `None` = there should be none."""
    presence = wish.presence.value
    if presence == "hold":
        return before
    if presence == "absent":
        return None
    if before is None:
        wanted = wish.may_create and presence in ("active", "suspended") and wish.spec is not None
        return {**DEFAULTS, **written(wish.spec), "name": wish.external_id} if wanted and wish.spec else None
    name = wish.external_id if wish.may_rename else before["name"]
    if presence == "dormant":
        return {**before, "enabled": False, "name": name}
    return {**before, **(written(wish.spec) if wish.spec else {}), "enabled": presence == "active", "name": name}


# --- who may watch ---------------------------------------------------------------------------------------------------

GOOD = {
    "",
    "ok",
    "active",
    "customer_suspension_delayed",
    "customer_limiting_delayed",
    "customer_limited",
    "frozen",
    "screening",
    "quarantine",
}


def reasons_against(account: Account, now: datetime) -> Iterator[str]:
    """Every reason, under the default rules, for which nobody may watch on this account now."""
    yield from _what_billing_says(account)
    today = now.astimezone(_zone(account)).date()
    if account.activation_date is not None and today < account.activation_date:
        yield "too early"
    if account.expiration_date is not None and today > account.expiration_date:
        yield "too late"


def _what_billing_says(account: Account) -> Iterator[str]:
    if account.billing_model.value not in (-1, 1, 4):
        yield "not a subscriber"
    if account.dual_version == "source":
        yield "served elsewhere"
    if account.status not in GOOD:
        yield "status"
    if account.bill_status != "O" or account.blocked:
        yield "flags"
    if account.details is None:
        yield "nothing known"
    elif account.details.customer_bill_status == "E":
        yield "exported"
    if account.status == "" and (_customer_is_off(account) or _is_spent(account)):
        yield "customer or money"


def products_now(account: Account, now: datetime) -> list[AssignedProduct]:
    """The main product and the add-ons that count now."""
    every = [account.product, *(account.details.addons if account.details else ())]
    return [product for product in every if product is not None and _counts(product, now)]


def _counts(product: AssignedProduct, now: datetime) -> bool:
    too_early = product.effective_from is not None and now < product.effective_from
    too_late = product.effective_to is not None and now >= product.effective_to
    return not (too_early or too_late)


def _customer_is_off(account: Account) -> bool:
    details = account.details
    if details is None:
        return False
    return details.customer_blocked or details.customer_suspended or details.customer_bill_status in {"S", "C", "D"}


def _is_spent(account: Account) -> bool:
    if account.subordinate or account.balance is None:
        return False
    match account.billing_model:
        case BillingModel.DEBIT:
            return account.balance <= 0
        case BillingModel.CREDIT:
            return account.credit_limit is not None and account.credit_limit - account.balance <= 0
    return False


def _zone(account: Account) -> ZoneInfo:
    name = account.details.time_zone if account.details else ""
    return ZoneInfo(name if name in available_timezones() else "UTC")
