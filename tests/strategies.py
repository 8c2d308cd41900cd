"""Drawn values of the core: the one place that describes what billing and platforms may show.

Rules of this module:

1. A strategy draws everything the type allows, the odd included, and nothing else: tests narrow it (`filter`,
   `replace`), they do not widen it.
2. Small pools (ids, packages, devices, instants near `NOW`), so that coincidences happen: equal values, shared devices,
   an instant exactly on a boundary.
3. Every strategy is made once (`cache`): making one costs more than drawing from it.
"""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache
from itertools import combinations

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from desired_state.account import (
    Account,
    AccountDetails,
    AccountStatus,
    AssignedProduct,
    BillingModel,
    Contact,
    Credentials,
    Secret,
)
from desired_state.catalog import Catalog, CatalogEntry, Offer, Package, ProductMatch
from desired_state.desired import Auth, Desired, PlatformRules, Problem
from desired_state.entitlement import Decision, Presence, Rules, entitlement
from desired_state.plan import Change, Create, Delete, Held, Plan, Rename, Resume, Suspend, Update, key_of
from desired_state.subscriber import Observation, Owner, SubscriberKey, SubscriberSpec

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
PLATFORMS = ("tv", "tv2")
CLEAR_TEXT = "canary-clear-text"
PERSONAL = "canary-personal"

_PRODUCTS = {61: "IPTV Basic", 62: "IPTV Family", 86: "TV Sport", 87: "TV Kids", 90: "Internet"}
_PACKAGE_IDS = ("1", "2", "3", "basic", "sport")
_DEVICES = ("001A79000001", "001A79000002", "stb-7")
_ZONES = ("", "UTC", "Europe/Prague", "Pacific/Apia", "Pacific/Kiritimati", "America/Havana", "Asia/Kathmandu")
_BROKEN_ZONES = ("Nowhere/Land", "Europe", "../etc/passwd", "zone.tab", "a\0b", "x" * 300)


@cache
def instants() -> SearchStrategy[datetime]:
    """Instants in UTC within some weeks of `NOW`, often exactly `NOW`."""
    minutes = st.integers(-60 * 24 * 40, 60 * 24 * 40)
    return st.one_of(st.just(NOW), minutes.map(lambda minute: NOW + timedelta(minutes=minute)))


@cache
def days() -> SearchStrategy[date]:
    """Calendar days: near `NOW`, and the ends of the calendar."""
    near = st.integers(-3, 3).map(lambda day: NOW.date() + timedelta(days=day))
    return st.one_of(near, st.dates(), st.sampled_from([date.min, date.max, date.max - timedelta(days=1)]))


@cache
def time_zones() -> SearchStrategy[str]:
    """Names of time zones: none, real ones, and texts that are none."""
    return st.sampled_from([*_ZONES, *_BROKEN_ZONES])


@cache
def products() -> SearchStrategy[AssignedProduct]:
    """A product from a small price list, with every kind of interval, reversed ones too."""
    return st.builds(
        lambda product, start, end: AssignedProduct(product[0], product[1], start, end),
        st.sampled_from(sorted(_PRODUCTS.items())),
        st.none() | instants(),
        st.none() | instants(),
    )


@cache
def contacts() -> SearchStrategy[Contact]:
    """Personal data: every text that is there carries `PERSONAL`."""
    ana = Contact(first_name=f"{PERSONAL} a", last_name=f"{PERSONAL} b", email=f"{PERSONAL} c")
    others = (replace(ana, phone=f"{PERSONAL} d"), replace(ana, address=f"{PERSONAL} e", zip=f"{PERSONAL} f"))
    return st.sampled_from([Contact(), ana, *others])


@cache
def secrets() -> SearchStrategy[Secret]:
    """A secret with its clear text (always `CLEAR_TEXT`), sealed, or "none is set"."""
    clear = [Secret(fingerprint, f"{CLEAR_TEXT} {fingerprint}") for fingerprint in ("f1", "f2")]
    return st.sampled_from([*clear, *(secret.sealed() for secret in clear), Secret("", "")])


def _subsets(pool: tuple[str, ...], size: int) -> list[tuple[str, ...]]:
    return [subset for length in range(size + 1) for subset in combinations(pool, length)]


@cache
def devices() -> SearchStrategy[tuple[str, ...]]:
    """No, one or several devices of a pool of three."""
    return st.sampled_from(_subsets(_DEVICES, 3))


@cache
def credentials() -> SearchStrategy[Credentials]:
    """Credentials of which any part may be missing or cleared."""
    return st.builds(
        Credentials,
        device_ids=st.none() | devices(),
        login=st.none() | st.sampled_from(["", "ana", "bo"]),
        password=st.none() | secrets(),
        pin=st.none() | secrets(),
    )


