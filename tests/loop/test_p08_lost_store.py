"""A database that is lost, or restored from a backup, is noticed; then it is rebuilt before anything is written."""

import shutil
import sqlite3  # noqa: TID251  a backup as an operator makes it
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from controller.mark import mark_of, read_mark
from platforms.simulation import Fault
from tests.bed import Bed
from tests.loop.vanishing import GRACE, MINUTE, later, neighbours, proven, reason, state_of

LISTS_OF_BILLING = Fault(operation="Account/get_account_list", kind="html", count=None)
MADE_BY_THE_PLATFORM = ("id", "createdAt", "updatedAt")
BY_LOGIN = {"driver": "telebreeze", "url": "http://tv.test", "api_key": "simulated", "auth": "login"}
WRITES = ("customers.create", "customers.update", "customers.delete")


@pytest.fixture
async def twin(tmp_path: Path) -> AsyncIterator[Bed]:
    """Another installation like `bed`, that never loses anything."""
    (tmp_path / "twin").mkdir()
    made = Bed(tmp_path / "twin", {})
    yield made
    await made.aclose()


def back_up(bed: Bed) -> Path:
    """A copy of the database alone, made while it is in use."""
    copy = bed.folder / "copy.db"
    with closing(sqlite3.connect(bed.config.store.path)) as here, closing(sqlite3.connect(copy)) as there:
        here.backup(there)
    return copy


def restore(bed: Bed, copy: Path) -> None:
    """The process is killed, and a new one begins on the copy."""
    remove(bed, "state.db", "state.db-wal", "state.db-shm")
    shutil.copy(copy, bed.config.store.path)
    bed.restart()


def remove(bed: Bed, *names: str) -> None:
    for name in names:
        (bed.folder / name).unlink()


def lose(bed: Bed) -> None:
    """The database is gone, its key and its mark are not."""
    remove(bed, "state.db", "state.db-wal", "state.db-shm")
    bed.restart()


def foreign(bed: Bed, external_id: str, **fields: object) -> dict[str, Any]:
    row = {"externalId": external_id, "status": "active", "packages": ["4"], **fields}
    return dict(bed.platform.operator.create(row))


def populate(bed: Bed) -> list[int]:
    """Fifteen accounts, and a record of somebody else's."""
    foreign(bed, "somebody else", notes="VIP, do not touch")
    return [bed.tv_account(number) for number in range(1, 16)]


def change_first_half(bed: Bed, accounts: Sequence[int]) -> None:
    bed.billing.change("terminate", i_account=accounts[0])
    bed.billing.change("rename", i_account=accounts[1], id="renamed")
    bed.billing.change("block", i_account=accounts[2])
    bed.tv_account(20)


def change_second_half(bed: Bed, accounts: Sequence[int]) -> None:
    bed.billing.change("terminate", i_account=accounts[3])
    bed.billing.change("rename", i_account=accounts[4], id="renamed too")
    bed.billing.change("block", i_account=accounts[5])
    bed.tv_account(21)


def held_by(bed: Bed) -> list[Mapping[str, Any]]:
    """All records, without what the platform gives them by itself."""
    rows = [{name: row[name] for name in row if name not in MADE_BY_THE_PLATFORM} for row in bed.customers()]
    return sorted(rows, key=lambda row: str(row["externalId"]))


def writes(bed: Bed) -> dict[str, int]:
    return {operation: bed.platform.requests.operations[operation] for operation in WRITES}


async def only_looks_until_billing_is_read(bed: Bed, accounts: Sequence[int], text: str) -> None:
    """Passes, events and timers come while billing's list cannot be read; nothing is written before it is."""
    before, snapshot = writes(bed), held_by(bed)
    bed.billing.faults.add(LISTS_OF_BILLING)
    for _ in range(2):
        await bed.let_time_pass(1800)
        await bed.full_pass()
        assert (await bed.espf("Account/Blocked", i_account=accounts[2])).status_code == 200
        assert (await bed.espf("Account/New", i_account=accounts[-1] + 1)).status_code == 200
        await bed.act_on_events()
    status = await bed.status()
    assert not status["healthy"]
    assert text in (status["platforms"]["tv"]["rebuilding"] or "")
    assert (writes(bed), held_by(bed)) == (before, snapshot), "observed only"
    bed.billing.faults.clear()


