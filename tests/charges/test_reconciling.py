"""What is read to compare a feed with billing, and what happens meanwhile."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from controller.app import connect
from controller.billing.transactions import Transactions
from controller.charges.reconciling import Compared, Market, Period, reconcile
from controller.store import Pause
from desired_state.reconciling import LineKind
from desired_state.sales import FeedRecord, SaleKind
from platforms.driver import FeedPage
from platforms.memory import MemoryDriver
from platforms.simulation import Fault
from tests.bed import Bed, configuration
from tests.charges.market import book, opened, sell
from tests.charges.test_whose_sale import TWO, MakeBed, buy


def market(bed: Bed) -> Market:
    (installation,) = bed.application.installations
    billing = installation.billing
    assert billing.transactions is not None
    return Market(billing.name, billing.transactions, tuple(each.driver for each in billing.platforms))


def yet(bed: Bed) -> Period:
    """The last week."""
    now = bed.world.now()
    return Period(now - timedelta(days=7), now + timedelta(seconds=1))


async def compared(
    bed: Bed, on_account: Callable[[int], None] = lambda _: None, *, among: Market | None = None
) -> Compared:
    came = await reconcile(among or market(bed), yet(bed), await bed.store(), bed.world.now, on_account)
    return came["tv"]


def kinds(came: Compared) -> list[str]:
    return [line.kind.value for line in came.comparison.lines]


async def test_it_only_reads(bed: Bed) -> None:
    await opened(bed)
    await sell(bed)
    await book(bed)
    before = bed.platform.requests.writes, list(bed.billing.installation.transactions)

    came = await compared(bed)

    assert (came.unread, came.comparison.records, came.comparison.xdrs, kinds(came)) == ((), 1, 1, [])
    assert (bed.platform.requests.writes, bed.billing.installation.transactions) == before


async def test_what_is_sold_and_booked_while_billing_is_read_is_no_difference(bed: Bed) -> None:
    await opened(bed, 2)
    for number in (1, 2):
        await sell(bed, f"tv00000{number}_3")
    await book(bed)
    store, made = await bed.store(), bed.billing.installation.transactions
    late = FeedRecord(platform="tv", id="t-9", kind=SaleKind.VOD, external_id="tv000002_3", amount=Decimal(1))

    def sold(left: int) -> None:
        if left == 1:
            with store.transaction():
                store.charges.keep("billing", [(late, False)], bed.world.now())
            made.append(replace(made[1], i_xdr=99, visible_comment=f"VOD: {late.reference}"))

    came = await compared(bed, sold)

    assert (came.unread, kinds(came)) == ((), [])


async def test_what_was_booked_for_who_bought_nothing_is_seen_where_all_accounts_are_read(bed: Bed) -> None:
    _, idle = await opened(bed, 2)
    await sell(bed)
    await book(bed)
    made = bed.billing.installation.transactions
    made.append(replace(made[0], i_xdr=99, i_account=idle, visible_comment="VOD: [ref:tv-t-777]"))

    assert kinds(await compared(bed)) == []
    assert kinds(await compared(bed, among=replace(market(bed), everybody=True))) == ["unknown"]


async def test_what_the_feed_shows_no_longer_counts_as_it_was(bed: Bed) -> None:
    await opened(bed)
    await sell(bed)
    await book(bed)
    bed.platform.transactions.clear()
    assert kinds(await compared(bed)) == []
    bed.billing.installation.transactions.clear()
    assert kinds(await compared(bed)) == ["missing"]


async def test_what_the_feed_shows_otherwise_by_now_counts_as_it_is(bed: Bed) -> None:
    await opened(bed)
    sale = await sell(bed)
    await book(bed)
    (shown,) = bed.platform.transactions
    bed.platform.transactions[:] = [{**shown, "amount": "4.99"}]
    (line,) = (await compared(bed)).comparison.lines
    assert (line.kind, line.text) == (LineKind.AMOUNT, "billing has 3.99, the feed 4.99")

    bed.platform.transactions[:] = [{**shown, "createdAt": "2020-01-01T00:00:00Z"}]
    came = await compared(bed)
    assert (came.comparison.records, kinds(came)) == (0, []), f"{sale} was sold outside of the period"


async def test_an_account_that_billing_does_not_give_leaves_the_others_to_be_compared(bed: Bed) -> None:
    first, _ = await opened(bed, 2)
    for number in (1, 2):
        await sell(bed, f"tv00000{number}_3")
    await book(bed)
    bed.billing.installation.transactions.clear()
    bed.to_billing.refused = frozenset({first})

    came = await compared(bed)

    (unread,) = came.unread
    assert unread.startswith(f"the xDRs of 1 accounts, first of i_account {first}: ")
    assert [line.sold and line.sold.record.external_id for line in came.comparison.lines] == ["tv000002_3"]


async def test_a_billing_that_fails_again_and_again_is_not_asked_for_everybody(bed: Bed) -> None:
    await opened(bed, 20)
    for number in range(1, 21):
        await sell(bed, f"tv{number:06}_3")
    await book(bed)
    bed.billing.faults.add(Fault(operation="Account/get_xdr_list", kind="html", count=None))
    before = len(bed.to_billing.began)

    came = await compared(bed)

    assert "the xDRs of 20 accounts" in came.unread[0]
    assert kinds(came) == []
    assert len(bed.to_billing.began) - before < 12


async def test_a_billing_that_refuses_our_login_is_tried_once(bed: Bed) -> None:
    await opened(bed, 5)
    for number in range(1, 6):
        await sell(bed, f"tv{number:06}_3")
    await book(bed)
    carriers = {"billing": bed.carrier("billing", bed.billing), "tv": bed.carrier("tv", bed.platform)}
    connections = connect(configuration(bed.folder, {"billing": {"token": "wrong"}}), bed.world, carriers)
    before = len(bed.to_billing.began)

    strangers = Market("billing", Transactions(connections.billings[0][0]), connections.drivers)
    came = await reconcile(strangers, yet(bed), await bed.store(), bed.world.now, lambda _: None)

    assert "the xDRs of 5 accounts" in came["tv"].unread[0]
    assert len(bed.to_billing.began) - before == 1
    await connections.aclose()


async def test_a_platform_in_maintenance_is_not_called(bed: Bed) -> None:
    await opened(bed)
    await sell(bed)
    await book(bed)
    store, now = await bed.store(), bed.world.now()
    with store.transaction():
        store.holds.pause(Pause("tv", "", None, "move", "ana", now, now + timedelta(hours=1), True))
    before = sum(bed.platform.requests.operations.values())

    came = await compared(bed)

    assert came.unread == ("tv is in maintenance and not called",)
    assert sum(bed.platform.requests.operations.values()) == before


class Circle(MemoryDriver):
    """Its feed ends nowhere."""

    async def charges(self, cursor: str) -> FeedPage:
        return FeedPage((), "2" if cursor == "1" else "1")


async def test_a_feed_that_goes_round_in_a_circle_is_not_read_for_ever(bed: Bed) -> None:
    usual = replace(market(bed), drivers=(Circle("tv", bed.world),))
    came = await reconcile(usual, yet(bed), await bed.store(), bed.world.now, lambda _: None)
    assert came["tv"].unread == ("the feed of tv: it goes round in a circle",)


async def test_two_platforms_of_one_billing_are_compared_each_by_its_own_sales(make_bed: MakeBed) -> None:
    bed = make_bed(**TWO)
    bed.billing.change("create", id="tv000002", i_product=63)
    await opened(bed)
    await bed.full_pass()
    sale, bought = await sell(bed), await buy(bed, "tv000002_3")
    await book(bed)
    everything = await reconcile(market(bed), yet(bed), await bed.store(), bed.world.now, lambda _: None)
    assert {name: (each.comparison.xdrs, kinds(each)) for name, each in everything.items()} == {
        "tv": (1, []),
        "cable": (1, []),
    }, (sale, bought)

    bed.billing.installation.transactions.clear()
    lost = await reconcile(market(bed), yet(bed), await bed.store(), bed.world.now, lambda _: None)
    assert {name: [line.reference for line in each.comparison.lines] for name, each in lost.items()} == {
        "tv": [f"[ref:tv-{sale}]"],
        "cable": [f"[ref:cable-{bought}]"],
    }
