"""What happens to the accounts: how it stood before, and what has changed when the process begins that is to die."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from controller.billing.simulator import Simulator
from controller.demo.kinds import KINDS, Kind
from platforms.telebreeze.simulator import TelebreezeSimulator
from tests.kills.ground import Ground, Settings

Change = Callable[[Simulator, Kind], None]
BRAKED = 3
BRAKE_ON = Settings(blocks={"brake": {"floor": 0, "daily_floor": 0}})
"""A brake that lets nothing go without a person."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """`before` is brought about step by step, each applied whole; `change` is what the dying process finds.

    `settings.at_once`: how many calls the platform takes at the same time; with 1 the order is always the same.
    `is_approved`: the change is held by the brake, and a person has approved it. `code` is what `apply` ends with.
    `made_by_hand`: records that others made meanwhile on Telebreeze.
    """

    name: str
    platform: str
    before: tuple[Change, ...]
    change: Change
    settings: Settings
    is_approved: bool = False
    code: int = 0
    made_by_hand: tuple[str, ...] = ()

    def prepare(self, ground: Ground) -> None:
        """Bring about what was before."""
        kind = KINDS[self.platform]
        for step in self.before:
            step(ground.wires.billing, kind)
            ended = ground.run("apply", "--refresh")
            assert ended.code == 0, ended.err
        self.change(ground.wires.billing, kind)
        for name in self.made_by_hand:
            assert isinstance(ground.wires.platform, TelebreezeSimulator)
            ground.wires.platform.operator.create({"externalId": name})
        if self.is_approved:
            assert ground.run("apply", "--refresh").code == BRAKED
            assert ground.run("approve", held_plan(ground)).code == 0


def held_plan(ground: Ground) -> str:
    """The hash of the plan that waits for a person; nothing where there is none."""
    status = json.loads(ground.run("status", "--output", "json").out)
    held = status["platforms"][ground.wires.platform_name]["held_plan"]
    return "" if held is None else str(held["hash"])


def _create(*numbers: int) -> Change:
    def change(billing: Simulator, kind: Kind) -> None:
        for number in numbers:
            billing.change("create", id=f"tv{number:06}", i_product=kind.basic)

    return change


def block(*numbers: int) -> Change:
    """These accounts are blocked."""

    def change(billing: Simulator, _kind: Kind) -> None:
        for number in numbers:
            billing.change("block", i_account=_who(number))

    return change


def _everything(billing: Simulator, kind: Kind) -> None:
    """One of each: off, on, another product, away, another name, two devices that change hands, a new one."""
    billing.change("block", i_account=_who(1))
    billing.change("unblock", i_account=_who(2))
    billing.change("product", i_account=_who(3), i_product=kind.family)
    billing.change("terminate", i_account=_who(4))
    billing.change("rename", i_account=_who(5), id="tv900005")
    devices = [_device(billing, number) for number in (6, 7)]
    for number, device in zip((7, 6), devices, strict=True):
        billing.change("device", i_account=_who(number), devices=[device])
    _create(8)(billing, kind)


def _on_again_with_more(billing: Simulator, kind: Kind) -> None:
    """What takes Ministra the most calls: another plan, an add-on, and on again, for two that have other names now."""
    for number in (1, 2):
        billing.change("unblock", i_account=_who(number))
        billing.change("product", i_account=_who(number), i_product=kind.family)
        billing.change("addon_add", i_account=_who(number), i_product=kind.sport)
        billing.change("rename", i_account=_who(number), id=f"tv90000{number}")


def new_device(i_account: int) -> str:
    """The device that an account has got meanwhile."""
    return f"00:1A:79:0{i_account % 10}:00:00"


def _new_devices(billing: Simulator, _kind: Kind) -> None:
    for i_account in (_who(1), _who(2)):
        billing.change("device", i_account=i_account, devices=[new_device(i_account)])


def _who(number: int) -> int:
    return 70000 + number


def _device(billing: Simulator, number: int) -> str:
    return billing.installation.accounts[_who(number)].custom_fields["TV MAC"] or ""


HELD = Scenario("tv/held", "tv", (_create(1, 2, 3, 4),), block(1, 2, 3), BRAKE_ON, code=BRAKED)
"""Three of four are to be suspended, which a person has to allow."""


def _scenarios() -> Mapping[str, Scenario]:
    made = [
        Scenario(f"{platform}/{name}", platform, before, change, Settings(at_once))
        for platform in KINDS
        for name, before, change, at_once in (
            ("creates", (), _create(1, 2, 3), 1),
            ("mixed", (_create(1, 2, 3, 4, 5, 6, 7), block(2)), _everything, 1),
            ("crowd", (_create(1, 2, 3, 4, 5, 6, 7), block(2)), _everything, 8),
            ("resumes", (_create(1, 2), block(1, 2)), _on_again_with_more, 1),
        )
    ]
    approved = replace(HELD, name="tv/approved", is_approved=True, code=0)
    return {each.name: each for each in (*made, HELD, approved)}


SCENARIOS = _scenarios()
"""By their names: `tv/mixed`."""
ADOPTABLE = Scenario("tv/adoptable", "tv", (_create(1),), _create(2), Settings(), made_by_hand=("tv000002_3",))
"""Somebody has made by hand the record that an account of ours is to have."""
EVENTS = Scenario(
    "tv/events",
    "tv",
    (_create(1, 2),),
    _new_devices,
    Settings(
        blocks={"events": {"espf": {"username": "espf", "password": "espf-secret"}}, "schedule": {"full_pass": "1h"}}
    ),
)
"""What the list does not show: an event tells it, or nobody."""
SALES = Scenario(
    "tv/sales",
    "tv",
    (_create(1, 2),),
    lambda _billing, _kind: None,
    Settings(
        blocks={
            "charges": {"enabled": True, "poll": "1s", "settle": "1s"},
            "schedule": {"full_pass": "1h"},
        }
    ),
)
"""Two accounts with TV, who will buy something."""
