"""The demo never hangs, leaves nothing behind, and says what it saw."""

import asyncio
import io
from collections.abc import Sequence
from pathlib import Path

import pytest
from msgspec.structs import replace
from rich.console import Console

from controller.config import load
from controller.demo import changes, settings
from controller.demo.check import WORDS, Account, AddOn, Difference, Memory, Record
from controller.demo.edits import edits
from controller.demo.kinds import KINDS
from controller.demo.lookout import Happening, Lookout, Quitting, Wrong
from controller.demo.moving import dark
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
        addons=(AddOn(86, "2026-01-01 00:00:00", None),) if 30 <= number < 36 else (),
        custom_fields={"TV MAC": f"00:1A:79:00:00:{number:02X}"},
    )
    for number in range(40)
]


class Standstill:
    """Billing that wants a record, and platforms that never have it."""

    async def accounts(self) -> Sequence[Account]:
        return PLAIN[:1]

    async def records(self, platform: str) -> Sequence[Record]:
        return ()


async def test_what_is_not_reached_in_time_ends_the_play_with_what_is_different() -> None:
    clock, told = VirtualClock(), list[tuple[str, int, int]]()
    lookout = Lookout(Standstill(), clock, 60, lambda *what: told.append(what))
    with pytest.raises(Quitting, match="blocked"):
        await lookout.until_all_is_well([Happening("blocked", "tv")])
    assert 60 < clock.monotonic() < 61
    assert [str(each) for each in lookout.found] == ["tv: tv0_3: there is no record (status None)"]
    assert set(told) == {("blocked", 0, 1)}


async def test_a_lookout_remembers_whose_records_were_there() -> None:
    sight = Standstill()
    lookout = Lookout(sight, VirtualClock(), 60, lambda *_: None)
    await lookout.remember_foreign()
    assert not await lookout.all_is_well()
    assert lookout.memory == dict.fromkeys(WORDS, Memory())


def routed() -> list[Account]:
    """The accounts as the demo spreads them over the platforms."""
    accounts = {account.i_account: account for account in PLAIN}
    for change in changes.spread(PLAIN):
        account = accounts[int(str(change["i_account"]))]
        if change["action"] == "product":
            account = replace(account, i_product=change["i_product"])
        elif change["action"] == "addon_remove":
            account = replace(account, addons=())
        else:
            account = replace(account, addons=(AddOn(int(str(change["i_product"])), "2026-01-01 00:00:00", None),))
        accounts[account.i_account] = account
    return list(accounts.values())


def test_the_fleet_is_spread_over_all_platforms_and_some_are_on_two() -> None:
    spread = routed()
    assert [account.i_product for account in spread[:6]] == [61, 63, 65, 61, 63, 65]
    assert [[addon.i_product for addon in account.addons] for account in spread[30:36]] == [
        *([86], [88], [89]),
        *([86], [86], [86]),
    ]


def test_each_act_finds_accounts_of_its_own() -> None:
    spread = routed()
    names = {name: frozenset(map(words.name, spread)) for name, words in WORDS.items()}
    cast = changes.Cast(spread, names, 1)
    chosen = {act.name: {name: cast.for_act(act, name) for name in KINDS} for act in changes.ACTS}
    assert chosen["unblocked"] == chosen["blocked"]
    assert [account.id for account in chosen["topped up"]["cable"]] == ["tv19"]
    groups = [each for name, by_platform in chosen.items() if name != "unblocked" for each in by_platform.values()]
    others = [account.i_account for group in groups for account in group]
    assert len(others) == len(set(others)) == 25  # only one has no money
    assert changes.concerned(changes.MOVE, chosen[changes.MOVE.name]) == {"tv": 2, "cable": 2, "box": 2}


