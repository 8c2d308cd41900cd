"""P7: one that lost its lease cannot write. The store is the real one; what a leader may do is asked at every step."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from controller.store import Fence, Intent, NotLeading, Store
from controller.store.ledger import Ledger
from desired_state.plan import Kind
from desired_state.subscriber import SubscriberKey
from tests.bed import Bed
from tests.charges.market import ON, booked, opened, sell
from tests.clocks import START


@dataclass
class Authority:
    """A leader by the test's word: how much of its lease is left, when a call is announced and when it begins."""

    fence: Fence
    announced_with: float = 60.0
    begun_with: float = 60.0
    longest_call: float = 10.0

    def require(self) -> None:
        if self.announced_with < self.longest_call:
            raise NotLeading("too little is left")

    def refusal(self, seconds: float) -> str | None:
        return None if self.begun_with >= seconds else "too little is left"


def leader(number: int, holder: str = "one", lease: str = "uid-1") -> Authority:
    return Authority(Fence(lease, number, holder))


INTENT = Intent(
    key=SubscriberKey("tv", 70001), account_id="tv070001", kind=Kind.CREATE, external_id="tv070001_3",
    reason="entitled", cause="pass", request_id="request-1",
)  # fmt: skip


def announce(store: Store) -> int:
    return store.journal.open(INTENT, START)


@asynccontextmanager
async def led(path: Path, authority: Authority, *, threaded: bool = True) -> AsyncIterator[Ledger]:
    """A process of its own that leads by this authority."""
    ledger = Ledger(lambda: Store.open(path), threaded=threaded)
    try:
        await enter(ledger, authority)
        yield ledger
    finally:
        await ledger.close()


async def enter(ledger: Ledger, authority: Authority) -> None:
    ledger.share()
    await ledger.run(lambda store: store.enter(authority.fence), durable=True, is_anyones=True)
    ledger.led_by(authority)


def open_intents(path: Path) -> int:
    store = Store.open(path)
    try:
        return store.journal.count_open()
    finally:
        store.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.db"


async def test_p07_a_leader_that_has_been_followed_cannot_store_an_intent(path: Path) -> None:
    async with led(path, leader(1)) as former:
        await former.run(announce)
        async with led(path, leader(2, "two")) as present:
            with pytest.raises(NotLeading, match="another process leads"):
                await former.run(announce, durable=True)
            await present.run(announce)
        assert open_intents(path) == 2


async def test_p07_nor_anything_else_not_even_an_outcome(path: Path) -> None:
    async with led(path, leader(1)) as former:
        number = await former.run(announce)
        async with led(path, leader(2, "two")):
            for work in (
                lambda store: store.journal.close(number, "ok", None, START),
                lambda store: store.targets.set_meta("cursor", "17"),
                lambda store: store.recovery.raise_epoch(),
            ):
                with pytest.raises(NotLeading):
                    await former.run(work, patient=True)
        assert open_intents(path) == 1, "the next leader finds out about it"


async def test_p07_what_anybody_may_do_goes_on(path: Path) -> None:
    async with led(path, leader(1)) as former, led(path, leader(2, "two")):
        together = await asyncio.gather(
            former.run(announce),
            former.run(lambda store: store.targets.meta("store"), is_anyones=True),
            return_exceptions=True,
        )
    assert isinstance(together[0], NotLeading)
    assert isinstance(together[1], str)


async def test_p07_one_that_shares_the_store_does_nothing_without_the_lead(path: Path) -> None:
    ledger = Ledger(lambda: Store.open(path), threaded=True)
    ledger.share()
    with pytest.raises(NotLeading):
        await ledger.run(announce)
    await enter(ledger, leader(1))
    await ledger.run(announce)
    ledger.led_by(None)
    with pytest.raises(NotLeading):
        await ledger.run(announce)
    await ledger.close()


