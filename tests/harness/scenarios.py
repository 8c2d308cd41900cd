"""The scenarios: a configuration, and a history of what happens in billing.

Rules of this module:

1. A step is what happens in billing at one instant; it returns the accounts that billing announces by an event. After
   each step there is time enough for everything to converge, so that what happens to each account is foretold.
2. Populations are tiny: the runs are many.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tests.harness.site import Site
from tests.loop.platforms import catalog, telebreeze

Step = Callable[[Site], Sequence[int]]


@dataclass(frozen=True, slots=True)
class Products:
    """The products of a platform: a small one, a larger one, and an add-on."""

    small: int
    large: int
    addon: int


@dataclass(frozen=True, slots=True, eq=False)
class Scenario:
    """A configuration's blocks and a history; `strangers` is called first, and puts foreign records on platforms."""

    name: str
    blocks: Mapping[str, object]
    steps: Sequence[Step]
    strangers: Callable[[Site], None]


class Life:
    """The history of accounts 1 to 5 on one platform: everything that billing can do to them."""

    def __init__(self, products: Products) -> None:
        self._products = products

    def steps(self) -> Sequence[Step]:
        """In this order."""
        return (self.they_come, self.some_change, self.some_change_back, self.some_leave)

    def they_come(self, site: Site) -> Sequence[int]:
        """Four accounts, one of which is announced."""
        return [site.tv_account(number, i_product=self._products.small) for number in (1, 2, 3, 4)][:1]

    def some_change(self, site: Site) -> Sequence[int]:
        """One is blocked, one pays for more, and two swap their devices, which only events tell."""
        blocked, upgraded, third, fourth = _ids(site)
        site.billing.change("block", i_account=blocked)
        site.billing.change("product", i_account=upgraded, i_product=self._products.large)
        site.billing.change("addon_add", i_account=third, i_product=self._products.addon)
        site.billing.change("device", i_account=third, devices=["00:1A:79:00:00:04"])
        site.billing.change("device", i_account=fourth, devices=["00:1A:79:00:00:03"])
        return [third, fourth]

    def some_change_back(self, site: Site) -> Sequence[int]:
        """One is unblocked, one has no money left, one gets a new id, one pays for less."""
        blocked, upgraded, third, fourth = _ids(site)
        site.billing.change("unblock", i_account=blocked)
        site.billing.change("drain", i_account=upgraded)
        site.billing.change("rename", i_account=third, id="tv000033")
        site.billing.change("addon_remove", i_account=third, i_product=self._products.addon)
        site.billing.change("contact", i_account=fourth)
        return [blocked, fourth]

    def some_leave(self, site: Site) -> Sequence[int]:
        """One pays again, one is terminated, and its id and device go to somebody new."""
        _, upgraded, _, fourth = _ids(site)
        site.billing.change("topup", i_account=upgraded, amount=100)
        site.billing.change("device", i_account=fourth, devices=[])
        site.billing.change("terminate", i_account=fourth)
        heir = site.tv_account(4, i_product=self._products.large)
        site.billing.change("device", i_account=heir, devices=["00:1A:79:00:00:03"])
        return [fourth, heir]


def _ids(site: Site) -> list[int]:
    return sorted(site.billing.installation.accounts)[:4]


def _stranger_on_telebreeze(site: Site) -> None:
    site.platform.operator.create({"externalId": "a stranger", "packages": ["4"], "notes": "VIP, do not touch"})


TELEBREEZE = Scenario(
    "telebreeze",
    {
        "platforms": {"tv": telebreeze(rename=True)},
        "catalog": catalog("tv"),
        "schedule": {"detail_audit": "1h"},
    },
    Life(Products(61, 62, 86)).steps(),
    _stranger_on_telebreeze,
)

ALL: Mapping[str, Scenario] = {each.name: each for each in (TELEBREEZE,)}
