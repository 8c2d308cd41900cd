"""What happens to the accounts: how it stood before, and what has changed when the process begins that is to die."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from controller.billing.simulator import Simulator
from controller.demo.kinds import KINDS, Kind
from tests.kills.ground import Ground

Change = Callable[[Simulator, Kind], None]


@dataclass(frozen=True, slots=True)
class Scenario:
    """`before` is brought about step by step, each applied whole; `change` is what the dying process finds.

    `at_once`: how many calls the platform takes at the same time; with 1 the order is always the same.
    """

    name: str
    platform: str
    before: tuple[Change, ...]
    change: Change
    at_once: int = 1

    def prepare(self, ground: Ground) -> None:
        """Bring about what was before."""
        kind = KINDS[self.platform]
        for step in self.before:
            step(ground.wires.billing, kind)
            ended = ground.run("apply", "--refresh")
            assert ended.code == 0, ended.err
        self.change(ground.wires.billing, kind)


def _create(*numbers: int) -> Change:
    def change(billing: Simulator, kind: Kind) -> None:
        for number in numbers:
            billing.change("create", id=f"tv{number:06}", i_product=kind.basic)

    return change


def _block_second(billing: Simulator, _kind: Kind) -> None:
    billing.change("block", i_account=_who(2))


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


def _block_both(billing: Simulator, _kind: Kind) -> None:
    for number in (1, 2):
        billing.change("block", i_account=_who(number))


def _who(number: int) -> int:
    return 70000 + number


def _device(billing: Simulator, number: int) -> str:
    return billing.installation.accounts[_who(number)].custom_fields["TV MAC"] or ""


def _scenarios() -> Mapping[str, Scenario]:
    made = [
        Scenario(f"{platform}/{name}", platform, before, change, at_once)
        for platform in KINDS
        for name, before, change, at_once in (
            ("creates", (), _create(1, 2, 3), 1),
            ("mixed", (_create(1, 2, 3, 4, 5, 6, 7), _block_second), _everything, 1),
            ("crowd", (_create(1, 2, 3, 4, 5, 6, 7), _block_second), _everything, 8),
            ("resumes", (_create(1, 2), _block_both), _on_again_with_more, 1),
        )
    ]
    return {each.name: each for each in made}


SCENARIOS = _scenarios()
"""By their names: `tv/mixed`."""
