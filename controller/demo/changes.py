"""What happens during the demo: to accounts in billing, and what operators get wrong.

Every act chooses accounts that none before it has touched, some on each platform, so that each row of the report
stands for itself; only `unblock` undoes what `block` did. An act that finds nobody is left out: a fleet of three
accounts has no overdraft.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from controller.demo.check import ON, Account, Record
from controller.demo.faults import Order, on_delete, on_move, on_update
from controller.demo.kinds import KINDS, Kind

Change = Mapping[str, object]
"""A change as billing's simulator takes it, without `i_account`."""

Chosen = Mapping[str, Sequence[Account]]
"""Accounts, by the platform that serves them."""

_IPTV_SPORT = KINDS["tv"].sport
_NO_MONEY = frozenset(
    {"overdraft", "zero_balance", "credit_exceeded", "customer_has_no_available_funds", "customer_credit_exceed"}
)


@dataclass(frozen=True, slots=True)
class Act:
    """One kind of change: what the report calls it, whom it can happen to, what happens, and what goes wrong.

    `change` is what billing is told of an account on this platform; `again` the act whose accounts this one takes.
    """

    name: str
    suits: Callable[[Account, Kind], bool]
    change: Callable[[Account, Kind], Change]
    faults: Sequence[Order] = ()
    again: str = ""


def _is_served(account: Account, kind: Kind) -> bool:
    """Whether it has a main product of this platform, and nothing of any other."""
    is_alone = all(addon.i_product == kind.sport for addon in account.addons)
    return is_alone and account.i_product in (kind.basic, kind.family)


def _on(account: Account, kind: Kind) -> bool:
    return account.status is None and _is_served(account, kind)


def _plain(account: Account, kind: Kind) -> bool:
    return _on(account, kind) and account.i_product == kind.basic and not account.addons


def _has_sport(account: Account, kind: Kind) -> bool:
    return _on(account, kind) and [addon.ends for addon in account.addons] == [None]


def _has_no_money(account: Account, kind: Kind) -> bool:
    return _is_served(account, kind) and account.status in _NO_MONEY


def _told(action: str, **more: object) -> Callable[[Account, Kind], Change]:
    return lambda _account, _kind: {"action": action, **more}


def _another_device(account: Account, _kind: Kind) -> Change:
    high, low = account.i_account >> 8 & 255, account.i_account & 255
    return {"action": "device", "devices": [f"00:1A:79:FF:{high:02x}:{low:02x}"]}


def destination(kind: Kind) -> str:
    """The platform to which accounts move from this one."""
    names = list(KINDS)
    return names[(names.index(kind.name) + 1) % len(names)]


def _move(_account: Account, kind: Kind) -> Change:
    return {"action": "product", "i_product": KINDS[destination(kind)].basic}


MOVE = Act("moved here or away", _plain, _move, on_move())
ACTS: Sequence[Act] = (
    Act("blocked", _on, _told("block"), on_update()),
    Act("unblocked", _on, _told("unblock"), again="blocked"),
    Act("topped up", _has_no_money, _told("topup", amount="50")),
    Act("product changed", _plain, lambda _, kind: {"action": "product", "i_product": kind.family}),
    MOVE,
    Act("add-on added", _plain, lambda _, kind: {"action": "addon_add", "i_product": kind.sport}),
    Act("add-on removed", _has_sport, lambda _, kind: {"action": "addon_remove", "i_product": kind.sport}),
    Act("contact changed", _on, _told("contact", contact={"phone1": "+420777", "email": "moved@example.net"})),
    Act("device replaced", _on, _another_device),
    Act("terminated", _on, _told("terminate"), on_delete()),
)


class Cast:
    """Who takes part in what: `size` accounts of each platform in each act. `names` are those of our records."""

    def __init__(self, accounts: Sequence[Account], names: Mapping[str, frozenset[str]], size: int) -> None:
        self._accounts = accounts
        self._names = names
        self._size = size
        self._used: dict[tuple[str, str], Sequence[Account]] = {}
        self._devices = Counter(device for account in accounts for device in account.devices)

    def for_act(self, act: Act, platform: str) -> Sequence[Account]:
        """The accounts of a platform that an act happens to."""
        if act.again:
            return self._used[act.again, platform]
        taken = {account.i_account for accounts in self._used.values() for account in accounts}
        free = (each for each in self._accounts if each.i_account not in taken and act.suits(each, KINDS[platform]))
        chosen = tuple(islice((each for each in free if self._has_part(each, platform)), self._size))
        self._used[act.name, platform] = chosen
        return chosen

    def _has_part(self, account: Account, platform: str) -> bool:
        """Not one that has no record because something is wrong with it, nor one somebody else shares a device with."""
        shares = any(self._devices[device] > 1 for device in account.devices)
        has_record = KINDS[platform].words.name(account) in self._names[platform]
        return not shares and (has_record or account.status not in ON)


def size(accounts: int) -> int:
    """To how many accounts of each platform an act happens: well below the brake, which stops what takes from more."""
    return max(1, min(accounts // 200, 50))


def order(act: Act, account: Account, platform: str) -> Change:
    """What billing is told."""
    return {**act.change(account, KINDS[platform]), "i_account": account.i_account}


def concerned(act: Act, chosen: Chosen) -> Mapping[str, int]:
    """How many accounts of each platform show the act: of those that move, the old platform and the new one both."""
    counts = Counter({name: len(accounts) for name, accounts in chosen.items()})
    if act is MOVE:
        counts.update({destination(KINDS[name]): len(accounts) for name, accounts in chosen.items()})
    return counts


def newcomers(platform: str, count: int) -> Iterator[Change]:
    """Accounts that are opened in mid-run."""
    for number in range(1, count + 1):
        yield {"action": "create", "id": f"{platform}{number:04}", "i_product": KINDS[platform].basic}


def spread(accounts: Sequence[Account]) -> Iterator[Change]:
    """Billing's fleet has the products of one platform; two of three accounts get those of the others.

    Every other one that moves so takes its sport along to the new platform. All else that it had stays where it was,
    so that some accounts are on two platforms.
    """
    tv, kinds = KINDS["tv"], list(KINDS.values())
    for place, account in enumerate(each for each in accounts if each.i_product in (tv.basic, tv.family)):
        kind, change = kinds[place % len(kinds)], {"i_account": account.i_account}
        if kind is tv:
            continue
        product = kind.basic if account.i_product == tv.basic else kind.family
        yield {**change, "action": "product", "i_product": product}
        has_sport = any(addon.i_product == _IPTV_SPORT and addon.ends is None for addon in account.addons)
        if has_sport and place // len(kinds) % 2 == 0:
            yield {**change, "action": "addon_remove", "i_product": _IPTV_SPORT}
            yield {**change, "action": "addon_add", "i_product": kind.sport}


def oddities(accounts: Sequence[Account]) -> Iterator[Change]:
    """What operators get wrong on each platform: an account without a device, and two accounts with one."""
    for kind in KINDS.values():
        plain = [account for account in accounts if _plain(account, kind)]
        if len(plain) >= 10:
            lost, older, younger = plain[1], plain[2], plain[5]
            yield {"action": "device", "i_account": lost.i_account, "devices": []}
            yield {"action": "device", "i_account": younger.i_account, "devices": older.devices}


def strangers(accounts: Sequence[Account], kind: Kind) -> Iterator[Record]:
    """Records that are not ours: made by hand, by another system, by us for another environment, and one in our way."""
    yield from kind.strangers
    plain = [account for account in accounts if _plain(account, kind)]
    yield from (kind.in_the_way(account) for account in plain[9:10])