async def live_through(bed: Bed, twin: Bed, loss: Callable[[Bed], None], text: str) -> None:
    """The same history twice, with a loss in the middle of one of them: nobody can tell the difference afterwards."""
    for each in (bed, twin):
        accounts = populate(each)
        await each.converge(1)
        change_first_half(each, accounts)
        await each.converge(1)
        await each.application.loop.marker.write()
        change_second_half(each, accounts)
    loss(bed)
    await only_looks_until_billing_is_read(bed, accounts, text)
    for each in (bed, twin):
        await each.converge()

    assert held_by(bed) == held_by(twin)
    assert writes(bed) == writes(twin)
    assert (await bed.status())["healthy"]
    assert (await bed.status())["platforms"]["tv"]["rebuilding"] is None
    bed.platform.requests.reset()
    await bed.converge(1)
    assert bed.platform.requests.writes == 0


async def test_p08_a_lost_database_is_rebuilt_from_billing_and_the_marks(bed: Bed, twin: Bed) -> None:
    await live_through(bed, twin, lose, "the database is another one than was here before")


async def test_p08_a_lost_volume_is_noticed_by_the_marks_on_the_platform(bed: Bed, twin: Bed) -> None:
    await live_through(bed, twin, Bed.lose_the_database, "with our marks that this database knows nothing of")


async def test_p08_an_old_copy_is_noticed_and_rebuilt(bed: Bed, twin: Bed) -> None:
    for each in (bed, twin):
        accounts = populate(each)
        await each.converge(1)
        copy = back_up(each)
        change_first_half(each, accounts)
        await each.converge(1)
        await each.application.loop.marker.write()
        change_second_half(each, accounts)
    restore(bed, bed.folder / copy.name)
    await only_looks_until_billing_is_read(bed, accounts, "the database is an old copy")
    for each in (bed, twin):
        await each.converge()

    assert held_by(bed) == held_by(twin)
    assert writes(bed) == writes(twin)
    assert (await bed.status())["healthy"]


async def test_p08_an_old_copy_that_remembers_more_records_than_the_brake_allows_to_lose_is_rebuilt_too(
    bed: Bed,
) -> None:
    accounts = populate(bed)
    await bed.converge(1)
    copy = back_up(bed)
    for part in (accounts[:8], accounts[8:]):
        for account in part:
            bed.billing.change("terminate", i_account=account)
        await bed.converge(1)
    assert [row["externalId"] for row in held_by(bed)] == ["somebody else"]
    await bed.application.loop.marker.write()
    restore(bed, copy)
    bed.platform.requests.reset()

    await bed.converge(2)

    assert bed.platform.requests.writes == 0
    assert (await bed.status())["healthy"]


async def test_p08_whatever_an_old_copy_remembers_of_passwords_is_not_believed(make_bed: Callable[..., Bed]) -> None:
    bed = make_bed(platforms={"tv": BY_LOGIN})
    account = bed.tv_account()
    fields = bed.billing.installation.accounts[account].custom_fields
    fields |= {"TV Login": "ana", "TV Password": "first"}
    await bed.converge(1)
    copy = back_up(bed)
    fields["TV Password"] = "second"
    await bed.let_time_pass(2 * 86400)
    await bed.converge(1)
    assert bed.customers()[0]["password"] == "second"
    await bed.application.loop.marker.write()
    fields["TV Password"] = "first"
    restore(bed, copy)

    await bed.converge(1)

    assert bed.customers()[0]["password"] == "first"
    assert (await bed.status())["healthy"]


async def test_p08_a_lost_key_has_every_password_written_once_and_nothing_else(make_bed: Callable[..., Bed]) -> None:
    bed = make_bed(platforms={"tv": BY_LOGIN})
    for number in range(1, 6):
        account = bed.tv_account(number)
        bed.billing.installation.accounts[account].custom_fields |= {"TV Login": f"ana{number}", "TV Password": "Watch"}
    await bed.converge(1)
    before = held_by(bed)
    bed.platform.requests.reset()
    remove(bed, "state.db.key")
    bed.restart()

    await bed.let_time_pass(2 * 86400)
    await bed.converge(2)

    assert writes(bed) == {"customers.create": 0, "customers.update": 5, "customers.delete": 0}
    assert held_by(bed) == before
    assert (await bed.status())["healthy"]


