"""The example everybody starts from: one account in good order, one catalog, one platform.

A test says only what is different (`dataclasses.replace`).
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from desired_state.account import Account, AccountDetails, AssignedProduct, Contact, Credentials, Secret
from desired_state.catalog import Catalog, CatalogEntry, Offer, Package, ProductMatch
from desired_state.desired import Desired, PlatformRules
from desired_state.entitlement import Decision, Presence, Rules, entitlement
from desired_state.subscriber import Observation, Owner, SubscriberKey, SubscriberSpec

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
SECOND, HOUR, DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)

BASIC = AssignedProduct(61, "IPTV Basic")
SPORT = AssignedProduct(86, "TV Sport")
INTERNET = AssignedProduct(90, "Internet")

CREDENTIALS = Credentials(
    device_ids=("001A79000001",), login="tv101", password=Secret("fp-password", "kq83Zt"), pin=Secret("fp-pin", "1234")
)
CONTACT = Contact(first_name="Ana", last_name="Doe", email="a@example.net")
DETAILS = AccountDetails(contact=CONTACT, credentials=CREDENTIALS, time_zone="UTC")
FINE = Account(
    i_account=70101, id="tv000101", i_env=3, product=BASIC, balance=Decimal("12.5"), credit_limit=None, details=DETAILS
)

CATALOG = Catalog(
    entries=(
        CatalogEntry(product=ProductMatch(i_product=61), platform="tv", packages=("basic",), max_connections=2),
        CatalogEntry(product=ProductMatch(name="TV Sport"), platform="tv", packages=("sport",)),
    )
)
OFFER = Offer((Package("1", "basic", "Basic channels"), Package("2", "sport", "Sport"), Package("3", "", "Kids")))
TV = PlatformRules(name="tv")
OWNER = Owner(3, 70101)
KEY = SubscriberKey("tv", 70101)

ON = SubscriberSpec(
    enabled=True,
    packages=("1",),
    auth="device",
    device_ids=("001A79000001",),
    login="",
    pin=Secret("fp-pin"),
    max_connections=2,
    contact=CONTACT,
    note=OWNER.note,
)
OFF = replace(ON, enabled=False)


def decide(account: Account, rules: Rules | None = None, now: datetime = NOW) -> Decision:
    """The decision about an account under the example's catalog."""
    return entitlement(account, CATALOG, rules or Rules(), now)


def verdict(account: Account, rules: Rules | None = None, now: datetime = NOW) -> tuple[str, str]:
    """The presence and the reason of a decision, as texts."""
    decision = decide(account, rules, now)
    return decision.presence.value, decision.reason


def with_details(account: Account, details: AccountDetails) -> Account:
    """The account with these details."""
    return replace(account, details=details)


def with_addons(*addons: AssignedProduct) -> Account:
    """The account in good order, with these add-ons."""
    return replace(FINE, details=replace(DETAILS, addons=addons))


def wish(presence: Presence, spec: SubscriberSpec | None = None) -> Desired:
    """A wish for the example's record."""
    return Desired(key=KEY, presence=presence, external_id="tv000101_3", spec=spec, owner=OWNER, reason="example")


def record(spec: SubscriberSpec, external_id: str = "tv000101_3", record_id: str = "r1") -> Observation:
    """The example's record as the platform shows it."""
    return Observation(external_id, record_id, spec, NOW)
