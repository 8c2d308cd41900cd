"""When a daemon is ready: as soon as its store has a whole list of billing's accounts, whoever read it."""

import sqlite3  # noqa: TID251  another program at the same file
from contextlib import closing

from platforms.simulation import Fault
from tests.bed import Bed, configuration
from tests.daemon.office import Office

OUTAGE = Fault(kind="status", status=503, count=None)


async def readiness(bed: Bed) -> int:
    """What a new process on the bed's store answers after a few seconds."""
    office = Office(bed)
    async with office.at_work():
        return (await office.get("/readyz")).status_code


async def test_p22_a_new_installation_is_not_ready_before_billing_has_been_read(bed: Bed) -> None:
    bed.billing.faults.add(OUTAGE)
    assert await readiness(bed) == 503


async def test_p22_a_process_that_begins_anew_is_ready_at_once_and_keeps_events_while_billing_is_down(bed: Bed) -> None:
    account = bed.tv_account()
    assert await readiness(bed) == 200
    bed.billing.faults.add(OUTAGE)
    office = Office(bed)
    async with office.at_work():
        assert (await office.get("/readyz")).status_code == 200
        assert await office.espf("Account/New", i_event=1, i_account=account) == 200


async def test_p22_a_store_that_is_locked_at_the_start_makes_ready_when_it_is_free_though_billing_is_down(
    bed: Bed,
) -> None:
    bed.tv_account()
    assert await readiness(bed) == 200
    bed.billing.faults.add(OUTAGE)
    office = Office(bed)
    store = await office.daemon.present.ledger.run(lambda store: store)
    store.db.conn.execute("PRAGMA busy_timeout = 0").fetchone()
    with closing(sqlite3.connect(store.path)) as other:
        other.execute("BEGIN IMMEDIATE")
        async with office.at_work():
            assert (await office.get("/readyz")).status_code == 503
            other.rollback()
            await bed.world.sleep(5)
            assert (await office.get("/readyz")).status_code == 200


async def test_p22_what_was_read_at_another_address_makes_nobody_ready(bed: Bed) -> None:
    bed.tv_account()
    assert await readiness(bed) == 200
    elsewhere = bed.config.billing[0].model_copy(update={"environment": 4})
    bed.config = configuration(bed.folder, {}).model_copy(update={"billing": (elsewhere,)})
    bed.billing.faults.add(OUTAGE)
    assert await readiness(bed) == 503