@pytest.mark.parametrize(
    ("later", "is_accepted"),
    [
        (leader(3), True),
        (leader(2), True),  # the very same: nobody was there in between
        (leader(2, "two"), False),
        (leader(1), False),
        (leader(1, "two"), False),
        (leader(1, "two", lease="uid-2"), True),  # the Lease was deleted and made anew: it counts from the beginning
    ],
)
async def test_p07_the_store_lets_nobody_lead_that_was_followed_already(
    path: Path, later: Authority, is_accepted: bool
) -> None:
    async with led(path, leader(2)):
        pass
    if is_accepted:
        async with led(path, later) as ledger:
            await ledger.run(announce)
    else:
        with pytest.raises(NotLeading, match="has been at the store already"):
            async with led(path, later):
                pass


async def test_p20_every_leader_writes_under_an_epoch_of_its_own(path: Path) -> None:
    epochs = []
    for each in (leader(1), leader(2, "two"), leader(2, "two"), leader(1, lease="uid-2")):
        async with led(path, each) as ledger:
            epochs.append((await ledger.run(lambda store: store.recovery.identity())).epoch)
    assert epochs == [2, 3, 3, 4]


async def test_p07_no_call_is_announced_that_the_lease_may_not_outlast(path: Path) -> None:
    authority = leader(1)
    async with led(path, authority) as ledger:
        authority.announced_with = authority.longest_call
        await ledger.run(announce)
        authority.announced_with -= 0.001
        with pytest.raises(NotLeading):
            await ledger.run(announce)
        await ledger.run(lambda store: store.targets.set_meta("cursor", "17"))
    assert open_intents(path) == 1


async def test_p07_a_process_that_is_stopped_between_the_check_and_the_call_sends_nothing(bed: Bed) -> None:
    bed.tv_account()
    authority = leader(1)
    await enter(bed.application.ledger, authority)
    authority.begun_with = 9.9  # of the 10 s that a call to the platform may take
    await bed.full_pass()
    assert bed.platform.requests.writes == 0
    assert bed.platform.requests.reads > 0, "to read does no harm"

    authority.begun_with = 10
    await bed.converge()
    assert len(bed.customers()) == 1


async def test_p07_nor_does_it_book_a_sale(make_bed: Callable[..., Bed]) -> None:
    bed = make_bed(charges=dict(ON))
    (account,) = await opened(bed)
    await sell(bed)
    authority = leader(1)
    await enter(bed.application.ledger, authority)
    authority.begun_with = 29.9  # of the 30 s that a call to billing may take
    for installation in bed.application.installations:
        assert installation.cashier is not None
        await installation.cashier.once()
    assert booked(bed, account) == []
    (state,) = await bed.application.ledger.run(
        lambda store: store.db.conn.execute("SELECT state FROM charges").fetchone()
    )
    assert state == "pending", "it is certain that it was not sent"


async def test_p07_nor_is_a_charge_announced(make_bed: Callable[..., Bed]) -> None:
    bed = make_bed(charges=dict(ON))
    (account,) = await opened(bed)
    await sell(bed)
    authority = leader(1)
    await enter(bed.application.ledger, authority)
    authority.announced_with = 0
    (cashier,) = [each.cashier for each in bed.application.installations]
    assert cashier is not None
    with pytest.raises(NotLeading):
        await cashier.once()
    assert booked(bed, account) == []


async def test_p07_nor_does_it_tell_billing_how_provisioning_stands(make_bed: Callable[..., Bed]) -> None:
    bed = make_bed(billing={"write_back": {"enabled": True}})
    bed.tv_account()
    await bed.full_pass()
    authority = leader(1)
    await enter(bed.application.ledger, authority)
    authority.begun_with = 9.9
    (writer,) = [each.writer for each in bed.application.installations]
    assert writer is not None
    writer.compare_all()
    telling = asyncio.create_task(writer.tell_all())
    await bed.world.sleep(1)
    assert bed.billing.installation.statuses == []
    authority.begun_with = 60
    await telling
    assert len(bed.billing.installation.statuses) == 1
