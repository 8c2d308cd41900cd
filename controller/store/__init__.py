"""What we remember: billing's accounts, what should be, what is, what we are about to do, and what we did.

Everything that decides is read from here and nothing is kept in memory only, so that a kill at any instant loses no
more than the time since. The only package that knows SQLite.

Who only looks takes a `Store` from here. Who works on it beside others takes a `Ledger` from `ledger.py`, which needs
an event loop: commands that only look start faster without one.
"""

from controller.store.absences import StoredAbsence, WholeList
from controller.store.account_list import AccountList, ListedAccount, Unseen
from controller.store.accounts import Standing, StoredAccount
from controller.store.aside import examine, put_aside
from controller.store.charge_decisions import Decider, NotDecidable
from controller.store.charges import Charge, Charges, Logged
from controller.store.events import Announced, StoredEvent
from controller.store.feeds import Feed
from controller.store.fence import Authority, Fence
from controller.store.holds import EVERYTHING, HeldChange, Holds, Pause
from controller.store.journal import AuditRow, Call, Intent, OpenIntent
from controller.store.operator import Order
from controller.store.pages import PageNote
from controller.store.reconciled import Reconciled
from controller.store.records import Holder, Reading, Records, StoredRecord
from controller.store.recovery import Identity
from controller.store.retention import CUT_BACK, Cut
from controller.store.store import Store
from controller.store.subscribers import REFUSALS, REFUSED, TAKEN, Lateness, Overdue, Progress, StoredSubscriber
from controller.store.targets import FIRST_CONTACT, HeldPlan, TargetReading
from controller.store.told import Audience, Provisioning, Telling, told_counts
from controller.store.trouble import (
    NotLeading,
    RowDamaged,
    StoreDamaged,
    StoreError,
    StoreUnavailable,
    store_error_in,
)

__all__ = [
    "CUT_BACK",
    "EVERYTHING",
    "FIRST_CONTACT",
    "REFUSALS",
    "REFUSED",
    "TAKEN",
    "AccountList",
    "Announced",
    "Audience",
    "AuditRow",
    "Authority",
    "Call",
    "Charge",
    "Charges",
    "Cut",
    "Decider",
    "Feed",
    "Fence",
    "HeldChange",
    "HeldPlan",
    "Holder",
    "Holds",
    "Identity",
    "Intent",
    "Lateness",
    "ListedAccount",
    "Logged",
    "NotDecidable",
    "NotLeading",
    "OpenIntent",
    "Order",
    "Overdue",
    "PageNote",
    "Pause",
    "Progress",
    "Provisioning",
    "Reading",
    "Reconciled",
    "Records",
    "RowDamaged",
    "Standing",
    "Store",
    "StoreDamaged",
    "StoreError",
    "StoreUnavailable",
    "StoredAbsence",
    "StoredAccount",
    "StoredEvent",
    "StoredRecord",
    "StoredSubscriber",
    "TargetReading",
    "Telling",
    "Unseen",
    "WholeList",
    "examine",
    "put_aside",
    "store_error_in",
    "told_counts",
]
