"""What happens during the demo: to accounts in billing, and to records behind our back.

Every act chooses accounts that none before it has touched, so that each row of the report stands for itself; only
`unblock` undoes what `block` did. An act that finds nobody is left out: a fleet of three accounts has no overdraft.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from controller.demo.check import ON, Account, Record
from controller.demo.faults import Order, on_delete, on_update

Change = Mapping[str, object]
"""A change as billing's simulator takes it, without `i_account`."""

_BASIC, _FAMILY, _SPORT = 61, 62, 86
_NO_MONEY = frozenset(
    {"overdraft", "zero_balance", "credit_exceeded", "customer_has_no_available_funds", "customer_credit_exceed"}
)


@dataclass(frozen=True, slots=True)
class Act:
    """One kind of change: what the report calls it, whom it can happen to, what happens, and what goes wrong."""

    name: str
    suits: Callable[[Account], bool]
    change: Change
    faults: Sequence[Order] = ()
    again: str = ""  # the act whose accounts this one takes


def _on(account: Account) -> bool:
    return account.status is None and account.i_product in (_BASIC, _FAMILY)


def _plain(account: Account) -> bool:
    return _on(account) and account.i_product == _BASIC and not account.addons


def _has_sport(account: Account) -> bool:
    return _on(account) and [addon.i_product for addon in account.addons if addon.ends is None] == [_SPORT]


SCENES: Sequence[Sequence[Act]] = (
    (Act("blocked", _on, {"action": "block"}, on_update()),),
    (Act("unblocked", _on, {"action": "unblock"}, again="blocked"),),
    (Act("topped up", lambda account: account.status in _NO_MONEY, {"action": "topup", "amount": "50"}),),
    (Act("product changed", _plain, {"action": "product", "i_product": _FAMILY}),),
    (Act("terminated", _on, {"action": "terminate"}, on_delete()),),
    (
        Act("add-on added", _plain, {"action": "addon_add", "i_product": _SPORT}),
        Act("add-on removed", _has_sport, {"action": "addon_remove", "i_product": _SPORT}),
        Act("contact changed", _on, {"action": "contact"}),
        Act("device replaced", _on, {"action": "device"}),
    ),
)
"""What happens at the same time. The last four do not show in billing's list: they are found by the detail audit."""


class Cast:
    """Who takes part in what: `size` accounts in each act. `names` are those whose records are ours."""

    def __init__(self, accounts: Sequence[Account], names: frozenset[str], size: int) -> None:
        self._accounts = accounts
        self._names = names
        self._size = size
        self._used: dict[str, Sequence[Account]] = {}
        self._devices = Counter(device for account in accounts for device in account.devices)

    def for_act(self, act: Act) -> Sequence[Account]:
        """The accounts an act happens to."""
        if act.again:
            return self._used[act.again]
        taken = {account.i_account for accounts in self._used.values() for account in accounts}
        free = (each for each in self._accounts if each.i_account not in taken and act.suits(each))
        self._used[act.name] = tuple(islice((each for each in free if self._has_part(each)), self._size))
        return self._used[act.name]

    def _has_part(self, account: Account) -> bool:
        """Not one that has no record because something is wrong with it, nor one somebody else shares a device with."""
        shares = any(self._devices[device] > 1 for device in account.devices)
        return not shares and (account.name in self._names or account.status not in ON)


def size(accounts: int) -> int:
    """To how many accounts each act happens: well below the brake, which stops what takes from more than 5 %."""
    return max(2, min(accounts // 100, 50))


def order(act: Act, account: Account) -> Change:
    """What billing is told."""
    return {**act.change, **_own(act, account), "i_account": account.i_account}


def newcomer(number: int) -> Change:
    """An account that is opened in mid-run."""
    return {"action": "create", "id": f"new{number:04}", "i_product": _BASIC}


def oddities(accounts: Sequence[Account]) -> list[Change]:
    """What operators get wrong: an account without a device, and two accounts with one."""
    plain = [account for account in accounts if _plain(account)]
    if len(plain) < 10:
        return []
    lost, older, younger = plain[1], plain[2], plain[5]
    return [
        {"action": "device", "i_account": lost.i_account, "devices": []},
        {"action": "device", "i_account": younger.i_account, "devices": older.devices},
    ]


def strangers(accounts: Sequence[Account]) -> list[Record]:
    """Records that are not ours: made by hand, by another system, by us for another environment, and one in our way."""
    theirs: list[Record] = [
        {"firstName": "Lobby", "packages": ["1"], "devices": [{"deviceId": "lobby-screen"}], "notes": "do not touch"},
        {"firstName": "Test", "status": "disabled", "username": "test"},
        {"externalId": "hotel-4711", "packages": ["1", "2"], "notes": "hotel system"},
        {"externalId": "tv070001_9", "notes": "iptv-reconciler env=9 i_account=70001"},
    ]
    in_the_way = [{"externalId": account.name, "notes": "made by hand"} for account in accounts if _plain(account)]
    return theirs + in_the_way[9:10]


FOREIGN_EDIT: Record = {"status": "disabled", "packages": ["3"], "notes": "", "phone": "0"}
"""What somebody does in the panel to records of ours: switched off, other packages, our mark wiped."""


def _own(act: Act, account: Account) -> Change:
    """What is different for each account."""
    if act.change["action"] == "device":
        return {"devices": [f"00:1A:79:FF:{account.i_account >> 8 & 255:02x}:{account.i_account & 255:02x}"]}
    return {}
