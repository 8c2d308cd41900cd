"""The bugs about money; the rules of `bugs.py` hold here as well."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial

from controller.billing import transactions
from controller.billing.client import MAX_PAGE
from controller.billing.transactions import LIST, InDoubt, NotMade, Order, Transactions
from controller.charges import deciding, feed
from controller.charges.deciding import Send
from controller.charges.feed import FeedReader
from controller.charges.till import Till
from controller.store import Charge, Feed, Store
from controller.store.charges import Charges
from desired_state.charges import Action, Book, ChargeState, Knowledge, Limits, Park, Patience, Refuse, Verdict, Wait
from desired_state.doubt import Absent, Doubt, Finding, Unsettled, Xdr
from desired_state.sales import FeedRecord, SaleKind
from platforms.telebreeze import wire
from tests.harness.plants.planting import Bug, Function, Reach, bug


@bug(Charges, "put")
def sending_not_committed(reach: Reach, sound: Function) -> Function:
    """That a charge is being sent is written down nowhere."""

    def bad(self: Charges, charge: Charge, state: ChargeState, now: datetime, **details: object) -> None:
        if state is ChargeState.SENDING:
            reach()
            details["next_at"], state = now, ChargeState.PENDING
        sound(self, charge, state, now, **details)

    return bad


@bug(Till, "_send")
def booked_before_the_call(reach: Reach, sound: Function) -> Function:
    """The charge is noted as booked, and then made."""

    async def bad(self: Till, job: Send) -> None:
        reach()
        await self._book(job.charge.number, job.charge.number)
        await sound(self, job)

    return bad


@bug(deciding, "in_doubt")
def doubt_repeated_without_a_look(reach: Reach, _sound: Function) -> Function:
    """What had no answer is sent once more."""

    def bad(store: Store, before: Charge, text: str, now: datetime) -> None:
        reach()
        charge = store.charges.get(before.number)
        store.charges.put(charge, ChargeState.PENDING, now, reason="later", text=text, next_at=now)

    return bad


@bug(Charges, "resume")
def killed_charge_sent_again(reach: Reach, _sound: Function) -> Function:
    """What the last process was sending is sent once more."""

    def bad(self: Charges, now: datetime) -> int:
        reach()
        query = "UPDATE charges SET state = 'pending', next_at = ? WHERE state = 'sending'"
        return int(self._conn.execute(query, (now.timestamp(),)).rowcount)

    return bad


@bug(Transactions, "make")
def lost_answer_taken_for_a_refusal(reach: Reach, sound: Function) -> Function:
    """Whatever is no answer means that billing has not booked it."""

    async def bad(self: Transactions, order: Order) -> int:
        reach()
        try:
            return int(await sound(self, order))
        except InDoubt as lost:
            raise NotMade(lost.text, is_everybodys=True) from None

    return bad


@bug(deciding, "resolve")
def absence_believed_at_once(reach: Reach, sound: Function) -> Function:
    """What billing does not show now was never booked."""

    def bad(doubt: Doubt, xdrs: Iterable[Xdr], others: set[int], patience: Patience, now: datetime) -> Finding:
        found: Finding = sound(doubt, xdrs, others, patience, now)
        if isinstance(found, Unsettled):
            reach()
            return Absent()
        return found

    return bad


@bug(deciding, "resolve")
def reference_matched_by_its_beginning(reach: Reach, sound: Function) -> Function:
    """The bracket at its end is not compared."""

    def bad(doubt: Doubt, xdrs: Iterable[Xdr], others: set[int], patience: Patience, now: datetime) -> Finding:
        reach()
        finding: Finding = sound(replace(doubt, reference=doubt.reference.rstrip("]")), xdrs, others, patience, now)
        return finding

    return bad


@bug(transactions, "_texts")
def one_field_searched(reach: Reach, _sound: Function) -> Function:
    """The comment is looked for where the documentation shows it."""

    def bad(value: object) -> Iterator[str]:
        reach()
        yield str(value.get("CLD", "") if isinstance(value, Mapping) else "")

    return bad


@bug(transactions, "_window")
def narrow_window(reach: Reach, _sound: Function) -> Function:
    """What was booked lately is looked for in the last minutes."""

    def bad(i_account: int, begins: datetime, ends: datetime) -> Mapping[str, object]:
        reach()
        recently = ends - timedelta(days=1, minutes=5)
        return {
            "i_account": i_account,
            "from_date": transactions._written(recently),
            "to_date": transactions._written(ends),
        }

    return bad


@bug(Transactions, "booked")
def first_page_is_the_list(reach: Reach, _sound: Function) -> Function:
    """The first page of xDRs is taken for all of them."""

    async def bad(self: Transactions, i_account: int, begins: datetime, ends: datetime) -> list[Xdr]:
        reach()
        params = {**transactions._window(i_account, begins, ends), "limit": MAX_PAGE, "offset": 0}
        answer = await self._client.call(LIST, params)
        rows = answer["xdr_list"]
        assert isinstance(rows, list)
        return [transactions._xdr(row) for row in rows]

    return bad


@bug(FeedReader, "_pages")
def cursor_moved_before_the_records(reach: Reach, _sound: Function) -> Function:
    """The cursor moves in a transaction of its own, before the one that keeps the records."""

    async def bad(self: FeedReader, feed: Feed, *, is_followed: bool) -> int:
        new, cursor = 0, feed.cursor
        while True:
            reach()
            page = await self.platform.driver.charges(cursor)
            trusted = feed.followed_since if is_followed else None
            took = _taken(page, cursor, trusted, self._desk.clock.now())
            await self._desk.ledger.run(partial(_note_page, self.platform.name, page.cursor), durable=True)
            new += await self._desk.ledger.run(partial(self._keep, taken=took), durable=True)
            if took.is_end:
                return new
            cursor = page.cursor

    return bad


_taken = feed._Taken


def _note_page(platform: str, cursor: str, store: Store) -> None:
    store.feeds.note_page(platform, cursor)


@bug(Charges, "_keep")
def record_kept_whenever_it_is_shown(reach: Reach, sound: Function) -> Function:
    """A record that the feed shows again is a new one."""

    def bad(self: Charges, billing: str, record: FeedRecord, must_look: bool, now: datetime) -> bool:
        if self.find(record.platform, record.id) is not None:
            reach()
            self._conn.execute("DELETE FROM charges WHERE platform = ? AND id = ?", (record.platform, record.id))
        return bool(sound(self, billing, record, must_look, now))

    return bad


@bug(feed._Taken, "must_look")
def lost_database_not_caught_up(reach: Reach, _sound: Function) -> Function:
    """Whatever a feed shows is new to billing."""

    def bad(self: object, record: FeedRecord) -> bool:
        reach()
        return False

    return bad


@bug(deciding, "verdict")
def refund_charged(reach: Reach, sound: Function) -> Function:
    """A refund is booked as if it were another sale."""

    def bad(record: FeedRecord, known: Knowledge, limits: Limits) -> Verdict:
        decided: Verdict = sound(record, known, limits)
        if record.kind is SaleKind.REFUND and isinstance(decided, Book):
            reach()
            return Book(Action.CHARGE, decided.amount)
        return decided

    return bad


@bug(deciding, "verdict")
def early_refund_dropped(reach: Reach, sound: Function) -> Function:
    """A refund of a sale that is not there is of nothing."""

    def bad(record: FeedRecord, known: Knowledge, limits: Limits) -> Verdict:
        decided: Verdict = sound(record, known, limits)
        if isinstance(decided, Wait) and decided.reason == "no_sale_yet":
            reach()
            return Refuse("no_sale", decided.text)
        return decided

    return bad


@bug(deciding, "verdict")
def sale_of_a_blocked_account_parked(reach: Reach, sound: Function) -> Function:
    """Who is blocked cannot have bought anything."""

    def bad(record: FeedRecord, known: Knowledge, limits: Limits) -> Verdict:
        if getattr(getattr(known.buyer, "account", None), "blocked", False):
            reach()
            return Park("blocked", "the account is blocked")
        decided: Verdict = sound(record, known, limits)
        return decided

    return bad


@bug(Charges, "is_behind")
def two_charges_at_once(reach: Reach, _sound: Function) -> Function:
    """Nobody waits for another charge of the account."""

    def bad(self: Charges, charge: Charge, i_account: int) -> bool:
        reach()
        return False

    return bad


@bug(Charges, "_sum")
def sums_are_floats(reach: Reach, _sound: Function) -> Function:
    """What has been given back is summed as the database sums."""

    def bad(self: Charges, query: str, values: tuple[object, ...]) -> Decimal:
        reach()
        return Decimal(sum(float(amount) for (amount,) in self._conn.execute(query, values) if amount))

    return bad


@bug(wire, "sale")
def amounts_are_floats(reach: Reach, sound: Function) -> Function:
    """An amount has been a float on its way."""

    def bad(platform: str, told: object, kinds: Mapping[str, SaleKind]) -> FeedRecord:
        record: FeedRecord = sound(platform, told, kinds)
        if record.amount is None:
            return record
        reach()
        return replace(record, amount=Decimal(float(record.amount)))

    return bad


ALL: Mapping[str, Bug] = {name: each for name, each in vars().items() if isinstance(each, Bug)}
"""By their names."""
