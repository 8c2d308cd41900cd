"""Reading what a platform sold and what billing has booked for it, to have the two compared.

Rules of this module:

1. The feed is read anew from its beginning, since a cursor tells nothing about time: so a record shows that this store
   has lost. Records that the store has kept and the feed shows no longer count as well.
2. Of billing, the xDRs of every account that bought in the period are read, from a day before it until now: what was
   sold in it may have been booked late. Of all accounts where that is asked for: then nothing of ours can hide there.
3. How a record stands is looked up after all that, and so is whom an xDR is about: what is sold and booked meanwhile
   is no difference.
4. What could not be read is told, and the sales it concerns are not judged. Nothing is written anywhere.
"""

import asyncio
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from controller.billing.transactions import Transactions
from controller.charges.rules import is_in_maintenance
from controller.charges.till import PLACES, SKEW
from controller.store import Store
from controller.store.feeds import CLOCKS_DIFFER
from desired_state.charges import ChargeState, Nobody
from desired_state.doubt import Xdr
from desired_state.reconciling import Booked, Comparison, Sold, compare
from desired_state.sales import FeedRecord
from platforms.driver import Driver, PlatformError, Transient

_MOST_FAILURES = 5  # in a row; then billing is not asked any more


@dataclass(frozen=True, slots=True)
class Period:
    """From an instant (included) to another (excluded)."""

    begins: datetime
    ends: datetime

    def has(self, at: datetime) -> bool:
        """Whether an instant is in it."""
        return self.begins <= at < self.ends


@dataclass(frozen=True, slots=True)
class Market:
    """One billing, and those of its platforms whose sales are compared with it.

    `everybody`: the xDRs of all its accounts are read, not only of those that bought.
    """

    billing: str
    transactions: Transactions
    drivers: tuple[Driver, ...]
    everybody: bool = False


@dataclass(frozen=True, slots=True)
class Compared:
    """What came of one platform; `unread` are sentences about what could not be read: then it proves nothing."""

    billing: str
    comparison: Comparison
    unread: tuple[str, ...]


@dataclass(slots=True)
class _Feed:
    """What a platform shows: the records of the period by their ids, and the references of all others."""

    platform: str
    inside: dict[str, FeedRecord] = field(default_factory=dict)
    outside: set[str] = field(default_factory=set)
    unread: str | None = None


@dataclass(slots=True)
class _Xdrs:
    """What billing has booked, by account, and why accounts could not be read."""

    booked: dict[int, list[Xdr]] = field(default_factory=dict)
    unread: dict[int, str] = field(default_factory=dict)


async def reconcile(
    market: Market, period: Period, store: Store, now: Callable[[], datetime], on_account: Callable[[int], None]
) -> dict[str, Compared]:
    """Compare the sales of each platform with billing; `on_account` is told how many accounts are left to read."""
    feeds = {each.name: await _feed(each, period, store, now()) for each in market.drivers}
    records = {name: list(_records(store, feed, period)) for name, feed in feeds.items()}
    found = (_whose(store, record) for each in records.values() for record in each)
    concerned = {account for account in found if account is not None}
    if market.everybody:
        concerned.update(store.accounts(market.billing).everybody())
    read = await _xdrs(market.transactions, sorted(concerned), (period.begins - SKEW, now() + SKEW), on_account)
    currencies = {account: _currency(store, market.billing, account) for account in read.booked}
    booked = [Booked(xdr, account, currencies[account]) for account, xdrs in read.booked.items() for xdr in xdrs]
    taken = {name: _Taken(records[name], booked, read) for name in feeds}
    return {name: _compared(store, market.billing, feed, taken[name]) for name, feed in feeds.items()}


async def _feed(driver: Driver, period: Period, store: Store, now: datetime) -> _Feed:
    """The whole feed, or what of it could be read."""
    feed = _Feed(driver.name)
    if is_in_maintenance(store, driver.name, now):
        feed.unread = f"{driver.name} is in maintenance and not called"
        return feed
    try:
        await _read(driver, period, feed)
    except PlatformError as error:
        feed.unread = f"the feed of {driver.name}: {error.text}"
    return feed


async def _read(driver: Driver, period: Period, feed: _Feed) -> None:
    cursor, seen = "", set[str]()
    while cursor not in seen:
        seen.add(cursor)
        page = await driver.charges(cursor)
        for record in page.records:
            if record.sold_at is None or period.has(record.sold_at):
                feed.inside[record.id] = record
            else:
                feed.outside.add(record.reference)
        if page.cursor == cursor:
            return
        cursor = page.cursor
    raise Transient("it goes round in a circle")


