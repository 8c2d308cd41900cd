"""Histories of what platforms sell while billing changes.

Rules of this module:

1. As in `scenarios.py`, a step is what happens in the world at one instant; it returns whom billing announces.
2. Feeds are polled often enough that they count as followed between the passes of a history, as they do every minute
   in a real installation: else billing would be asked before each charge whether it knows it.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta

from tests.harness.site import SETTLE, Site

ON: Mapping[str, object] = {"enabled": True, "poll": "15m", "settle": f"{SETTLE.seconds}s"}

_LONG_AGO = timedelta(hours=9)

Step = Callable[[Site], Sequence[int]]


class Corner:
    """One account: it buys something that shows late, then two things at once of which one is given back, whole."""

    def steps(self) -> Sequence[Step]:
        """In this order."""
        return (self.it_comes, self.it_buys, self.it_buys_more)

    def it_comes(self, site: Site) -> Sequence[int]:
        """Announced."""
        return [site.tv_account(1)]

    def it_buys(self, site: Site) -> Sequence[int]:
        """One film, before the feed was followed as far as anybody knows: billing is asked first."""
        site.sell("tv", _all(site)[0], "3.99", ago=_LONG_AGO)
        return []

    def it_buys_more(self, site: Site) -> Sequence[int]:
        """Two more, one of which did not play."""
        (account,) = _all(site)
        broken = site.sell("tv", account, "2.50")
        site.sell("tv", account, "3.99")
        site.sell("tv", account, "2.50", refund_of=broken)
        return []


class Mall:
    """Four accounts on two platforms, whose feeds are cut into small pages; billing shows comments where nobody expects
    them, and xDRs by twos."""

    def steps(self) -> Sequence[Step]:
        """In this order."""
        return (self.they_come, self.they_buy, self.they_change, self.they_buy_again, self.they_take_back)

    def they_come(self, site: Site) -> Sequence[int]:
        """Three on Telebreeze, one on SeaChange."""
        site.billing.switch(comment_field="other", xdr_page_cap=2)
        accounts = [site.tv_account(number) for number in (1, 2, 3, 4)]
        site.billing.change("product", i_account=accounts[3], i_product=63)
        return accounts[:1]

    def they_buy(self, site: Site) -> Sequence[int]:
        """One buys two things at once, and something is given back that the feed has not shown: it waits."""
        first, second, third, fourth = _all(site)
        site.sell("tv", first, "0.30")
        site.sell("tv", first, "0.00001")
        site.sell("tv", second, "3.99")
        site.sell("tv", third, "10")
        site.sell("tv", first, "5.00", refund_of="t-6")
        site.sell("cable", fourth, "4.50")
        site.sell("cable", fourth, "4.50")
        site.waits = True
        return []

    def they_change(self, site: Site) -> Sequence[int]:
        """The sale comes whose refund waits. One is blocked, one renamed, one moves to the other platform; all have
        bought something just before."""
        first, second, third, fourth = _all(site)
        assert site.sell("tv", first, "5.00") == "t-6"
        for account in (first, second, third):
            site.sell("tv", account, "3.99")
        site.sell("cable", fourth, "7.77")
        site.billing.change("block", i_account=first)
        site.billing.change("rename", i_account=second, id="tv000022")
        site.billing.change("product", i_account=third, i_product=63)
        return [third]

    def they_buy_again(self, site: Site) -> Sequence[int]:
        """Under their new names, where they are now; and some of what was bought before is given back."""
        first, second, third, fourth = _all(site)
        site.billing.change("unblock", i_account=first)
        site.sell("tv", first, "1.10")
        site.sell("tv", second, "2.20")
        site.sell("cable", third, "3.30")
        site.sell("cable", fourth, "4.40")
        site.sell("tv", first, "0.10", refund_of="t-1")
        site.sell("tv", first, "0.20", refund_of="t-1")
        site.sell("tv", second, "1.99", refund_of="t-3")
        return [first]

    def they_take_back(self, site: Site) -> Sequence[int]:
        """The one who moved gets back what it bought where it was, in two parts, and the rest is sold out."""
        first, _, third, _ = _all(site)
        site.sell("tv", third, "9.99", refund_of="t-4")
        site.sell("tv", third, "0.01", refund_of="t-4")
        site.sell("tv", first, "3.99")
        site.sell("cable", third, "3.30")
        return []


def _all(site: Site) -> list[int]:
    return sorted(site.billing.installation.accounts)