async def test_p08_the_rewriting_of_passwords_after_a_loss_is_under_the_brake(make_bed: Callable[..., Bed]) -> None:
    bed = make_bed(platforms={"tv": BY_LOGIN})
    for number in range(1, 13):
        account = bed.tv_account(number)
        bed.billing.installation.accounts[account].custom_fields |= {"TV Login": f"ana{number}", "TV Password": "Watch"}
    await bed.converge(1)
    bed.lose_the_database()
    bed.platform.requests.reset()

    await bed.converge(2)

    assert bed.platform.requests.writes == 0
    held = (await bed.status())["platforms"]["tv"]["held_plan"]
    assert held is not None
    assert (held["updates"], held["limit"]) == (12, 10)


async def test_p08_two_records_with_one_mark_wait_for_a_person(bed: Bed) -> None:
    account = bed.tv_account(1)
    bed.tv_account(2)
    await bed.converge(1)
    mark = bed.customer("tv000001_3")["notes"]
    second = foreign(bed, "made by the lost one", notes=mark)
    lose(bed)
    bed.billing.change("block", i_account=account)
    before = held_by(bed)

    await bed.converge(2)

    assert held_by(bed) == before
    subscriber = (await bed.explain("tv000001"))["platforms"]["tv"]
    assert subscriber["state"] == "conflict"
    assert subscriber["held"] is not None
    assert "records 'made by the lost one' and 'tv000001_3' on platform 'tv' are all i_account" in str(
        subscriber["held"]["text"]
    )
    assert (await bed.explain("tv000002"))["platforms"]["tv"]["state"] == "in_sync"
    assert not (await bed.status())["healthy"]

    bed.platform.operator.delete(str(second["id"]))
    await bed.converge(1)
    assert bed.customer("tv000001_3")["status"] == "disabled"
    assert (await bed.status())["healthy"]


async def test_p08_an_ambiguous_account_is_in_conflict_though_there_is_nothing_to_do_for_it(bed: Bed) -> None:
    bed.tv_account(1)
    await bed.converge(1)
    foreign(bed, "made by the lost one", notes=bed.customer("tv000001_3")["notes"])
    lose(bed)

    await bed.converge(2)

    assert (await bed.explain("tv000001"))["platforms"]["tv"]["state"] == "conflict"
    bed.restart()
    await bed.converge(1)
    assert (await bed.explain("tv000001"))["platforms"]["tv"]["state"] == "conflict"


async def test_p08_a_record_whose_mark_contradicts_an_old_copy_waits_for_a_person(bed: Bed) -> None:
    accounts = [bed.tv_account(number) for number in (1, 2)]
    await bed.converge(1)
    copy = back_up(bed)
    bed.tv_account(3)
    await bed.converge(1)
    await bed.application.loop.marker.write()
    record = bed.customer("tv000001_3")
    mark = record["notes"]
    bed.platform.operator.change(record["id"], {"notes": mark.replace(str(accounts[0]), str(accounts[1]))})
    restore(bed, copy)
    for account in accounts:
        bed.billing.change("block", i_account=account)
    before = held_by(bed)

    await bed.converge(2)

    assert held_by(bed) == before
    told = (await bed.explain("tv000001"))["platforms"]["tv"]["held"]
    assert told is not None
    assert f"'tv000001_3' on platform 'tv' was i_account {accounts[0]}'s as far as" in told["text"]
    assert f"and i_account {accounts[1]}'s by its mark" in told["text"]
    states = [(await bed.explain(name))["platforms"]["tv"]["state"] for name in ("tv000001", "tv000002", "tv000003")]
    assert states == ["conflict", "conflict", "in_sync"]

    bed.platform.operator.change(record["id"], {"notes": mark})
    await bed.converge(2)
    assert [row["status"] for row in held_by(bed)] == ["disabled", "disabled", "active"]
    assert (await bed.status())["healthy"]


