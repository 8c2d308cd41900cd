"""Histories that try the reconciler's restraint: where everything is tight, and where a platform is sick for long.

Rules of this module:

1. As in `scenarios.py`, a step is what happens in the world at one instant; it returns whom billing announces.
"""

from collections.abc import Callable, Sequence

from platforms.simulation import Fault
from tests.harness.site import Site

BRAKE = {
    "floor": 2,
    "daily_floor": 5,
    "destructive_fraction": 0.0,
    "daily_fraction": 0.0,
}
DAY = 86400.0
_LAG = 8.0  # seconds
_SICK_FOR, _A_WHILE = 7200.0, 600.0  # seconds

Step = Callable[[Site], Sequence[int]]


class Tight:
    """Six accounts, one of which bears the name of a foreign record, where little may be taken away and lists are cut
    into small pages; the platform shows late what was written, and what only events tell is found by nothing else."""

    def steps(self) -> Sequence[Step]:
        """In this order."""
        return (
            self.they_come,
            self.as_many_go_off_as_may,
            self.too_many_go_off,
            self.one_more_goes_off_after_the_approval,
            self.it_is_approved_again,
            self.all_come_back,
            self.as_many_as_in_a_day,
            self.one_more_than_in_a_day,
            self.a_day_goes_by,
        )

    def they_come(self, site: Site) -> Sequence[int]:
        """Unannounced; one of them is called as somebody whom we do not know."""
        site.platform.operator.read_lag = _LAG
        for number in range(1, 6):
            site.tv_account(number)
        site.billing.change("create", id="vip", i_product=61)
        return []

    def as_many_go_off_as_may(self, site: Site) -> Sequence[int]:
        """Two are blocked, which is what a pass may take away; two swap their devices, which only events tell."""
        first, second, third, fourth, _ = _five(site)
        for i_account in (first, second):
            site.billing.change("block", i_account=i_account)
        site.billing.change("device", i_account=third, devices=[_mac(4)])
        site.billing.change("device", i_account=fourth, devices=[_mac(3)])
        return [third, fourth]

    def too_many_go_off(self, site: Site) -> Sequence[int]:
        """Two are unblocked, and three blocked instead: a person is asked. One gets another device."""
        first, second, *others = _five(site)
        for i_account in (first, second):
            site.billing.change("unblock", i_account=i_account)
        for i_account in others:
            site.billing.change("block", i_account=i_account)
        site.billing.change("device", i_account=first, devices=[_mac(9)])
        site.waits = True
        return [first]

    def one_more_goes_off_after_the_approval(self, site: Site) -> Sequence[int]:
        """What was approved is another plan now."""
        site.approve(is_void=True)
        site.billing.change("block", i_account=_five(site)[1])
        site.waits = True
        return []

    def it_is_approved_again(self, site: Site) -> Sequence[int]:
        """This time nothing has changed meanwhile, but that one who has nothing to do with it gets a third device."""
        site.approve()
        site.billing.change("device", i_account=_five(site)[0], devices=[_mac(10)])
        return _five(site)[:1]

    def all_come_back(self, site: Site) -> Sequence[int]:
        """More resumptions than a pass may take away, for which nobody is asked; one goes off, the third of the day."""
        first, *others = _five(site)
        for i_account in others:
            site.billing.change("unblock", i_account=i_account)
        site.billing.change("block", i_account=first)
        return []

    def as_many_as_in_a_day(self, site: Site) -> Sequence[int]:
        """The fourth and the fifth of the day."""
        for i_account in _five(site)[1:3]:
            site.billing.change("block", i_account=i_account)
        return []

    def one_more_than_in_a_day(self, site: Site) -> Sequence[int]:
        """The sixth."""
        site.billing.change("block", i_account=_five(site)[3])
        site.waits = True
        return []

    def a_day_goes_by(self, site: Site) -> Sequence[int]:
        """What was too much for one day is not too much for the next."""
        site.world.advance(DAY)
        return []


class Sick:
    """A few accounts on a platform that fails for hours: with everything, and with what is asked for one account."""

    def steps(self) -> Sequence[Step]:
        """In this order."""
        return (self.one_comes, self.more_come_while_it_is_down, self.one_is_not_accepted, self.one_is_not_acknowledged)

    def one_comes(self, site: Site) -> Sequence[int]:
        """All is well, but that the platform shows late what was written."""
        site.platform.operator.read_lag = _LAG
        return [site.tv_account(1)]

    def more_come_while_it_is_down(self, site: Site) -> Sequence[int]:
        """Nothing is answered but with 503."""
        accounts = [site.tv_account(number) for number in range(2, 8)]
        site.sicken(site.platform.faults, Fault(kind="status", count=None), _SICK_FOR)
        return accounts

    def one_is_not_accepted(self, site: Site) -> Sequence[int]:
        """Every creation fails; all else works."""
        site.sicken(site.platform.faults, Fault(kind="status", operation="customers.create", count=None), _SICK_FOR)
        return [site.tv_account(8)]

    def one_is_not_acknowledged(self, site: Site) -> Sequence[int]:
        """Creations work, but their answers are lost."""
        site.sicken(site.platform.faults, Fault(kind="lost_answer", operation="customers.create", count=None), _A_WHILE)
        return [site.tv_account(9)]


def _five(site: Site) -> list[int]:
    return sorted(site.billing.installation.accounts)[:5]


def _mac(number: int) -> str:
    return f"00:1A:79:00:00:{number:02X}"
