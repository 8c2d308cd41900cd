"""Is the harness any good? Bugs are planted into the product, and each has to be found by a case of the small profile.

Rules of this package:

1. A bug is a method of the real product replaced by a bad one (`bugs.py`, planted by `planting.py`). Nowhere else are
   objects of ours patched: a test of the product must not know how it is made. Here it is the other way round. What is
   tested is the harness, and the product is the material; a mock of it would show that the harness finds bugs in mocks.
2. A case is one that is run before every change: a scenario without faults, or one of `pointed.py`. A bug that only a
   test made for it finds is not found by the harness.
3. The run without faults, with which a case is compared, has the bug too, as it would have if somebody had written it.
4. Found is a bug if the harness complains of what it does (`caught.py`), not if the bug crashes; without it the same
   case has to pass.

What finds which (C: `chronicle.py`, call by call; R: `restraint.py`, call by call; S: a look at the platforms long
after each step of the history, by the demo's independent check; D: a look into the database's file):

    intent_not_committed              C  a call that no intent announced
    outcome_before_the_call           C  a call that no intent announced
    page_skipped                      S  an account has no record
    empty_list_believed               C  a suspension that billing never asked for
    create_not_idempotent             C  a call that changed nothing, since it had been made before
    brake_off_by_one                  R  more records lost something in a pass than may
    budget_not_persisted              R  more records lost something in 24 hours than may
    unowned_record_updated            C  a foreign record was touched
    retry_without_backoff             R  a failing platform was asked on
    event_lost_after_200              S  devices that only an event told
    stale_read_believed               C  a call that changed nothing, since it had been made before
    binding_keyed_by_account_id       S  a record that nobody should have
    claimed_before_released           C  a call that changed nothing, since it was refused
    approval_good_for_a_changed_plan  R  more records lost something in a pass than was approved
    breaker_never_opens               R  a failing platform was asked on
    budget_counts_creations           S  accounts that were blocked are still on
    password_in_the_audit             D  a PIN in clear text
    event_deduplicated_by_account     S  devices that only a second event told
    resumptions_held_by_the_brake     S  accounts that pay again are still off

Bugs about money (`money.py`) are found by `teller.py`, call by call (T), or in billing's books, long after each step of
the history and at its end (B):

    sending_not_committed               T  billing was asked for what no commit had announced
    booked_before_the_call              T  billing was asked for what no commit had announced
    two_charges_at_once                 T  billing was asked for two things of an account at once
    doubt_repeated_without_a_look       T  a call was repeated, though nobody knew what the first had done
    killed_charge_sent_again            B  booked twice
    lost_answer_taken_for_a_refusal     B  booked twice
    absence_believed_at_once            B  booked twice
    narrow_window                       B  booked twice
    first_page_is_the_list              B  booked twice
    one_field_searched                  B  parked, though billing has it
    reference_matched_by_its_beginning  B  parked, though billing has it once
    lost_database_not_caught_up         B  booked twice
    record_kept_whenever_it_is_shown    B  booked twice
    cursor_moved_before_the_records     B  never kept
    refund_charged                      B  not booked as it should be
    early_refund_dropped                B  refused
    sale_of_a_blocked_account_parked    B  parked
    sums_are_floats                     B  parked
    amounts_are_floats                  B  parked

Tried as well, and not found, since something else makes up for them: a creation that takes "there is one already" for
a refusal (an open intent is resolved by reading first, so that nothing is created twice), and an account that is taken
for gone because one list lacks it (billing is asked for the account itself before anything is taken away, and an empty
list is doubted; so `empty_list_believed` plants all three mistakes).
"""
