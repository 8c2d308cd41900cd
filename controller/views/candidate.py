"""The plan of another configuration, beside that of the one in force: what it would do that is not due anyway.

Rules of this module:

1. Both plans rest on the same readings of the same store (`trial.py`): what differs comes from the configurations.
2. A change is due anyway where the configuration in force asks for the very same, and the same holds it or nothing
   does: a larger brake that lets a held plan go touches everybody in it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from controller.store import Store
from controller.targets import Billing
from controller.views.plan import CandidateView, ChangeView, Found, PlanView, change_view, counted, in_order, plan_view
from desired_state.plan import identity, key_of
from desired_state.subscriber import SubscriberKey


@dataclass(frozen=True, slots=True)
class Side:
    """What one of the two configurations would do, and by which billings."""

    found: Found
    billings: Sequence[Billing]

    @property
    def billing_of(self) -> Mapping[str, str]:
        """The billing of each platform."""
        return {platform.name: billing.name for billing in self.billings for platform in billing.platforms}

    @property
    def asks(self) -> Mapping[SubscriberKey, tuple[str, str | None]]:
        """For whom it asks what, and what holds that."""
        return {key_of(each): (identity(each), held.by if held else None) for each, held in in_order(self.found.plan)}


def candidate_view(store: Store, candidate: Side, running: Side, keys: Sequence[str], taken_at: datetime) -> PlanView:
    """The plan of a candidate, compared with that of the configuration in force; `keys` differ between the two."""
    view, wanted, due = plan_view(store, candidate.billings, candidate.found, taken_at), candidate.asks, running.asks
    changes = [_marked(change, due.get(_key(change)) == wanted[_key(change)]) for change in view["changes"]]
    billing_of = {**running.billing_of, **candidate.billing_of}
    others = [key for key in {**due, **wanted} if due.get(key) != wanted.get(key)]
    compared = CandidateView(
        keys=list(keys),
        accounts=len({(billing_of[key.platform], key.i_account) for key in others}),
        summary=counted(change for change in changes if not change["due_anyway"]),
        dropped=[
            change_view(store, running.billing_of, change, held)
            for change, held in in_order(running.found.plan)
            if key_of(change) not in wanted
        ],
    )
    return {**view, "changes": changes, "candidate": compared}


def _marked(change: ChangeView, due_anyway: bool) -> ChangeView:
    return {**change, "due_anyway": due_anyway}


def _key(change: ChangeView) -> SubscriberKey:
    return SubscriberKey(change["platform"], change["account"]["i_account"])
