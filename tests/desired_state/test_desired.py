"""A decision in the terms of one platform: which record, with what in it, and what stands in the way."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given

from desired_state.account import Account, Credentials, Secret
from desired_state.catalog import Offer, Service
from desired_state.desired import Auth, Desired, PlatformRules, desired, external_id, mask_device
from desired_state.entitlement import Decision, Presence
from desired_state.subscriber import SubscriberSpec
from tests import strategies
from tests.desired_state.builders import (
    CONTACT,
    CREDENTIALS,
    DETAILS,
    FINE,
    INTERNET,
    KEY,
    OFFER,
    ON,
    OWNER,
    SPORT,
    TV,
    decide,
    with_addons,
    with_details,
)

LOGIN, ALL = replace(TV, auth=Auth.LOGIN), replace(TV, auth=Auth.ALL)
NO_PRODUCT = replace(FINE, product=INTERNET)
CLOSED = replace(FINE, bill_status="C", id="tv000101-old000")


def wished(account: Account, rules: PlatformRules = TV, offer: Offer = OFFER) -> Desired:
    return desired(account, decide(account), rules, offer)


def with_credentials(credentials: Credentials) -> Account:
    return with_details(FINE, replace(DETAILS, credentials=credentials))


def test_an_active_account_in_full() -> None:
    assert wished(FINE) == Desired(
        key=KEY,
        presence=Presence.ACTIVE,
        external_id="tv000101_3",
        spec=replace(ON, login=None, account_number="tv000101"),
        owner=OWNER,
        reason="entitled",
        may_create=True,
        may_rename=False,
        problems=(),
    )


def test_a_suspended_account_keeps_everything_but_the_service() -> None:
    wish = wished(replace(FINE, blocked=True))
    assert (wish.presence, wish.reason) == (Presence.SUSPENDED, "blocked")
    assert wish.spec == replace(ON, login=None, enabled=False, account_number="tv000101")


@pytest.mark.parametrize(
    ("create_suspended", "blocked", "may"), [(False, True, False), (True, True, True), (False, False, True)]
)
def test_an_account_that_is_off_gets_a_first_record_only_where_the_operator_says_so(
    create_suspended: bool, blocked: bool, may: bool
) -> None:
    rules = replace(TV, create_suspended=create_suspended)
    assert wished(replace(FINE, blocked=blocked), rules).may_create is may


def test_unless_the_operator_decides_otherwise() -> None:
    """The defaults of the configuration, as operations.md states them."""
    assert PlatformRules(name="tv") == PlatformRules(
        name="tv",
        customer_id="{id}_{i_env}",
        auth=Auth.DEVICE,
        default_max_connections=0,
        on_no_service="suspend",
        create_suspended=False,
        delete_enabled=True,
        rename=False,
        absence_grace=timedelta(days=30),
    )


def test_without_details_a_suspension_only_turns_off_and_makes_nothing() -> None:
    wish = wished(replace(FINE, blocked=True, details=None), replace(TV, create_suspended=True))

    assert wish.presence is Presence.SUSPENDED
    assert wish.spec == SubscriberSpec(enabled=False, note=OWNER.note)
    assert wish.may_create is False


@pytest.mark.parametrize(
    ("account", "rules", "presence", "spec"),
    [
        (NO_PRODUCT, TV, Presence.DORMANT, SubscriberSpec(enabled=False, note=OWNER.note)),
        (NO_PRODUCT, replace(TV, on_no_service="delete"), Presence.ABSENT, None),
        (
            NO_PRODUCT,
            replace(TV, on_no_service="delete", delete_enabled=False),
            Presence.DORMANT,
            SubscriberSpec(enabled=False, note=OWNER.note),
        ),
        (CLOSED, TV, Presence.ABSENT, None),
        (CLOSED, replace(TV, delete_enabled=False), Presence.DORMANT, SubscriberSpec(enabled=False, note=OWNER.note)),
        (replace(FINE, status="customer_exported"), replace(TV, on_no_service="delete"), Presence.HOLD, None),
        (replace(FINE, details=None), TV, Presence.HOLD, None),
    ],
)
def test_what_is_wished_of_a_record_that_should_not_serve(
    account: Account, rules: PlatformRules, presence: Presence, spec: SubscriberSpec | None
) -> None:
    wish = wished(account, rules)
    assert (wish.presence, wish.spec, wish.problems) == (presence, spec, ())
    assert wish.reason == decide(account).reason


@pytest.mark.parametrize("blocked", [False, True])
@pytest.mark.parametrize(("on_no_service", "presence"), [("suspend", Presence.DORMANT), ("delete", Presence.ABSENT)])
def test_an_account_whose_products_are_for_another_platform_has_no_service_here(
    blocked: bool, on_no_service: str, presence: Presence
) -> None:
    elsewhere = PlatformRules(name="elsewhere", on_no_service="delete" if on_no_service == "delete" else "suspend")
    wish = wished(replace(FINE, blocked=blocked), elsewhere)

    assert (wish.presence, wish.reason, wish.key.platform) == (presence, "no_service_here", "elsewhere")


def test_an_unknown_set_of_services_never_deletes() -> None:
    blocked = replace(FINE, blocked=True, details=None)
    assert wished(blocked, replace(TV, on_no_service="delete")).presence is Presence.SUSPENDED


# --- names -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "name"),
    [
        ("{id}_{i_env}", "tv000101_3"),
        ("{i_account}", "70101"),
        ("x-{i_env}-{id}", "x-3-tv000101"),
        ("{id}", "tv000101"),
    ],
)
def test_a_record_is_named_by_the_operators_pattern(pattern: str, name: str) -> None:
    assert external_id(FINE, replace(TV, customer_id=pattern)) == name
    assert external_id(CLOSED, replace(TV, customer_id=pattern)) == name, "the id it had in life"


def test_an_account_id_with_braces_is_a_name_like_any_other() -> None:
    assert external_id(replace(FINE, id="{i_env}"), TV) == "{i_env}_3"


@pytest.mark.parametrize(
    ("rename", "account", "may"), [(True, FINE, True), (False, FINE, False), (True, CLOSED, False)]
)
def test_a_record_follows_a_new_account_id_where_the_operator_says_so_and_never_into_termination(
    rename: bool, account: Account, may: bool
) -> None:
    assert wished(account, replace(TV, rename=rename)).may_rename is may


def test_only_a_terminated_account_has_a_full_name_besides_the_one_it_had_in_life() -> None:
    assert (wished(FINE).full_name, wished(FINE).bears) == ("", "tv000101_3")
    assert (wished(CLOSED).external_id, wished(CLOSED).bears) == ("tv000101_3", "tv000101-old000_3")
    by_number = replace(TV, customer_id="{i_account}")
    assert wished(CLOSED, by_number).bears == "70101"


@pytest.mark.parametrize(
    ("device", "shown"),
    [("001A79000001", "001A…01"), ("1234567", "1234…67"), ("123456", "…"), ("", "…")],
)
def test_p10_a_device_is_shown_without_its_middle(device: str, shown: str) -> None:
    assert mask_device(device) == shown


# --- what is in the record -------------------------------------------------------------------------------------------


def test_credentials_are_managed_as_far_as_the_platform_uses_them() -> None:
    by_device, by_login, by_all = wished(FINE).spec, wished(FINE, LOGIN).spec, wished(FINE, ALL).spec
    assert by_device is not None
    assert by_login is not None
    assert by_all is not None

    assert (by_device.auth, by_device.device_ids, by_device.login, by_device.password) == (
        "device",
        ("001A79000001",),
        None,
        None,
    )
    assert (by_login.auth, by_login.device_ids, by_login.login, by_login.password) == (
        "login",
        None,
        "tv101",
        Secret("fp-password"),
    )
    assert (by_all.auth, by_all.device_ids, by_all.login) == ("all", ("001A79000001",), "tv101")
    assert {by_device.pin, by_login.pin, by_all.pin} == {Secret("fp-pin")}
    assert {by_device.contact, by_device.note} == {CONTACT, "iptv-reconciler env=3 i_account=70101"}


@pytest.mark.parametrize(
    ("login", "by_device", "by_login", "by_all"),
    [("", None, "", ""), (None, None, None, None), ("tv101", None, "tv101", "tv101")],
)
def test_a_cleared_login_goes_wherever_a_login_is_a_way_in(
    login: str | None, by_device: str | None, by_login: str | None, by_all: str | None
) -> None:
    account = with_credentials(replace(CREDENTIALS, login=login))
    specs = [wished(account, rules).spec for rules in (TV, LOGIN, ALL)]
    assert [spec and spec.login for spec in specs] == [by_device, by_login, by_all]


def test_the_way_in_is_plain_text_so_that_equal_plans_have_equal_hashes() -> None:
    spec = wished(FINE).spec
    assert spec is not None
    assert type(spec.auth) is str


@pytest.mark.parametrize(("limit", "default", "connections"), [(2, 7, 2), (None, 7, 7), (0, 7, 0), (None, 0, 0)])
def test_a_product_without_a_limit_takes_the_platforms(limit: int | None, default: int, connections: int) -> None:
    decision = replace(decide(FINE), services=(Service("tv", (), limit),))
    wish = desired(FINE, decision, replace(TV, default_max_connections=default), OFFER)
    assert wish.spec is not None
    assert wish.spec.max_connections == connections


def test_packages_are_the_platforms_ids_sorted_and_each_once() -> None:
    decision = replace(decide(with_addons(SPORT)), services=(Service("tv", ("Kids", "Sport", "basic", "sport"), None),))
    wish = desired(FINE, decision, TV, OFFER)
    assert wish.spec is not None
    assert wish.spec.packages == ("1", "2", "3")


def test_of_several_services_the_one_of_this_platform_counts() -> None:
    services = (Service("alfa", ("Sport",), 9), Service("tv", ("Kids",), 1))
    wish = desired(FINE, replace(decide(FINE), services=services), TV, OFFER)
    assert wish.spec is not None
    assert (wish.spec.packages, wish.spec.max_connections) == (("3",), 1)


# --- problems --------------------------------------------------------------------------------------------------------


def test_a_package_the_platform_does_not_offer_is_named_and_the_packages_stay_as_they_are() -> None:
    decision = replace(decide(FINE), services=(Service("tv", ("basic", "gold", "silver"), None),))
    wish = desired(FINE, decision, TV, OFFER)

    assert wish.spec is not None
    assert wish.spec.packages is None
    assert [(problem.code, problem.text) for problem in wish.problems] == [
        (
            "package",
            f"the catalog gives package '{name}', which platform 'tv' does not offer, or offers more than once"
            " (it offers: Kids, basic, sport); correct the catalog or create the package",
        )
        for name in ("gold", "silver")
    ]


def test_before_the_offer_was_read_the_problem_says_so() -> None:
    (problem,) = wished(FINE, offer=Offer(())).problems
    assert "(it offers: nothing that could be read yet)" in problem.text


NEEDS = {"device": "a device id", "login": "a login and a password", "all": "a device id, or a login and a password"}


@pytest.mark.parametrize(
    ("auth", "credentials", "enough"),
    [
        ("device", CREDENTIALS, True),
        ("device", Credentials(device_ids=("1",)), True),
        ("device", replace(CREDENTIALS, device_ids=()), False),
        ("device", replace(CREDENTIALS, device_ids=None), False),
        ("login", Credentials(login="a", password=Secret("f")), True),
        ("login", replace(CREDENTIALS, login=""), False),
        ("login", replace(CREDENTIALS, login=None), False),
        ("login", replace(CREDENTIALS, password=None), False),
        ("login", replace(CREDENTIALS, password=Secret("")), False),
        ("all", Credentials(device_ids=("1",)), True),
        ("all", Credentials(login="a", password=Secret("f")), True),
        ("all", Credentials(login="a"), False),
        ("all", Credentials(), False),
    ],
)
def test_a_record_needs_credentials_of_the_kind_the_platform_uses(
    auth: str, credentials: Credentials, enough: bool
) -> None:
    wish = wished(with_credentials(credentials), replace(TV, auth=Auth(auth)))

    assert [(problem.code, problem.text) for problem in wish.problems] == [
        (
            "credentials",
            f"account 'tv000101' has no usable credentials: platform 'tv' needs {NEEDS[auth]};"
            " fill in the custom fields that the configuration names under billing.custom_fields",
        )
    ] * (not enough)


def test_several_problems_are_all_told() -> None:
    wish = wished(with_credentials(Credentials()), offer=Offer(()))
    assert [problem.code for problem in wish.problems] == ["package", "credentials"]


# --- for any account -------------------------------------------------------------------------------------------------


@given(strategies.accounts(), strategies.decisions(), strategies.platform_rules(), strategies.offers())
def test_any_decision_becomes_a_wish_for_this_account_only(
    account: Account, decision: Decision, rules: PlatformRules, offer: Offer
) -> None:
    wish = desired(account, decision, rules, offer)

    assert wish.key.i_account == wish.owner.i_account == account.i_account
    assert (wish.spec is None) == (wish.presence in (Presence.ABSENT, Presence.HOLD))
    assert wish.spec is None or wish.spec.enabled == (wish.presence is Presence.ACTIVE)
    assert wish.spec is None or wish.spec.note in (None, wish.owner.note)
    assert wish.presence is not Presence.ABSENT or rules.delete_enabled
    assert (wish.presence is Presence.HOLD) == (decision.presence is Presence.HOLD)
    assert not any(strategies.CLEAR_TEXT in problem.text for problem in wish.problems)


def test_where_the_login_is_the_name_a_password_is_enough() -> None:
    rules = replace(LOGIN, login_is_name=True)
    wish = wished(with_credentials(Credentials(password=Secret("fp", "secret"))), rules)
    assert wish.spec is not None
    assert (wish.spec.login, wish.spec.password, wish.problems) == (None, Secret("fp"), ())
    (problem,) = wished(with_credentials(Credentials(login="ana")), rules).problems
    assert "needs a password;" in problem.text


def test_names_are_written_in_lower_case_where_case_means_nothing() -> None:
    account = replace(FINE, id="TV000101")
    assert wished(account).external_id == "TV000101_3"
    assert wished(account, replace(TV, lower_case=True)).external_id == "tv000101_3"