async def test_p08_a_process_that_is_killed_while_it_rebuilds_does_not_forget_that_it_has_to(bed: Bed) -> None:
    accounts = populate(bed)
    await bed.converge(1)
    lose(bed)
    bed.billing.change("block", i_account=accounts[0])
    bed.billing.faults.add(LISTS_OF_BILLING)
    await bed.full_pass()
    bed.platform.requests.reset()

    for _ in range(2):
        bed.restart()
        await bed.full_pass()
        assert (await bed.status())["platforms"]["tv"]["rebuilding"] is not None
    assert bed.platform.requests.writes == 0

    bed.billing.faults.clear()
    await bed.converge(1)
    assert writes(bed) == {"customers.create": 0, "customers.update": 1, "customers.delete": 0}


async def test_p08_the_daemon_acts_on_what_was_announced_meanwhile_only_after_its_pass(bed: Bed) -> None:
    accounts = populate(bed)
    await bed.converge(1)
    lose(bed)
    bed.billing.change("block", i_account=accounts[0])
    bed.billing.faults.add(LISTS_OF_BILLING)
    bed.platform.requests.reset()
    async with bed.daemon() as loop:
        await bed.world.sleep(10)
        assert (await bed.espf("Account/Blocked", i_account=accounts[0])).status_code == 200
        await bed.world.sleep(300)
        assert bed.platform.requests.writes == 0
        bed.billing.faults.clear()
        loop.ask_for_pass()
        await bed.world.sleep(60)
        assert bed.customer("tv000001_3")["status"] == "disabled"


async def test_a_database_that_is_as_far_as_its_mark_or_farther_is_no_old_copy(bed: Bed) -> None:
    populate(bed)
    async with bed.daemon():
        await bed.world.sleep(300)
    mark = read_mark(bed.config.store.path)
    assert mark is not None
    assert (mark.epoch, mark.steps) == (1, 15)
    bed.restart()
    bed.tv_account(30)
    await bed.full_pass()

    bed.restart()  # killed before the mark was brought up to date
    bed.billing.faults.add(LISTS_OF_BILLING)
    await bed.full_pass()

    assert (await bed.status())["platforms"]["tv"]["rebuilding"] is None
    store = await bed.store()
    assert store.recovery.identity().epoch == 1


async def test_a_running_daemon_keeps_the_mark_up_to_date(bed: Bed) -> None:
    async with bed.daemon() as loop:
        await bed.world.sleep(30)
        bed.tv_account(1)
        loop.ask_for_pass()
        await bed.world.sleep(120)
        mark = read_mark(bed.config.store.path)
        assert mark is not None
        assert mark.steps == 1


async def test_every_intent_bears_the_epoch_of_its_database(bed: Bed) -> None:
    accounts = populate(bed)
    await bed.converge(1)
    lose(bed)
    bed.billing.change("block", i_account=accounts[0])
    await bed.converge(1)
    store = await bed.store()
    assert store.db.conn.execute("SELECT DISTINCT epoch FROM audit").fetchall() == [(2,)]


async def test_a_mark_that_cannot_be_written_is_said_once_and_all_else_goes_on(
    bed: Bed, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    path = mark_of(bed.config.store.path)
    path.mkdir()
    populate(bed)
    async with bed.daemon():
        await bed.world.sleep(900)
    assert len(bed.customers()) == 16
    logged = capsys.readouterr().out + caplog.text
    assert logged.count("a loss of the store would not be noticed") == 1
    assert str(path) in logged
    assert list(bed.folder.glob("state.db.mark.*")) == []


async def test_a_damaged_mark_is_said_and_written_anew(
    bed: Bed, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    populate(bed)
    await bed.converge(1)
    mark_of(bed.config.store.path).write_bytes(b"\xff\x00")
    bed.restart()
    await bed.converge(1)
    assert "is damaged; it is written anew" in capsys.readouterr().out + caplog.text
    assert read_mark(bed.config.store.path) is not None
    assert (await bed.status())["healthy"]


async def test_p08_what_an_old_copy_counted_of_an_absence_proves_nothing(bed: Bed) -> None:
    account, *others = await neighbours(bed, 4)
    await proven(bed, account)
    copy = back_up(bed)
    for other in others:
        bed.billing.change("block", i_account=other)
    await later(bed, MINUTE)
    await bed.application.loop.marker.write()
    bed.world.advance(GRACE)
    restore(bed, copy)
    await later(bed, MINUTE)
    assert (state_of(bed), await reason(bed)) == ("disabled", "missing_from_billing")
