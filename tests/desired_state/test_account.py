"""What billing says, in our words: identity, secrets, intervals."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given

from desired_state.account import (
    Account,
    AccountDetails,
    AssignedProduct,
    BillingSnapshot,
    Contact,
    Credentials,
    Secret,
)
from tests import strategies
from tests.desired_state.builders import CONTACT, CREDENTIALS, DETAILS, FINE, HOUR, NOW, SPORT


@pytest.mark.parametrize(
    ("id_at_end", "base"),
    [
        ("tv000101-old000", "tv000101"),
        ("tv000101-old017", "tv000101"),
        ("tv000101-old1000", "tv000101"),
        ("tv-old000-old001", "tv-old000"),
        # they merely look like it
        ("tv000101", "tv000101"),
        ("tv000101-old", "tv000101-old"),
        ("tv000101-old1", "tv000101-old1"),
        ("tv000101-oldest", "tv000101-oldest"),
        ("tv000101-old000x", "tv000101-old000x"),
        ("tv000101-OLD000", "tv000101-OLD000"),
        ("tv000101-old٠٠٠", "tv000101-old٠٠٠"),
        ("-old000", "-old000"),
        ("old000", "old000"),
        ("", ""),
    ],
)
def test_a_terminated_account_goes_by_the_id_it_had_in_life(id_at_end: str, base: str) -> None:
    account = replace(FINE, id=id_at_end)

    assert replace(account, bill_status="C").base_id == base
    assert replace(account, status="closed").base_id == base
    assert account.base_id == id_at_end, "only a terminated account was renamed by billing"


@pytest.mark.parametrize(
    ("bill_status", "status", "terminated"),
    [
        ("C", "", True),
        ("O", "closed", True),
        ("C", "customer_exported", True),
        ("O", "", False),
        ("S", "expired", False),
    ],
)
def test_billing_states_an_end_by_bill_status_or_status(bill_status: str, status: str, terminated: bool) -> None:
    assert replace(FINE, bill_status=bill_status, status=status).is_terminated is terminated


@pytest.mark.parametrize(("begin", "end"), [(None, None), (NOW, None), (None, NOW + HOUR), (NOW, NOW + HOUR)])
def test_an_interval_contains_its_beginning(begin: datetime | None, end: datetime | None) -> None:
    assert replace(SPORT, effective_from=begin, effective_to=end).is_effective(NOW)


def test_an_interval_does_not_contain_its_end() -> None:
    product = replace(SPORT, effective_from=NOW, effective_to=NOW + HOUR)

    assert product.is_effective(NOW + HOUR - timedelta(microseconds=1))
    assert not product.is_effective(NOW + HOUR)
    assert not product.is_effective(NOW - timedelta(microseconds=1))
    assert not replace(SPORT, effective_to=NOW).is_effective(NOW)


def test_secrets_are_equal_when_their_fingerprints_are() -> None:
    assert Secret("a", "one") == Secret("a", "two") == Secret("a")
    assert Secret("a", "one") != Secret("b", "one")
    assert hash(Secret("a", "one")) == hash(Secret("a"))


def test_sealed_values_carry_no_clear_text() -> None:
    sealed = CREDENTIALS.sealed()

    assert sealed == CREDENTIALS
    assert sealed.password is not None
    assert sealed.pin is not None
    assert (sealed.password.value, sealed.pin.value) == (None, None)
    assert Credentials().sealed() == Credentials()


def test_p10_no_repr_shows_a_secret_a_person_or_a_device() -> None:
    shown = repr(replace(FINE, details=DETAILS))

    for canary in ("kq83Zt", "1234", "Ana", "Doe", "a@example.net", "001A79000001", "tv101"):
        assert canary not in shown
    assert repr(CONTACT) == "Contact(***)"
    assert repr(Secret("fp", "clear")) == "Secret(fingerprint='fp')"


@given(strategies.accounts())
def test_p10_no_repr_of_any_account_shows_clear_text_or_personal_data(account: Account) -> None:
    assert strategies.CLEAR_TEXT not in repr(account)
    assert strategies.PERSONAL not in repr(account)


@given(strategies.credentials())
def test_sealing_drops_every_value_and_changes_nothing_else(credentials: Credentials) -> None:
    sealed = credentials.sealed()

    assert sealed == credentials == sealed.sealed()
    assert [secret.value for secret in (sealed.password, sealed.pin) if secret] == [None] * sum(
        secret is not None for secret in (credentials.password, credentials.pin)
    )


def test_what_billing_did_not_tell_is_not_what_it_says_is_empty() -> None:
    told_nothing, told_none = Credentials(), Credentials(device_ids=(), login="", password=Secret(""), pin=Secret(""))

    assert told_nothing != told_none
    assert (told_nothing.device_ids, told_nothing.login, told_nothing.password, told_nothing.pin) == (None,) * 4
    assert AccountDetails() == AccountDetails(
        addons=(), contact=Contact(), credentials=told_nothing, time_zone="", customer_bill_status=""
    )
    assert not AccountDetails().customer_blocked
    assert not AccountDetails().customer_suspended


def test_an_open_product_and_a_proven_snapshot_need_no_further_word() -> None:
    assert AssignedProduct(1, "x") == AssignedProduct(1, "x", None, None)
    assert BillingSnapshot(0, NOW, complete=True) == BillingSnapshot(0, NOW, complete=True, doubt="", unreadable={})


@given(strategies.products(), strategies.products(), strategies.instants())
def test_what_covers_another_product_counts_whenever_that_does(
    one: AssignedProduct, other: AssignedProduct, now: datetime
) -> None:
    if one.covers(other):
        assert one.i_product == other.i_product
        assert one.is_effective(now) or not other.is_effective(now)


@pytest.mark.parametrize(
    ("begins", "ends", "covers"),
    [(None, None, True), (NOW, NOW + HOUR, True), (NOW - HOUR, NOW + 2 * HOUR, True), (NOW - HOUR, None, True),
     (NOW + HOUR, None, False), (None, NOW, False), (NOW, NOW + HOUR / 2, False)],
)  # fmt: skip
def test_an_interval_covers_what_lies_in_it(begins: datetime | None, ends: datetime | None, covers: bool) -> None:
    addon = AssignedProduct(86, "IPTV Sport", NOW, NOW + HOUR)
    assert AssignedProduct(86, "renamed", begins, ends).covers(addon) is covers
    assert not AssignedProduct(87, "IPTV Sport", begins, ends).covers(addon)
    endless = AssignedProduct(86, "IPTV Sport")
    assert AssignedProduct(86, "", begins, ends).covers(endless) is (begins is None and ends is None)
