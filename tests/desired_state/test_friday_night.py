"""A thousand viewers, one mistake, nobody awake: what the core lets through when its inputs are wrong.

Each test is a mishap an operator or a billing system can have. Judged is what would be written, not what was meant.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace

import pytest

from desired_state.account import Account, AccountDetails, AssignedProduct, BillingModel
from desired_state.allowance import Allowance, Brake
from desired_state.brake import brake
from desired_state.catalog import Catalog, Offer
from desired_state.desired import PlatformRules, desired
from desired_state.entitlement import Rules, entitlement
from desired_state.plan import Plan, diff
from desired_state.policy import apply_policies, complete_source, fit_for_platform, owned_only
from desired_state.subscriber import Observation, SubscriberSpec
from tests.desired_state.builders import CATALOG, DAY, DETAILS, FINE, NOW, OFFER, TV

CRUEL = replace(TV, on_no_service="delete", rename=True)  # the sharpest settings there are
FLEET = [replace(FINE, i_account=number, id=f"tv{number}", status="active") for number in range(1000)]
LIMIT = Allowance(Brake().destructive_limit(len(FLEET)), Brake().update_limit(len(FLEET)))


def first_records() -> dict[int, Observation]:
    """What the platform holds after the thousand were made."""
    return {account.i_account: made(account) for account in FLEET}


def made(account: Account) -> Observation:
    wish = desired(account, entitlement(account, CATALOG, Rules(), NOW), CRUEL, OFFER)
    assert wish.spec is not None
    empty = SubscriberSpec(enabled=True, login="")
    return Observation(wish.external_id, f"r{account.i_account}", wish.spec.over(empty), NOW)


RECORDS = first_records()


def planned(
    accounts: Iterable[Account],
    catalog: Catalog = CATALOG,
    offer: Offer = OFFER,
    rules: PlatformRules = CRUEL,
    complete: bool = True,
) -> Plan:
    """The plan for the fleet as billing shows it now, after the policies."""
    wishes = [desired(account, entitlement(account, catalog, Rules(), NOW), rules, offer) for account in accounts]
    plan = Plan.of(diff(wish, RECORDS.get(wish.key.i_account)) for wish in wishes)
    return apply_policies(
        plan, [owned_only({}, "tv"), fit_for_platform, complete_source(complete), brake({"tv": LIMIT})]
    )


def counted(plan: Plan) -> tuple[dict[str, int], dict[tuple[str, str], int]]:
    going = Counter(change.kind.value for change in plan.changes)
    return dict(going), dict(Counter((held.change.kind.value, held.by) for held in plan.held))


def test_on_a_quiet_evening_nothing_is_written() -> None:
    assert planned(FLEET) == Plan(())


def closed(account: Account) -> Account:
    return replace(account, bill_status="C", id=f"{account.id}-old000")


def blocked(account: Account) -> Account:
    return replace(account, blocked=True)


def without_product(account: Account) -> Account:
    return replace(account, product=AssignedProduct(999, "Renumbered"))


def expired(account: Account) -> Account:
    return replace(account, expiration_date=(NOW - 2 * DAY).date())


def no_subscriber(account: Account) -> Account:
    return replace(account, billing_model=BillingModel.VOUCHER)


@pytest.mark.parametrize(
    ("mishap", "kind"),
    [
        (closed, "delete"),
        (blocked, "suspend"),
        (without_product, "delete"),
        (expired, "suspend"),
        (no_subscriber, "delete"),
    ],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_p04_a_mishap_to_everybody_at_once_is_held_whole_and_to_a_few_goes_on(
    mishap: Callable[[Account], Account], kind: str
) -> None:
    assert counted(planned(map(mishap, FLEET))) == ({}, {(kind, "brake"): 1000})
    assert counted(planned([*map(mishap, FLEET[:51]), *FLEET[51:]])) == ({}, {(kind, "brake"): 51})
    assert counted(planned([*map(mishap, FLEET[:50]), *FLEET[50:]])) == ({kind: 50}, {})


def test_p04_an_emptied_catalog_deletes_nobody() -> None:
    assert counted(planned(FLEET, catalog=Catalog())) == ({}, {("delete", "brake"): 1000})


def test_an_offer_that_could_not_be_read_takes_no_package_from_anybody() -> None:
    assert planned(FLEET, offer=Offer(())).changes == ()


def test_a_platform_that_lost_a_package_is_not_told_to_take_it_from_everybody() -> None:
    plan = planned(FLEET, offer=Offer(OFFER.packages[1:]))
    assert plan.changes == ()


def test_p02_an_incomplete_list_deletes_not_even_one() -> None:
    plan = planned([closed(FLEET[0]), blocked(FLEET[1]), *FLEET[2:]], complete=False)
    assert counted(plan) == ({}, {("delete", "incomplete_source"): 1, ("suspend", "incomplete_source"): 1})


def test_accounts_missing_from_the_list_are_no_change_at_all() -> None:
    assert planned(FLEET[:1]) == Plan(())
    assert planned([]) == Plan(())


@pytest.mark.parametrize(
    "status", ["reseller_blocked", "in_progress", "billing_paused", "customer_exported", "Blocked"]
)
def test_a_status_we_do_not_know_or_an_export_leaves_everybody_as_they_are(status: str) -> None:
    assert planned(replace(account, status=status) for account in FLEET) == Plan(())


def test_details_that_could_not_be_fetched_leave_everybody_as_they_are() -> None:
    assert planned(replace(account, details=None) for account in FLEET) == Plan(())


def test_p04_details_that_came_back_empty_are_held_as_updates() -> None:
    plan = planned(replace(account, details=AccountDetails()) for account in FLEET)
    assert counted(plan) == ({}, {("update", "brake"): 1000})


def test_custom_fields_that_turn_masked_take_no_device_from_anybody() -> None:
    masked = replace(DETAILS, credentials=AccountDetails().credentials)
    assert planned(replace(account, details=masked) for account in FLEET) == Plan(())


def test_p04_a_changed_name_pattern_does_not_rename_the_whole_fleet() -> None:
    other = replace(CRUEL, customer_id="{i_account}")
    assert counted(planned(FLEET, rules=other)) == ({}, {("rename", "brake"): 1000})


def test_p01_an_id_that_was_reused_does_not_reach_the_record_of_its_former_owner() -> None:
    """The closed account and its successor bear one id; only the one the record was made for may touch it."""
    stranger = closed(replace(FLEET[0], i_account=5000))
    wish = desired(stranger, entitlement(stranger, CATALOG, Rules(), NOW), CRUEL, OFFER)
    assert wish.external_id == RECORDS[0].external_id

    plan = owned_only({}, "tv")(Plan.of([diff(wish, RECORDS[0])]))
    assert counted(plan) == ({}, {("delete", "ownership"): 1})


def test_p01_the_environment_next_door_keeps_its_records() -> None:
    elsewhere = [closed(replace(account, i_env=4)) for account in FLEET[:3]]
    assert counted(planned(elsewhere)) == ({}, {("delete", "ownership"): 3})


def test_where_deletion_is_off_nothing_is_deleted_whatever_billing_says() -> None:
    careful = replace(CRUEL, delete_enabled=False)
    assert counted(planned([closed(FLEET[0]), without_product(FLEET[1])], rules=careful)) == ({"suspend": 2}, {})