@cache
def account_details() -> SearchStrategy[AccountDetails]:
    """What the account's own calls tell."""
    return st.builds(
        AccountDetails,
        addons=st.lists(products(), max_size=3).map(tuple),
        contact=contacts(),
        credentials=credentials(),
        time_zone=time_zones(),
        customer_blocked=st.booleans(),
        customer_bill_status=st.sampled_from(["", "O", "S", "C", "E", "D", "L", "?"]),
        customer_suspended=st.booleans(),
    )


@cache
def statuses() -> SearchStrategy[str]:
    """Every computed status of the contract, the two that mean the same as none, and unknown ones."""
    return st.sampled_from(["", "", "ok", *AccountStatus, "reseller_blocked", "billing_paused", "unknown_bill_status"])


@cache
def accounts() -> SearchStrategy[Account]:
    """Any account billing could show, possible or not, with and without details."""
    money = st.none() | st.sampled_from([Decimal("-1"), Decimal("0"), Decimal("0.00001"), Decimal("12.5")])
    return st.builds(
        Account,
        i_account=st.integers(1, 30),
        id=st.sampled_from(["tv000101", "tv000101-old000", "-old000", "tv-old12-old001", "x-oldest", "a{b}"]),
        i_env=st.integers(1, 3),
        i_customer=st.none() | st.integers(1, 5),
        billing_model=st.sampled_from(BillingModel),
        bill_status=st.sampled_from(["O", "O", "O", "S", "I", "C", "L", ""]),
        blocked=st.booleans(),
        status=statuses(),
        dual_version=st.sampled_from(["", "", "target", "source"]),
        product=st.none() | products(),
        balance=money,
        credit_limit=money,
        subordinate=st.booleans(),
        activation_date=st.none() | days(),
        expiration_date=st.none() | days(),
        no_funds_since=st.none() | instants(),
        details=st.none() | account_details(),
    )


@cache
def catalogs() -> SearchStrategy[Catalog]:
    """A catalog over the price list and two platforms; packages may be unknown to the platform."""
    by_id = st.sampled_from(sorted(_PRODUCTS)).map(lambda number: ProductMatch(i_product=number))
    by_name = st.sampled_from(sorted(_PRODUCTS.values())).map(lambda name: ProductMatch(name=name))
    by_regex = st.sampled_from(["^IPTV", "TV", "kids"]).map(lambda regex: ProductMatch(name_regex=regex))
    entries = st.builds(
        CatalogEntry,
        product=st.one_of(by_id, by_name, by_regex),
        platform=st.sampled_from(PLATFORMS),
        packages=st.lists(st.sampled_from([*_PACKAGE_IDS, "not offered"]), max_size=2).map(tuple),
        max_connections=st.none() | st.integers(0, 3),
    )
    return st.lists(entries, max_size=6).map(lambda found: Catalog(entries=tuple(found)))


@cache
def rules(*, overrides: bool = True) -> SearchStrategy[Rules]:
    """Business rules, with the default table or any override of it."""
    table = st.dictionaries(st.sampled_from(AccountStatus), st.sampled_from(Presence), max_size=3)
    grace = st.sampled_from([timedelta(0), timedelta(hours=1), timedelta(days=10)])
    return st.builds(Rules, status=table if overrides else st.just({}), no_funds_grace=grace)


@cache
def platform_rules() -> SearchStrategy[PlatformRules]:
    """What an operator may decide for the platform `tv`."""
    return st.builds(
        PlatformRules,
        name=st.just(PLATFORMS[0]),
        customer_id=st.sampled_from(["{id}_{i_env}", "{i_account}"]),
        auth=st.sampled_from(Auth),
        default_max_connections=st.integers(0, 2),
        on_no_service=st.sampled_from(["suspend", "delete"]),
        create_suspended=st.booleans(),
        delete_enabled=st.booleans(),
        rename=st.booleans(),
    )


@cache
def offers() -> SearchStrategy[Offer]:
    """What a platform offers: nothing (not read yet), or some packages named in any of the three ways."""
    every = (Package("1", "basic", "Basic"), Package("2", "sport", "Sport"), Package("3", "", "kids"), Package("4"))
    return st.lists(st.sampled_from(every), unique=True, max_size=4).map(lambda found: Offer(tuple(found)))


@cache
def decisions() -> SearchStrategy[Decision]:
    """A decision about any account under any rules."""
    return st.builds(entitlement, accounts(), catalogs(), rules(), instants())


@cache
def _package_ids() -> SearchStrategy[tuple[str, ...]]:
    return st.sampled_from(_subsets(_PACKAGE_IDS, 3))


