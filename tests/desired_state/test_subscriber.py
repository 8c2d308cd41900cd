"""What a platform holds: comparing, marking, and what never shows."""

from dataclasses import fields, replace

import pytest
from hypothesis import given

from desired_state.account import Secret
from desired_state.subscriber import SPEC_FIELDS, UNREADABLE, Observation, Owner, SubscriberKey, SubscriberSpec
from tests import strategies
from tests.desired_state.builders import OFF, ON, OWNER, record


@pytest.mark.parametrize(
    ("note", "owner"),
    [
        ("iptv-reconciler env=3 i_account=70101", Owner(3, 70101)),
        ("VIP! iptv-reconciler env=3 i_account=70101; call first", Owner(3, 70101)),
        ("iptv-reconciler env=3 i_account=701 iptv-reconciler env=3 i_account=702", Owner(3, 701)),
        (None, None),
        ("", None),
        ("iptv-reconciler", None),
        ("iptv-reconciler env= i_account=", None),
        ("IPTV-RECONCILER env=3 i_account=70101", None),
        ("iptv-reconciler env=٣ i_account=٧", None),
        ("iptv-reconciler env=3 i_account=" + "9" * 5000, None),
        ("iptv-reconciler env=" + "9" * 5000 + " i_account=1", None),
    ],
)
def test_an_ownership_mark_is_recognised_wherever_it_stands(note: str | None, owner: Owner | None) -> None:
    assert Owner.of(note) == owner


@given(strategies.owners())
def test_a_mark_names_its_owner(owner: Owner) -> None:
    assert Owner.of(owner.note) == owner
    assert Owner.of(f"{owner.note}0") != owner


def test_a_record_belongs_to_whom_its_note_names() -> None:
    assert record(ON).owner == OWNER
    assert record(replace(ON, note="VIP")).owner is None


def test_keys_are_ordered_by_platform_then_account() -> None:
    keys = [SubscriberKey("b", 1), SubscriberKey("a", 10), SubscriberKey("a", 9)]
    assert sorted(keys) == [SubscriberKey("a", 9), SubscriberKey("a", 10), SubscriberKey("b", 1)]


# --- over and differs_from -------------------------------------------------------------------------------------------


def test_a_wish_takes_what_it_does_not_manage_from_the_record() -> None:
    off = SubscriberSpec(enabled=False)
    assert off.over(ON) == OFF
    assert off.differs_from(ON) == ("enabled",)
    assert replace(ON, packages=None, contact=None).over(ON) == ON


def test_an_empty_value_is_a_wish() -> None:
    cleared = SubscriberSpec(enabled=True, packages=(), device_ids=(), login="", max_connections=0)
    result = cleared.over(replace(ON, login="ana"))

    assert (result.packages, result.device_ids, result.login, result.max_connections) == ((), (), "", 0)
    assert cleared.differs_from(replace(ON, login="ana")) == ("packages", "device_ids", "login", "max_connections")


@given(strategies.specs(), strategies.full_specs())
def test_laws_of_over(spec: SubscriberSpec, observed: SubscriberSpec) -> None:
    after = spec.over(observed)

    for name in SPEC_FIELDS:
        managed = getattr(spec, name) is not None
        assert getattr(after, name) == (getattr(spec, name) if managed else getattr(observed, name))
    assert after.over(observed) == after
    assert spec.over(after) == after
    assert observed.over(observed) == observed


@given(strategies.specs(), strategies.full_specs())
def test_laws_of_differs_from(spec: SubscriberSpec, observed: SubscriberSpec) -> None:
    differing = spec.differs_from(observed)

    assert differing == spec.over(observed).differs_from(observed)
    assert (differing == ()) == (spec.over(observed) == observed)
    assert spec.differs_from(spec.over(observed)) == ()
    assert all(getattr(spec, name) is not None for name in differing)


def test_spec_fields_are_all_the_fields() -> None:
    assert tuple(each.name for each in fields(SubscriberSpec)) == SPEC_FIELDS
    assert set(UNREADABLE) == {"password", "pin"}


# --- secrets and personal data ---------------------------------------------------------------------------------------


@given(strategies.specs())
def test_p10_a_spec_shows_no_clear_text_no_person_and_no_device(spec: SubscriberSpec) -> None:
    assert strategies.CLEAR_TEXT not in repr(spec)
    assert strategies.PERSONAL not in repr(spec)
    assert "001A79" not in repr(spec)


@given(strategies.specs())
def test_a_sealed_spec_is_equal_and_carries_no_clear_text(spec: SubscriberSpec) -> None:
    sealed = spec.sealed()

    assert sealed == spec
    assert all(secret.value is None for secret in (sealed.password, sealed.pin) if secret is not None)


def test_what_a_platform_does_not_show_is_remembered_from_our_last_write() -> None:
    shown = record(replace(ON, pin=None))
    remembered = replace(OFF, password=Secret("p"), pin=Secret("q"))
    completed: Observation = shown.with_secrets_of(remembered)

    assert completed == record(replace(ON, password=Secret("p"), pin=Secret("q")))
    assert shown.with_secrets_of(None) == shown
    assert record(ON).with_secrets_of(replace(ON, pin=None)).spec.pin is None
    cleared = record(replace(ON, pin=Secret("")))
    assert cleared.with_secrets_of(remembered).spec.pin == Secret(""), "the platform shows that none is set"