def _records(store: Store, feed: _Feed, period: Period) -> Iterator[FeedRecord]:
    """The records of the period as the feed shows them now, else as it showed them."""
    sold = store.charges.sold_between(feed.platform, period.begins, period.ends)
    kept = {each.record.id: each for each in sold}
    for record in feed.inside.values():
        if record.sold_at is not None or record.id in kept or store.charges.find(feed.platform, record.id) is None:
            yield record
    for charge in kept.values():
        if charge.record.id not in feed.inside and charge.record.reference not in feed.outside:
            yield charge.record


def _whose(store: Store, record: FeedRecord) -> int | None:
    """The account that was found when it was decided, else the one that is found now."""
    charge = store.charges.find(record.platform, record.id)
    if charge is not None and charge.i_account is not None:
        return charge.i_account
    buyer = store.feeds.buyer(record)
    return None if isinstance(buyer, Nobody) else buyer


async def _xdrs(
    transactions: Transactions,
    accounts: Collection[int],
    window: tuple[datetime, datetime],
    on_account: Callable[[int], None],
) -> _Xdrs:
    """The xDRs of the accounts, some at a time. Who cannot log in asks for nothing; after several failures in a row
    the rest is not asked for."""
    read, waiting, failures = _Xdrs(), list(accounts)[::-1], 0
    try:
        await transactions.ready()
    except PlatformError as error:
        read.unread = dict.fromkeys(accounts, error.text)
        return read

    async def work() -> None:
        nonlocal failures
        while waiting and failures < _MOST_FAILURES:
            account = waiting.pop()
            try:
                read.booked[account] = await transactions.booked(account, *window)
                failures = 0
            except PlatformError as error:
                read.unread[account] = error.text
                failures += 1
            on_account(len(waiting))

    await asyncio.gather(*(work() for _ in range(PLACES)))
    read.unread |= dict.fromkeys(waiting, "billing failed too often and was not asked")
    return read


def _currency(store: Store, billing: str, account: int) -> str:
    stored = store.accounts(billing).get(account)
    return "" if stored is None else stored.account.currency


@dataclass(frozen=True, slots=True)
class _Taken:
    """The records of a platform, and all that was read of billing."""

    records: list[FeedRecord]
    booked: list[Booked]
    read: _Xdrs


def _compared(store: Store, billing: str, feed: _Feed, taken: _Taken) -> Compared:
    sold, unread, left_out = list[Sold](), dict[int, str](), set(feed.outside)
    for record in taken.records:
        account = _whose(store, record)
        if account is None or account in taken.read.booked:
            sold.append(_standing(store, record, account))
        else:
            unread[account] = taken.read.unread.get(account, "it became known meanwhile that it has bought")
            left_out.add(record.reference)
    left_out |= _of_others(store, taken.booked, {each.record.reference for each in sold})
    sentences = () if feed.unread is None else (feed.unread,)
    comparison = compare(feed.platform, sold, taken.booked, left_out)
    return Compared(billing, comparison, (*sentences, *_told(unread)))


def _standing(store: Store, record: FeedRecord, account: int | None) -> Sold:
    """How a record stands; one that is younger than the last reading of the feed is going to be kept."""
    charge = store.charges.find(record.platform, record.id)
    if charge is not None:
        return Sold(record=record, i_account=account, state=charge.state, reason=charge.reason, i_xdr=charge.i_xdr)
    read_at = store.feeds.get(record.platform).read_at
    if read_at is None or (record.sold_at is not None and record.sold_at > read_at - CLOCKS_DIFFER):
        return Sold(record=record, i_account=account, state=ChargeState.PENDING, reason="not_read_yet")
    return Sold(record=record, i_account=account)


def _of_others(store: Store, booked: Iterable[Booked], sold: Collection[str]) -> set[str]:
    """The references in xDRs that are those of records outside of the period, or of other platforms."""
    borne = {reference for each in booked for reference in each.xdr.references}
    return {reference for reference in borne - set(sold) if store.charges.referred_to(reference) is not None}


def _told(unread: Mapping[int, str]) -> Iterator[str]:
    if unread:
        account, text = next(iter(sorted(unread.items())))
        yield f"the xDRs of {len(unread)} accounts, first of i_account {account}: {text}"
