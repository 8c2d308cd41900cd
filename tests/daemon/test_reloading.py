"""Live configuration: what changes in the file or in a secret is taken up, if it is valid as a whole (promise P25)."""

import io
import os
from datetime import timedelta

import pytest

from controller.reloading import PAUSE
from platforms.simulation import Fault
from tests.controller.configs import CA
from tests.daemon.desk import CATALOG, Desk

TAKEN, KEPT, SAME = (
    "another configuration is taken up, after the calls under way",
    "the configuration was not taken up; the one in force stays",
    "the configuration was read again; nothing has changed",
)
SLOWER = {"schedule": {"full_pass": "7m"}}
TYPO = {"schedule": {"ful_pass": "7m"}, "brake": {"flor": 3}}
SECOND = {"driver": "telebreeze", "url": "http://tv2.test", "api_key": "simulated", "requests_per_second": 10000}


async def metric(desk: Desk, name: str) -> float:
    return (await desk.office.metrics())[name]


async def test_p25_a_changed_file_is_taken_up_without_a_restart(desk: Desk) -> None:
    async with desk.at_work():
        since = await metric(desk, "config_last_reload_success_timestamp_seconds")
        desk.write(**SLOWER)
        await desk.settle()
        assert desk.in_force.schedule.full_pass == timedelta(minutes=7)
        (line,) = desk.said(TAKEN)
        assert line["changed"] == ["schedule.full_pass"]
        assert await metric(desk, f'config_info{{fingerprint="{line["fingerprint"]}"}}') == 1
        assert await metric(desk, "config_last_reload_successful") == 1
        assert await metric(desk, "config_last_reload_success_timestamp_seconds") > since
        await desk.settle()
        assert len(desk.office.made) == 2


async def test_p25_an_invalid_file_never_replaces_the_configuration_in_force(desk: Desk) -> None:
    account = desk.bed.tv_account()
    async with desk.at_work():
        since = await metric(desk, "config_last_reload_success_timestamp_seconds")
        desk.write(**TYPO)
        for _ in range(5):
            await desk.settle()
        (line,) = desk.said(KEPT)
        assert line["problems"] == [
            "'brake.flor': unknown key; did you mean floor?",
            "'schedule.ful_pass': unknown key; did you mean full_pass?",
        ]
        assert len(desk.office.made) == 1
        assert await metric(desk, "config_last_reload_successful") == 0
        assert await metric(desk, "config_last_reload_success_timestamp_seconds") == since
        desk.bed.billing.change("block", i_account=account)
        assert await desk.office.espf("Account/Blocked", i_event=1, i_account=account) == 200
        await desk.bed.world.sleep(2)
        assert desk.bed.customer("tv000001_3")["status"] == "disabled"

        desk.write()
        await desk.settle()
        assert await metric(desk, "config_last_reload_successful") == 1
        assert len(desk.said(SAME)) == 1
    assert len(desk.office.made) == 1


async def test_p25_status_tells_that_a_configuration_was_refused_until_it_is_mended(desk: Desk) -> None:
    async with desk.at_work():
        desk.write(**TYPO)
        await desk.settle()
        status = await desk.bed.status()
        assert not status["healthy"]
        assert "'brake.flor'" not in str(status["configuration"])
        assert "brake.flor: unknown key; did you mean floor?" in str(status["configuration"])
        desk.write()
        await desk.settle()
        assert (await desk.bed.status())["configuration"] is None
        desk.write(**TYPO)
        await desk.settle()
    async with Desk(desk.folder, io.StringIO()).at_work():
        assert (await desk.bed.status())["configuration"] is None


