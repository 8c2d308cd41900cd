"""Which of the small profile's cases catches which bug, and with which complaint: the cheapest that does."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Catch:
    """A case of `pointed.ALL`, and what of its complaint names the bug (a regular expression)."""

    case: str
    complaint: str


_LOST = "an answer of the till is lost"
_TWICE = r"billing has booked [2-9] times \S+ of account \d+ for \S+, not 1"

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
    "sending_not_committed": Catch("corner", r"\S+: billing was asked to book it, which no commit had announced"),
    "booked_before_the_call": Catch("corner", r"\S+: billing was asked to book it, which no commit had announced"),
    "doubt_repeated_without_a_look": Catch(_LOST, r"\S+: it was repeated, though nobody knew whether it was booked"),
    "killed_charge_sent_again": Catch("killed while booking", _TWICE),
    "lost_answer_taken_for_a_refusal": Catch(_LOST, _TWICE),
    "absence_believed_at_once": Catch("a booking shows late", _TWICE),
    "reference_matched_by_its_beginning": Catch("all is lost, and was booked", r"\S+: is parked \(booked_twice\)"),
    "one_field_searched": Catch("one of many xDRs is in doubt", r"\S+: is parked \(unclear\)"),
    "narrow_window": Catch("a booking shows late", _TWICE),
    "first_page_is_the_list": Catch("one of many xDRs is in doubt", _TWICE),
    "cursor_moved_before_the_records": Catch("killed while a feed is read", r"\S+: was never kept"),
    "record_kept_whenever_it_is_shown": Catch("corner", _TWICE),
    "lost_database_not_caught_up": Catch("all is lost, and was booked", _TWICE),
    "refund_charged": Catch("corner", r"billing has booked 0 times -2.50 of account \d+ for \S+, not 1"),
    "early_refund_dropped": Catch("mall", r"\S+: is refused \(no_sale\)"),
    "sale_of_a_blocked_account_parked": Catch("mall", r"\S+: is parked \(blocked\)"),
    "two_charges_at_once": Catch("corner", r"\S+: billing was asked to book two things of account \d+ at once"),
    "sums_are_floats": Catch("mall", r"\S+: is parked \(refund_exceeds\)"),
    "amounts_are_floats": Catch("corner", r"\S+: is parked \(decimals\)"),
}
