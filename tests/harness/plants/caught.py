"""Which of the small profile's cases catches which bug, and with which complaint: the cheapest that does."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Catch:
    """A case of `pointed.ALL`, and what of its complaint names the bug (a regular expression)."""

    case: str
    complaint: str


CATCHES: Mapping[str, Catch] = {
    "intent_not_committed": Catch("telebreeze", r"tv: a call was made that no intent had announced"),
    "outcome_before_the_call": Catch("telebreeze", r"tv: a call was made that no intent had announced"),
    "page_skipped": Catch("tight", r"tv: \S+: there is no record \(status None\), long after they_come"),
    "empty_list_believed": Catch(
        "billing's list is empty once", r"Event\(.*what='suspend'\): billing never asked for it"
    ),
    "create_not_idempotent": Catch("sick", r"tv: a call that changed nothing, .*"),
    "brake_off_by_one": Catch("tight", r"tv: 3 records lost something in one pass; the brake lets 2, .*"),
    "budget_not_persisted": Catch(
        "killed before the next day", r"tv: 6 records lost something in 24 hours; the budget is 5"
    ),
    "unowned_record_updated": Catch("tight", r"tv: vip_3, which is not ours, was touched"),
    "retry_without_backoff": Catch("sick", r"tv: failed more than 40 times in 2:00:00, and was asked on"),
    "event_lost_after_200": Catch(
        "killed after an event", r"tv: \S+: devices are .*, should be .*, long after it_is_approved_again"
    ),
    "stale_read_believed": Catch("tight", r"tv: a call that changed nothing, .*"),
    "binding_keyed_by_account_id": Catch("telebreeze", r"tv: tv000003_3: there is a record, but no account .*"),
    "claimed_before_released": Catch("telebreeze", r"tv: a call that changed nothing, .*"),
    "approval_good_for_a_changed_plan": Catch("tight", r"tv: 3 records lost something in one pass; .*"),
    "breaker_never_opens": Catch("sick", r"tv: failed more than 40 times in 2:00:00, and was asked on"),
    "budget_counts_creations": Catch(
        "tight", r"tv: \S+: status is 'active', should be 'disabled', long after as_many_go_off_as_may"
    ),
    "password_in_the_audit": Catch("seachange", r"the database holds 'TV PIN' of account \d+"),
    "event_deduplicated_by_account": Catch(
        "tight", r"tv: \S+: devices are .*, should be .*, long after it_is_approved_again"
    ),
    "resumptions_held_by_the_brake": Catch(
        "tight", r"tv: \S+: status is 'disabled', should be 'active', long after all_come_back"
    ),
}
