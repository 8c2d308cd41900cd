"""The demo's platforms, one of each kind: what is sold there, how its daemon is told of it, and what disturbs it.

Rules of this module:

1. What the simulators are sent is what a person does in the platform's panel, in that platform's own words.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from controller.demo.check import WORDS, Account, Record, Words
from platforms.ministra import simulator as ministra
from platforms.seachange import simulator as seachange
from platforms.telebreeze import simulator as telebreeze

Settings = Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One platform, with the name that the demo's configuration gives it.

    `driver` names its driver and its simulator; `settings` is what else the configuration says. `basic`, `family` and
    `sport` are products: two main ones, and an add-on to both. `creates`, `updates` and `deletes` are the operations
    that write, `lists` the one that reads all records, `per_round` one that is asked for once a pass. `strangers` are
    records of others; `in_the_way` makes one that has the name of an account of ours. `edit` is the request by which
    somebody spoils a record of ours; `oldest_first` the field that tells which have been left alone for longest.
    """

    name: str
    driver: str
    settings: Settings
    basic: int
    family: int
    sport: int
    creates: str
    updates: str
    deletes: str
    per_round: str
    lists: str
    strangers: Sequence[Record]
    in_the_way: Callable[[Account], Record]
    edit: Callable[[Record], tuple[str, str, Record]]
    oldest_first: str

    @property
    def words(self) -> Words:
        """What it says, to be judged."""
        return WORDS[self.name]


def _edit_at_telebreeze(record: Record) -> tuple[str, str, Record]:
    spoilt = {"status": "disabled", "packages": ["3"], "notes": "", "phone": "0"}
    return "PATCH", f"{WORDS['tv'].path}/{record['id']}", spoilt


def _edit_at_seachange(record: Record) -> tuple[str, str, Record]:
    spoilt = {"enabled": False, "products": ["kids"], "note": "", "pin": ""}
    return "PUT", f"{WORDS['cable'].path}/{record['id']}", {**record, **spoilt}


def _edit_at_ministra(record: Record) -> tuple[str, str, Record]:
    spoilt = {"status": "0", "tariff_plan": "trial", "comment": "", "phone": "0"}
    return "PATCH", f"{WORDS['box'].path}/{record['login']}", spoilt


_KINDS = (
    Kind(
        name="tv",
        driver="telebreeze",
        settings={"api_key": telebreeze.API_KEY, "degrade": ["pin"]},
        basic=61,
        family=62,
        sport=86,
        creates="customers.create",
        updates="customers.update",
        deletes="customers.delete",
        per_round="packages.list",
        lists="customers.list",
        strangers=(
            {"firstName": "Lobby", "packages": ["1"], "devices": [{"deviceId": "lobby-screen"}], "notes": "by hand"},
            {"firstName": "Test", "status": "disabled", "username": "test"},
            {"externalId": "hotel-4711", "packages": ["1", "2"], "notes": "hotel system"},
            {"externalId": "tv070001_9", "notes": "iptv-reconciler env=9 i_account=70001"},
        ),
        in_the_way=lambda account: {"externalId": WORDS["tv"].name(account), "notes": "made by hand"},
        edit=_edit_at_telebreeze,
        oldest_first="updatedAt",
    ),
    Kind(
        name="cable",
        driver="seachange",
        settings={"username": seachange.USERNAME, "password": seachange.PASSWORD},
        basic=63,
        family=64,
        sport=88,
        creates="customers.create",
        updates="customers.update",
        deletes="customers.delete",
        per_round="products.list",
        lists="customers.list",
        strangers=(
            {"id": "lobby", "enabled": True, "products": ["basic"], "cpes": ["lobby-screen"], "note": "by hand"},
            {"id": "hotel-4711", "enabled": True, "products": ["kids"], "pin": "0000"},
            {"id": "tv070001_9", "note": "iptv-reconciler env=9 i_account=70001"},
        ),
        in_the_way=lambda account: {"id": WORDS["cable"].name(account), "note": "made by hand"},
        edit=_edit_at_seachange,
        oldest_first="revision",
    ),
    Kind(
        name="box",
        driver="ministra",
        settings={"username": ministra.USERNAME, "password": ministra.PASSWORD, "degrade": ["devices", "pin"]},
        basic=65,
        family=66,
        sport=89,
        creates="users.create",
        updates="users.update",
        deletes="users.delete",
        per_round="services_package.list",
        lists="accounts.list",
        strangers=(
            {"login": "Lobby", "tariff_plan": "family", "rows": ["sport"], "comment": "by hand"},
            {"login": "hotel", "account_number": "tv070003", "status": "1"},  # the number is an account's of ours, too
            {"login": "", "stb_mac": "00:1A:79:AA:AA:AA"},  # a box that registered itself
        ),
        in_the_way=lambda account: {"login": WORDS["box"].name(account), "comment": "made by hand"},
        edit=_edit_at_ministra,
        oldest_first="switched_at",
    ),
)
KINDS: Mapping[str, Kind] = {kind.name: kind for kind in _KINDS}
"""By their names."""
