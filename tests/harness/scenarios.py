"""The scenarios: a configuration, and a history of what happens in billing.

Rules of this module:

1. A step is what happens in billing at one instant; it returns the accounts that billing announces by an event. After
   each step there is time enough for everything to converge, so that what happens to each account is foretold.
2. Populations are tiny: the runs are many.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from platforms.seachange.simulated import Customer
from tests.clocks import START
from tests.harness.shops import ON, Corner, Mall
from tests.harness.site import OF_CHARGES, Site
from tests.harness.trials import BRAKE, Sick, Tight
from tests.loop.platforms import billing, box, cable, catalog, ministra, seachange, telebreeze

Step = Callable[[Site], Sequence[int]]


@dataclass(frozen=True, slots=True)
class Products:
    """The products of a platform: a small one, a larger one, and an add-on."""

    small: int
    large: int
    addon: int


@dataclass(frozen=True, slots=True, eq=False)
class Scenario:
    """A configuration's blocks and a history.

    Only every so manieth of its cases is run (`sparse`). `spared`: the faults of which nobody can foretell what the
    history is after them. `about`: a part of the texts of those crossings that are struck, scheduler ticks apart.
    """

    name: str
    blocks: Mapping[str, object]
    steps: Sequence[Step]
    sparse: int = 1
    spared: frozenset[str] = frozenset()
    about: str = ""

    def begin(self, site: Site) -> None:
        """Every platform holds a record that is not ours."""
        for platform in site.config.platforms:
            _STRANGERS[platform](site)
            site.chronicle.begins(platform, site.dumped(platform))


@dataclass(frozen=True, slots=True)
class Life:
    """The history of a few accounts on one platform: everything that billing can do to them."""

    products: Products
    renames: bool = True

    def steps(self) -> Sequence[Step]:
        """In this order."""
        return (self.they_come, self.some_change, self.some_change_back, self.some_leave)

    def they_come(self, site: Site) -> Sequence[int]:
        """Four accounts, one of which is announced."""
        return [site.tv_account(number, i_product=self.products.small) for number in (1, 2, 3, 4)][:1]

    def some_change(self, site: Site) -> Sequence[int]:
        """One is blocked, one pays for more, and two swap their devices, which only events tell."""
        blocked, upgraded, third, fourth = _first_four(site)
        site.billing.change("block", i_account=blocked)
        site.billing.change("product", i_account=upgraded, i_product=self.products.large)
        _add(site, third, self.products.addon)
        site.billing.change("device", i_account=third, devices=[_mac(4)])
        site.billing.change("device", i_account=fourth, devices=[_mac(3)])
        return [third, fourth]

    def some_change_back(self, site: Site) -> Sequence[int]:
        """One is unblocked, one has no money left, one gets a new id and pays for less, one moves house."""
        blocked, upgraded, third, fourth = _first_four(site)
        site.billing.change("unblock", i_account=blocked)
        site.billing.change("drain", i_account=upgraded)
        if self.renames:
            site.billing.change("rename", i_account=third, id="tv000033")
        site.billing.change("addon_remove", i_account=third, i_product=self.products.addon)
        site.billing.change("contact", i_account=fourth, contact={"firstname": "Eva", "phone1": "+420555"})
        return [blocked, fourth]

    def some_leave(self, site: Site) -> Sequence[int]:
        """One pays again, one is terminated, and its id and device go to somebody new."""
        _, upgraded, _, fourth = _first_four(site)
        site.billing.change("topup", i_account=upgraded, amount=100)
        site.billing.change("device", i_account=fourth, devices=[])
        site.billing.change("terminate", i_account=fourth)
        heir = site.tv_account(4, i_product=self.products.large)
        site.billing.change("device", i_account=heir, devices=[_mac(3)])
        return [fourth, heir]


@dataclass(frozen=True, slots=True)
class Shortest:
    """The history of one account: it comes, is blocked, comes back, and leaves."""

    product: int

    def steps(self) -> Sequence[Step]:
        """In this order."""
        return (self.it_comes, self.it_is_blocked, self.it_leaves)

    def it_comes(self, site: Site) -> Sequence[int]:
        """Announced."""
        return [site.tv_account(1, i_product=self.product)]

    def it_is_blocked(self, site: Site) -> Sequence[int]:
        """Found by a pass."""
        site.billing.change("block", i_account=_first_four(site)[0])
        return []

    def it_leaves(self, site: Site) -> Sequence[int]:
        """Announced."""
        site.billing.change("terminate", i_account=_first_four(site)[0])
        return _first_four(site)


@dataclass(frozen=True, slots=True)
class Moves:
    """The history of three accounts on two platforms, A and B: one stays on each, one moves, and one is on both."""

    a: Products
    b: Products

    def steps(self) -> Sequence[Step]:
        """In this order."""
        return (self.they_come, self.they_change, self.they_move_on)

    def they_come(self, site: Site) -> Sequence[int]:
        """One for A, one for B, one who will move, and one with an add-on of the other platform."""
        accounts = [site.tv_account(number, i_product=self.a.small) for number in (1, 2, 3, 4)]
        site.billing.change("product", i_account=accounts[1], i_product=self.b.small)
        _add(site, accounts[3], self.b.addon)
        return accounts[2:3]

    def they_change(self, site: Site) -> Sequence[int]:
        """Everybody on one platform is blocked, one moves from A to B, one pays for more."""
        first, second, mover, both = _first_four(site)
        site.billing.change("block", i_account=first)
        site.billing.change("block", i_account=second)
        site.billing.change("product", i_account=mover, i_product=self.b.large)
        site.billing.change("product", i_account=both, i_product=self.a.large)
        return [mover]

    def they_move_on(self, site: Site) -> Sequence[int]:
        """They are unblocked, the one who moved leaves, and the one on both platforms is there on one."""
        first, second, mover, both = _first_four(site)
        site.billing.change("unblock", i_account=first)
        site.billing.change("unblock", i_account=second)
        site.billing.change("terminate", i_account=mover)
        site.billing.change("addon_remove", i_account=both, i_product=self.b.addon)
        return [second]


def _first_four(site: Site) -> list[int]:
    return sorted(site.billing.installation.accounts)[:4]


def _add(site: Site, i_account: int, addon: int) -> None:
    """Since long ago: a clock that is set back is not to make it a thing of the future."""
    site.billing.change("addon_add", i_account=i_account, i_product=addon, effective_from=START - timedelta(days=30))


def _mac(number: int) -> str:
    return f"00:1A:79:00:00:{number:02X}"


def _on_telebreeze(site: Site) -> None:
    site.platform.operator.create({"externalId": "vip_3", "packages": ["4"], "notes": "VIP, do not touch"})


def _on_seachange(site: Site) -> None:
    cable(site).platform.put(Customer(id="a-stranger", note="made by hand", enabled=True))


def _on_ministra(site: Site) -> None:
    box(site).portal.create({"login": "a-stranger", "account_number": "tv000001", "comment": "made by hand"})


_STRANGERS: Mapping[str, Callable[[Site], None]] = {"tv": _on_telebreeze, "cable": _on_seachange, "box": _on_ministra}
_WITHOUT = {"degrade": ["pin"]}
_HOURLY = {"detail_audit": "1h"}
_TV, _CABLE, _BOX = Products(61, 62, 86), Products(63, 64, 88), Products(65, 66, 89)


def _blocks(**platforms: Mapping[str, object]) -> Mapping[str, object]:
    return {"billing": billing(), "platforms": platforms, "catalog": catalog(*platforms), "schedule": _HOURLY}


def _tight(**platforms: Mapping[str, object]) -> Mapping[str, object]:
    """As little as may be of everything."""
    tight = {"billing": billing(page_size=2), "brake": BRAKE, "schedule": {"detail_audit": "30d"}}
    return {**_blocks(**platforms), **tight}


SHORTEST = Scenario("shortest", _blocks(tv=telebreeze(**_WITHOUT)), Shortest(61).steps())

TIGHT = Scenario(
    "tight",
    _tight(tv=telebreeze(dialect={"listing": {"page_size": 2}}, **_WITHOUT)),
    Tight().steps(),
    sparse=5,
    spared=frozenset(
        {
            *("switched_off", "flicker"),  # they use up some of the day's budget, so that others wait
            *("restored", "restored_as_it_began", "lost_database", "lost_volume"),  # nobody knows what was approved
            "lost_event",  # what it told is found too late
        }
    ),
)

_BY_TWOS = {"feed": {"page_size": 2}}
CORNER = Scenario("corner", {**_blocks(tv=telebreeze(**_WITHOUT)), "charges": ON}, Corner().steps(), about=OF_CHARGES)
MALL = Scenario(
    "mall",
    {
        **_blocks(tv=telebreeze(rename=True, dialect=_BY_TWOS, **_WITHOUT), cable=seachange()),
        "charges": ON,
    },
    Mall().steps(),
    sparse=3,
    about=OF_CHARGES,
)

ALL: Mapping[str, Scenario] = {
    each.name: each
    for each in (
        SHORTEST,
        Scenario("telebreeze", _blocks(tv=telebreeze(rename=True, **_WITHOUT)), Life(_TV).steps()),
        Scenario("seachange", _blocks(cable=seachange()), Life(_CABLE, renames=False).steps()),
        Scenario("ministra", _blocks(box=ministra(rename=True, **_WITHOUT)), Life(_BOX).steps()),
        TIGHT,
        Scenario("sick", _blocks(tv=telebreeze(rename=True, **_WITHOUT)), Sick().steps(), sparse=10),
        Scenario("two", _blocks(tv=telebreeze(**_WITHOUT), cable=seachange()), Moves(_TV, _CABLE).steps()),
        CORNER,
        MALL,
    )
}