async def test_p25_a_file_that_is_just_being_written_or_gone_for_a_moment_does_no_harm(desk: Desk) -> None:
    async with desk.at_work():
        whole = desk.text()
        for moment in (whole[: len(whole) // 2], whole[: whole.index("catalog")], "", None):
            desk.file.unlink()
            if moment is not None:
                desk.file.write_text(moment)
            await desk.bed.world.sleep(PAUSE)
            desk.file.write_text(whole)
            await desk.settle()
        assert (desk.said(KEPT), desk.said(TAKEN), len(desk.office.made)) == ([], [], 1)


async def test_p25_half_a_file_that_is_valid_by_chance_is_not_taken_up(desk: Desk) -> None:
    more = [*CATALOG, {"product": {"i_product": 62}, "platform": "tv", "packages": ["cinema"]}]
    async with desk.at_work():
        await desk.bed.world.sleep(PAUSE / 2)
        desk.write()
        await desk.bed.world.sleep(PAUSE)
        desk.write(catalog=more)
        await desk.settle()
        assert [len(each.config.entries) for each in desk.office.made] == [1, 2]


async def test_p25_a_file_that_stays_away_is_told_once(desk: Desk) -> None:
    async with desk.at_work():
        desk.file.unlink()
        for _ in range(5):
            await desk.settle()
        (line,) = desk.said(KEPT)
        assert "does not exist" in str(line["problems"])
        assert len(desk.office.made) == 1


async def test_p25_a_secret_that_comes_late_completes_the_configuration(desk: Desk) -> None:
    async with desk.at_work():
        desk.write(billing={"login": "another"}, charges={"i_service": 4})
        desk.file.write_text(desk.file.read_text().replace("file: token", "file: late"))
        await desk.settle()
        assert len(desk.said(KEPT)) == 1
        desk.secret("late", "simulated-token")
        await desk.settle()
        assert desk.in_force.billing[0].login == "another"


async def test_p14_rotated_credentials_of_a_platform_are_taken_up_and_wake_who_waits(desk: Desk) -> None:
    desk.bed.tv_account()
    desk.bed.platform.api_key = "rotated-key"
    async with desk.at_work():
        await desk.bed.world.sleep(120)
        assert (await desk.bed.status())["platforms"]["tv"]["breaker"] == "open"
        desk.secret("key", "rotated-key")
        await desk.settle()
        assert desk.bed.customer("tv000001_3")["status"] == "active"
        assert (await desk.bed.status())["platforms"]["tv"]["breaker"] == "closed"
        (line,) = desk.said(TAKEN)
        assert line["changed"] == ["platforms.tv.api_key"]


async def test_p14_parked_accounts_are_tried_again_with_another_configuration(desk: Desk) -> None:
    desk.bed.tv_account()
    desk.bed.platform.faults.add(Fault(operation="customers.create", kind="status", status=422))
    async with desk.at_work():
        assert (await desk.bed.status())["platforms"]["tv"]["accounts"]["parked"] == 1
        desk.write(**SLOWER)
        await desk.settle()
        assert desk.bed.customer("tv000001_3")["status"] == "active"


async def test_p25_a_rotated_token_of_billing_is_taken_up(desk: Desk) -> None:
    async with desk.at_work():
        desk.bed.billing.switch(token="rotated-token")
        desk.bed.billing.world.sessions.lose()
        desk.secret("token", "rotated-token")
        await desk.settle()
        account = desk.bed.tv_account()
        await desk.office.espf("Account/New", i_event=1, i_account=account)
        await desk.bed.world.sleep(2)
        assert desk.bed.customer("tv000001_3")["status"] == "active"
        assert desk.said(TAKEN)[0]["changed"] == ["billing.token"]


async def test_p25_rotated_credentials_of_events_are_taken_up(desk: Desk) -> None:
    async with desk.at_work():
        desk.secret("espf", "rotated")
        await desk.settle()
        assert await desk.office.espf("Account/New", i_event=1, i_account=1) == 401
        assert await desk.office.espf("Account/New", ("espf", "rotated"), i_event=1, i_account=1) == 200


async def test_p25_a_directory_that_is_swapped_by_a_link_as_kubernetes_does_is_noticed(desk: Desk) -> None:
    data, file = desk.folder / "..data", desk.folder / "key"
    for version, value in (("v1", "simulated"), ("v2", "rotated-key")):
        (desk.folder / version).mkdir()
        (desk.folder / version / "key").write_text(value)
    data.symlink_to("v1")
    file.unlink()
    file.symlink_to("..data/key")
    async with desk.at_work():
        await desk.settle()
        assert len(desk.office.made) == 1
        swapped = desk.folder / "..data_tmp"
        swapped.symlink_to("v2")
        swapped.rename(data)
        await desk.settle()
        assert desk.said(TAKEN)[0]["changed"] == ["platforms.tv.api_key"]


async def test_p10_neither_logs_nor_status_nor_metrics_hold_a_secret_old_or_new(desk: Desk) -> None:
    desk.secret("espf", "canary-old")
    async with desk.at_work():
        await desk.settle()
        desk.secret("espf", "canary-new")
        await desk.settle()
        desk.secret("espf", "canary-one\ncanary-two")
        await desk.settle()
        desk.file.write_text(desk.text() + "canary: 'canary\n")
        await desk.settle()
        assert len(desk.said(KEPT)) == 2
        shown = desk.log + str(await desk.bed.status()) + (await desk.office.get("/metrics")).text
        assert "canary-" not in shown


async def test_p25_who_asks_is_served_at_once_and_told_again(desk: Desk) -> None:
    async with desk.at_work():
        desk.reloader.ask()
        await desk.bed.world.sleep(1)
        assert len(desk.said(SAME)) == 1
        for times in (1, 2):
            desk.write(**TYPO)
            desk.reloader.ask()
            await desk.bed.world.sleep(1)
            assert len(desk.said(KEPT)) == times
        desk.write(**SLOWER)
        desk.reloader.ask()
        await desk.bed.world.sleep(1)
        assert len(desk.said(TAKEN)) == 1


async def test_p25_what_only_a_start_can_change_stays_is_warned_about_and_told_by_status(desk: Desk) -> None:
    async with desk.at_work():
        elsewhere: dict[str, object] = {"server": {"listen": "127.0.0.1:9999"}, "store": {"path": "elsewhere.db"}}
        desk.write(**elsewhere, leadership={"lease": "tv"}, **SLOWER)
        await desk.settle()
        running = desk.in_force
        assert (running.server.listen, running.store.path.name) == ("0.0.0.0:8080", "state.db")
        assert running.schedule.full_pass == timedelta(minutes=7)
        assert desk.said(TAKEN)[0]["changed"] == ["schedule.full_pass"]
        (warning,) = desk.said("these keys take effect at the next start only")
        assert warning["keys"] == ["leadership", "server.listen", "store.path"]
        told = (await desk.bed.status())["configuration"]
        assert told == "leadership and server.listen and store.path: another value waits for a restart of the daemon"
        desk.write(**SLOWER)
        await desk.settle()
        assert (await desk.bed.status())["configuration"] is None
        assert len(desk.office.made) == 2


async def test_p25_certificates_that_change_in_their_file_are_taken_up(desk: Desk) -> None:
    authority = desk.folder / "ca.pem"
    authority.write_text(CA)
    desk.write(billing={"verify_tls": "ca.pem"})
    async with desk.at_work():
        await desk.settle()
        authority.write_text(f"# renewed\n{CA}")
        await desk.settle()
        assert [line["changed"] for line in desk.said(TAKEN)] == [["billing.verify_tls"]] * 2
        desk.reloader.ask()
        await desk.settle()
        assert len(desk.said(SAME)) == 1


async def test_p25_a_secret_of_the_environment_is_what_it_was_at_the_start(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TV_KEY", "simulated")
    desk.file.write_text(desk.text().replace("file: key", "env: TV_KEY"))
    async with desk.at_work():
        await desk.settle()
        assert (desk.said(KEPT), desk.said(TAKEN)) == ([], [])


async def test_p25_a_secret_from_a_pipe_is_read_once(desk: Desk) -> None:
    reading, writing = os.pipe()
    os.write(writing, b"simulated\n")
    os.close(writing)
    desk.file.write_text(desk.text().replace("file: key", f"file: /dev/fd/{reading}"))
    desk.begin_anew()
    async with desk.at_work():
        await desk.settle()
        assert (desk.said(KEPT), desk.said(TAKEN)) == ([], [])
    os.close(reading)


async def test_a_store_that_cannot_be_used_delays_what_status_is_told_and_nothing_else(desk: Desk) -> None:
    async with desk.at_work():
        store = await desk.office.daemon.present.ledger.run(lambda store: store)
        store.db.conn.execute("PRAGMA query_only = 1")
        desk.write(**TYPO)
        await desk.settle()
        assert len(desk.said(KEPT)) == 1
        store.db.conn.execute("PRAGMA query_only = 0")
        await desk.settle()
        assert (await desk.bed.status())["configuration"] is not None


async def test_a_platform_that_is_added_is_served(desk: Desk) -> None:
    account = desk.bed.tv_account(i_product=62)
    both = [*CATALOG, {"product": {"i_product": 62}, "platform": "tv2", "packages": ["basic"]}]
    async with desk.at_work():
        desk.write(platforms={"tv2": SECOND}, catalog=both)
        await desk.settle()
        assert desk.said(TAKEN)[0]["changed"] == ["catalog", "platforms.tv2"]
        (row,) = desk.bed.platform_at("http://tv2.test").operator.customers.values()
        assert row["externalId"] == "tv000001_3"
        assert await metric(desk, 'accounts{platform="tv2",state="in_sync"}') == 1
        desk.bed.billing.change("block", i_account=account)
        await desk.office.espf("Account/Blocked", i_event=1, i_account=account)
        await desk.bed.world.sleep(2)
        assert [each["status"] for each in desk.bed.platform_at("http://tv2.test").operator.customers.values()] == [
            "disabled"
        ]


async def test_a_platform_that_is_taken_out_keeps_its_records_and_is_known_when_it_comes_back(desk: Desk) -> None:
    desk.bed.tv_account()
    second = desk.bed.platform_at("http://tv2.test")
    both = [*CATALOG, {"product": {"i_product": 61}, "platform": "tv2", "packages": ["basic"]}]
    desk.write(platforms={"tv2": SECOND}, catalog=both)
    desk.reloader.ask()
    async with desk.at_work():
        await desk.settle()
        made = list(second.operator.customers.values())
        assert len(made) == 1

        second.faults.add(Fault(operation="customers.create", kind="lost_answer"))
        desk.bed.tv_account(2)
        desk.office.daemon.present.loop.ask_for_pass()
        await desk.bed.world.sleep(1)
        second.requests.reset()
        desk.write()
        await desk.settle()
        await desk.bed.world.sleep(60)
        assert second.requests.operations == {}
        assert len(second.operator.customers) == 2
        assert len(desk.bed.customers()) == 2

        desk.write(platforms={"tv2": SECOND}, catalog=both)
        await desk.settle()
        await desk.bed.world.sleep(60)
        assert second.requests.writes == 0
        assert await metric(desk, 'accounts{platform="tv2",state="in_sync"}') == 2


async def test_p17_no_second_sees_more_requests_because_of_a_change_over(desk: Desk) -> None:
    for number in range(1, 31):
        desk.bed.tv_account(number)
    desk.write(billing={"requests_per_second": 5})
    desk.reloader.ask()
    async with desk.at_work():
        for minutes in range(2, 12):
            await desk.bed.world.sleep(0.7)
            desk.write(billing={"requests_per_second": 5}, schedule={"full_pass": f"{minutes}m"})
            desk.reloader.ask()
        await desk.bed.world.sleep(60)
        began = desk.bed.to_billing.began
        later = [at for at in began if at > began[0] + 6]
        assert max(sum(at <= other < at + 0.999 for other in later) for at in later) <= 5


async def test_p17_a_target_that_asked_to_be_left_alone_is_left_alone_by_the_next_term(desk: Desk) -> None:
    desk.bed.platform.faults.add(Fault(kind="status", status=429, retry_after=120))
    async with desk.at_work():
        desk.bed.platform.requests.reset()
        desk.write(**SLOWER)
        await desk.settle()
        await desk.bed.world.sleep(60)
        assert desk.bed.platform.requests.operations == {}
        await desk.bed.world.sleep(60)
        desk.office.daemon.present.loop.ask_for_pass()
        await desk.bed.world.sleep(1)
        assert desk.bed.platform.requests.operations != {}


async def test_a_standby_follows_its_file_and_leaves_it_to_the_leader_to_tell_status(desk: Desk) -> None:
    desk.begin_anew(as_standby=True)
    async with desk.at_work():
        desk.write(**TYPO)
        await desk.settle()
        assert len(desk.said(KEPT)) == 1
        assert (await desk.bed.status())["configuration"] is None
        desk.write(**SLOWER)
        await desk.settle()
        assert desk.in_force.schedule.full_pass == timedelta(minutes=7)
