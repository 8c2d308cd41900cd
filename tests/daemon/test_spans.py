"""Spans over the life of a daemon: its end, and another configuration, lose none of them."""

from pathlib import Path

from tests.bed import Bed
from tests.collector import Collector
from tests.daemon.office import Office
from tests.servers import serving

LOOK = {"look", "tv customers.create", "event"}


async def test_a_daemon_that_ends_has_sent_its_spans(tmp_path: Path) -> None:
    collector = Collector()
    async with serving(collector.app) as url:
        bed = Bed(tmp_path, {"tracing": {"endpoint": url}})
        account, office = bed.tv_account(), Office(bed)
        async with office.at_work():
            assert await office.espf("Account/Updated", i_event=1, i_account=account) == 200
            await bed.world.sleep(2)
        await bed.aclose()

    assert set(collector.names) >= LOOK | {"pass", "billing Account/get_account_list"}


async def test_a_term_sends_what_it_has_and_the_next_goes_on_elsewhere(tmp_path: Path) -> None:
    old, new = Collector(), Collector()
    async with serving(old.app) as first, serving(new.app) as second:
        bed = Bed(tmp_path, {"tracing": {"endpoint": first}})
        bed.tv_account()
        office = Office(bed)
        async with office.at_work():
            await office.reconfigure(tracing={"endpoint": second})
            await bed.world.sleep(2)
            account = bed.tv_account(2)
            await office.espf("Account/New", i_event=2, i_account=account)
            await bed.world.sleep(2)
        for made in office.made:
            await made.traces.aclose()
        await bed.aclose()

    assert "tv customers.create" in old.names
    assert set(new.names) >= LOOK