@cache
def owners() -> SearchStrategy[Owner]:
    """The owners of a small fleet in two environments."""
    return st.builds(Owner, i_env=st.integers(1, 2), i_account=st.integers(1, 30))


@cache
def notes() -> SearchStrategy[str]:
    """Free fields of records: empty, a stranger's text, or an ownership mark."""
    return st.one_of(st.just(""), st.just("VIP, do not touch"), owners().map(lambda owner: owner.note))


@cache
def specs() -> SearchStrategy[SubscriberSpec]:
    """A wish: every field but `enabled` may be unmanaged (`None`)."""
    return st.builds(
        SubscriberSpec,
        enabled=st.booleans(),
        packages=st.none() | _package_ids(),
        auth=st.none() | st.sampled_from([auth.value for auth in Auth]),
        device_ids=st.none() | devices(),
        login=st.none() | st.sampled_from(["", "ana", "bo"]),
        password=st.none() | secrets(),
        pin=st.none() | secrets(),
        max_connections=st.none() | st.integers(0, 3),
        contact=st.none() | contacts(),
        note=st.none() | notes(),
    )


@cache
def full_specs() -> SearchStrategy[SubscriberSpec]:
    """A record as observed: every readable field is there, secrets at most as fingerprints."""
    return st.builds(
        SubscriberSpec,
        enabled=st.booleans(),
        packages=_package_ids(),
        auth=st.sampled_from([auth.value for auth in Auth]),
        device_ids=devices(),
        login=st.sampled_from(["", "ana", "bo"]),
        password=st.none() | secrets().map(Secret.sealed),
        pin=st.none() | secrets().map(Secret.sealed),
        max_connections=st.integers(0, 3),
        contact=contacts(),
        note=notes(),
    )


@cache
def _names() -> SearchStrategy[str]:
    return st.integers(1, 30).map(lambda number: f"tv{number}_3")


@cache
def observations() -> SearchStrategy[Observation]:
    """A record as a platform shows it, ours or not."""
    return st.builds(Observation, _names(), st.integers(1, 9).map(str), full_specs(), instants())


@cache
def problems() -> SearchStrategy[Problem]:
    """Something in the way of a wish."""
    return st.builds(
        Problem,
        st.sampled_from(["credentials", "package", "capability", "duplicate"]),
        st.just("something is in the way"),
    )


@cache
def _wishes() -> SearchStrategy[tuple[Presence, SubscriberSpec | None]]:
    on = st.tuples(st.just(Presence.ACTIVE), specs().map(lambda spec: replace(spec, enabled=True)))
    off = st.tuples(st.just(Presence.SUSPENDED), specs().map(lambda spec: replace(spec, enabled=False)))
    dormant = (Presence.DORMANT, SubscriberSpec(enabled=False))
    return st.one_of(on, off, st.sampled_from([dormant, (Presence.ABSENT, None), (Presence.HOLD, None)]))


@cache
def desireds() -> SearchStrategy[Desired]:
    """A wish for one subscriber, of every presence; `spec` is there where `desired()` gives one."""
    return st.builds(
        lambda platform, owner, wish, **others: Desired(
            key=SubscriberKey(platform, owner.i_account), owner=owner, presence=wish[0], spec=wish[1], **others
        ),
        st.sampled_from(PLATFORMS),
        owners(),
        _wishes(),
        external_id=_names(),
        reason=st.sampled_from(["entitled", "blocked", "closed", "no_iptv_product", "absent_from_billing"]),
        may_create=st.booleans(),
        may_rename=st.booleans(),
        problems=st.lists(problems(), max_size=2).map(tuple),
    )


@cache
def changes() -> SearchStrategy[Change]:
    """A change of any kind, whether or not `diff` would make it."""
    existing = (desireds(), full_specs(), observations())
    return st.one_of(
        st.builds(Create, desireds(), full_specs()),
        st.builds(Update, *existing),
        st.builds(Suspend, *existing),
        st.builds(Resume, *existing),
        st.builds(Delete, desireds(), observations()),
        st.builds(lambda wish, observed: Rename(wish, observed.spec, observed), desireds(), observations()),
    )


@cache
def plans(max_size: int = 6) -> SearchStrategy[Plan]:
    """A plan with at most one change per subscriber, some of them held already."""
    found = st.lists(changes(), unique_by=key_of, max_size=max_size)
    return st.tuples(found, st.integers(0, 2)).map(lambda drawn: _partly_held(*drawn))


def _partly_held(found: list[Change], held: int) -> Plan:
    waiting = tuple(Held(change, "earlier", "held before") for change in found[:held])
    return Plan(Plan.of(found[held:]).changes, waiting)
