"""The demo never hangs, leaves nothing behind, and says what it saw."""

import asyncio
import io
from collections.abc import Sequence
from pathlib import Path

import pytest
from rich.console import Console

from controller.config import load
from controller.demo import changes, settings
from controller.demo.check import Account, Difference, Memory, Record
from controller.demo.lookout import Happening, Lookout, Quitting
from controller.demo.parts import PartFailed, running
from controller.demo.report import Claim, Report, Row, complaints, tables
from controller.demo.settings import Tempo
from tests.clocks import VirtualClock

PLAIN = [
    Account(
        i_account=70001 + number,
        id=f"tv{number}",
        i_product=61,
        billing_model=1,
        status="zero_balance" if number == 19 else None,
        custom_fields={"TV MAC": f"00:1A:79:00:00:{number:02X}"},
    )
    for number in range(40)
]


class Standstill:
    """Billing that wants a record, and a platform that never has it."""

    async def accounts(self) -> Sequence[Account]:
        return PLAIN[:1]

    async def records(self) -> Sequence[Record]:
        return ()


async def test_what_is_not_reached_in_time_ends_the_play_with_what_is_different() -> None:
    clock, told = VirtualClock(), list[tuple[str, int, int]]()
    lookout = Lookout(Standstill(), clock, 60, lambda *what: told.append(what))
    with pytest.raises(Quitting, match="blocked"):
        await lookout.until_all_is_well([Happening("blocked")])
    assert 60 < clock.monotonic() < 61
    assert [str(each) for each in lookout.found] == ["tv0_3: there is no record (status None)"]
    assert set(told) == {("blocked", 0, 1)}


async def test_a_lookout_remembers_whose_records_were_there() -> None:
    sight = Standstill()
    lookout = Lookout(sight, VirtualClock(), 60, lambda *_: None)
    await lookout.remember_foreign()
    assert not await lookout.all_is_well()
    assert lookout.memory == Memory()


def test_each_act_finds_accounts_of_its_own() -> None:
    cast = changes.Cast(PLAIN, frozenset(account.name for account in PLAIN), 2)
    chosen = {act.name: cast.for_act(act) for acts in changes.SCENES for act in acts}
    assert chosen["unblocked"] == chosen["blocked"]
    assert [account.id for account in chosen["topped up"]] == ["tv19"]
    others = [account.i_account for name, accounts in chosen.items() if name != "unblocked" for account in accounts]
    assert len(others) == len(set(others)) == 13  # nobody has an add-on to lose


def test_changes_stay_below_the_brake() -> None:
    assert [changes.size(accounts) for accounts in (1, 40, 1000, 100_000)] == [2, 2, 10, 50]


def test_the_daemons_configuration_is_valid(tmp_path: Path) -> None:
    settings.write(tmp_path, ("http://127.0.0.1:1", "http://127.0.0.1:2"), Tempo.of(1000))
    config = load(tmp_path / settings.FILE)
    assert config.warnings == ()
    assert config.store.path.parent == tmp_path


async def test_a_part_that_does_not_start_is_quoted(tmp_path: Path) -> None:
    async with running("nobody", ["simulate", "nobody", "--port", "0"], tmp_path, asyncio.Event()) as part:
        with pytest.raises(PartFailed, match=r"nobody did not start; it said last:\nthere is no simulator 'nobody'"):
            await part.started()
    assert part.has_ended


def test_a_report_shows_rows_claims_and_faults() -> None:
    report = Report(rows=[Row("blocked", 10, 1.25, 11, 1), Row("contact changed", 5, 2.0)], faults={"429": 3, "5xx": 0})
    report.claims.append(Claim("further passes write nothing", True, "0 writes in 2 passes"))
    printed = io.StringIO()
    Console(file=printed, width=120).print(tables(report))
    cells = [cell.strip() for cell in printed.getvalue().replace("│", "\n").splitlines()]
    assert {"blocked", "10", "11", "1", "1.00", "1.2", "3 x 429", "0 writes in 2 passes"} <= set(cells)
    assert report.converged


def test_a_report_complains_of_the_first_differences() -> None:
    found = [Difference(f"tv{number}", "is wrong") for number in range(30)]
    report = Report(claims=[Claim("all is well", False, "30 differences")], differences=found, given_up="blocked")
    lines = list(complaints(report))
    assert not report.converged
    assert len(lines) == 21
    assert lines[:2] == ["not reached in time: blocked; 30 differences are left", "  tv0: is wrong"]