class Moved:
    """An account that has moved from `tv` to `cable`: the old record went off at noon, the new one came on at `on`."""

    def __init__(self, on: str) -> None:
        old = {"id": "c1", "externalId": "tv0_3", "status": "disabled", "updatedAt": "2026-03-01T12:00:00Z"}
        new = {"id": "tv0_3", "enabled": True, "switched_at": on}
        self._dumps: dict[str, list[Record]] = {"tv": [old], "cable": [new], "box": []}

    async def accounts(self) -> Sequence[Account]:
        return PLAIN[:1]

    async def records(self, platform: str) -> Sequence[Record]:
        return self._dumps[platform]


@pytest.mark.parametrize(
    ("on", "ids"), [("2026-03-01T11:59:59.5Z", []), ("2026-03-01T12:00:00Z", []), ("2026-03-01T12:00:00.5Z", ["tv0"])]
)
async def test_who_was_without_service_during_a_move_is_noticed(on: str, ids: list[str]) -> None:
    assert await dark(Moved(on), {"tv": PLAIN[:1]}) == ids


def test_edits_by_hand_spoil_what_is_ours_and_on_the_longest_untouched_first() -> None:
    def row(name: str, revision: int, enabled: bool = True) -> Record:
        return {"id": name, "revision": revision, "enabled": enabled, "pin": "1234"}

    rows = [row("a_3", 3), row("b_3", 1), row("c_3", 2, enabled=False), row("stranger", 1)]
    spoilt = edits(KINDS["cable"], rows, {"a_3", "b_3", "c_3"})
    assert [path for _, path, _ in spoilt] == ["/_sim/customers/b_3", "/_sim/customers/a_3"]
    assert [(record["enabled"], record["pin"]) for _, _, record in spoilt] == [(False, "")] * 2


def test_changes_stay_below_the_brake() -> None:
    assert [changes.size(accounts) for accounts in (1, 40, 1000, 100_000)] == [1, 1, 5, 50]


def test_the_daemons_configuration_is_valid(tmp_path: Path) -> None:
    urls = {name: f"http://127.0.0.1:{port}" for port, name in enumerate(KINDS, start=2)}
    settings.write(tmp_path, "http://127.0.0.1:1", urls, Tempo.of(1000))
    config = load(tmp_path / settings.FILE)
    assert config.warnings == ()
    assert config.store.path.parent == tmp_path
    assert {name: block.driver for name, block in config.platforms.items()} == {
        "tv": "telebreeze",
        "cable": "seachange",
        "box": "ministra",
    }


async def test_a_part_that_does_not_start_is_quoted(tmp_path: Path) -> None:
    async with running("nobody", ["simulate", "nobody", "--port", "0"], tmp_path, asyncio.Event()) as part:
        with pytest.raises(PartFailed, match=r"nobody did not start; it said last:\nthere is no simulator 'nobody'"):
            await part.started()
    assert part.has_ended


def test_a_report_shows_rows_claims_and_faults() -> None:
    report = Report(
        rows=[Row("blocked", "cable", 10, 1.25, 11, 1), Row("blocked", "box", 5, 2.0, 4)], faults={"429": 3, "5xx": 0}
    )
    report.claims.append(Claim("further passes write nothing", True, "0 writes in 2 passes"))
    printed = io.StringIO()
    Console(file=printed, width=120).print(tables(report))
    cells = [cell.strip() for cell in printed.getvalue().replace("│", "\n").splitlines()]
    assert {
        "blocked",
        "cable",
        "10",
        "11",
        "1",
        "1.00",
        "1.2",
        "box",
        "0.80",
        "3 x 429",
        "0 writes in 2 passes",
    } <= set(cells)
    assert report.converged


def test_a_report_complains_of_the_first_differences() -> None:
    found = [Wrong("box", Difference(f"tv{number}", "is wrong")) for number in range(30)]
    report = Report(claims=[Claim("all is well", False, "30 differences")], differences=found, given_up="blocked")
    lines = list(complaints(report))
    assert not report.converged
    assert len(lines) == 21
    assert lines[:2] == ["not reached in time: blocked; 30 differences are left", "  box: tv0: is wrong"]
