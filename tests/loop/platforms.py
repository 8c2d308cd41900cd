"""The three platforms beside one another, as a configuration names them, and what tests have to say about each."""

from collections import Counter
from collections.abc import Mapping

import httpx
import msgspec

from controller.demo.check import WORDS, Record
from platforms.ministra.simulated import User
from platforms.ministra.simulator import PASSWORD as MINISTRA_PASSWORD
from platforms.ministra.simulator import USERNAME as MINISTRA_USERNAME
from platforms.ministra.simulator import MinistraSimulator
from platforms.seachange.simulated import Customer
from platforms.seachange.simulator import PASSWORD, USERNAME, SeaChangeSimulator
from platforms.simulation import Requests
from platforms.telebreeze.simulator import API_KEY, TelebreezeSimulator
from tests.bed import BILLING, TV, Bed

CABLE, BOX = "http://cable.test", "http://box.test"
WITH_PIN = {"device_ids": ["TV MAC"], "login": "TV Login", "password": "TV Password", "pin": "TV PIN"}
Block = Mapping[str, object]


def telebreeze(**over: object) -> Block:
    return {"driver": "telebreeze", "url": TV, "api_key": API_KEY, "requests_per_second": 10000, **over}


def seachange(**over: object) -> Block:
    login = {"username": USERNAME, "password": PASSWORD}
    return {"driver": "seachange", "url": CABLE, **login, "requests_per_second": 10000, **over}


def ministra(**over: object) -> Block:
    login = {"username": MINISTRA_USERNAME, "password": MINISTRA_PASSWORD}
    return {"driver": "ministra", "url": BOX, **login, "requests_per_second": 10000, **over}


def billing(**over: object) -> Block:
    return {"url": BILLING, "custom_fields": WITH_PIN, **over}


def entry(platform: str, i_product: int, *packages: str, limit: int | None = None) -> Block:
    given = {"product": {"i_product": i_product}, "platform": platform, "packages": list(packages)}
    return given if limit is None else {**given, "max_connections": limit}


_CATALOG = (
    entry("tv", 61, "basic", limit=2),
    entry("tv", 62, "basic", "cinema", limit=4),
    entry("tv", 86, "sport"),
    entry("tv", 87, "kids"),
    entry("cable", 63, "basic"),
    entry("cable", 64, "basic", "cinema"),
    entry("cable", 88, "sport"),
    entry("box", 65, "basic"),
    entry("box", 66, "family"),
    entry("box", 89, "sport"),
)


def catalog(*platforms: str) -> list[Block]:
    """The demo's catalog, as far as it is about these platforms: its independent check knows what they give."""
    return [each for each in _CATALOG if each["platform"] in platforms]


def cable(bed: Bed) -> SeaChangeSimulator:
    return bed.platform_at(CABLE, SeaChangeSimulator)


def box(bed: Bed) -> MinistraSimulator:
    return bed.platform_at(BOX, MinistraSimulator)


def simulators(bed: Bed) -> Mapping[str, TelebreezeSimulator | SeaChangeSimulator | MinistraSimulator]:
    """All three, by the name of the platform."""
    return {"tv": bed.platform, "cable": cable(bed), "box": box(bed)}


def customer(bed: Bed, customer_id: str = "tv000001_3") -> Customer:
    """What SeaChange holds, the PIN in clear text."""
    return cable(bed).platform.customers[customer_id]


def user(bed: Bed, login: str = "tv000001") -> User:
    """What Ministra holds, with all that came to the viewer's box."""
    (found,) = box(bed).portal.by_login([login])
    return found


def writes(requests: Requests) -> Counter[str]:
    """The writes by operation."""
    ends = (".create", ".update", ".delete")
    return Counter({name: count for name, count in requests.operations.items() if name.endswith(ends)})


async def announced(bed: Bed, i_account: int) -> None:
    """The account's event arrives and is acted upon; all that is put off for a while is done as well."""
    await bed.espf("Account/Updated", i_account=i_account)
    await bed.act_on_events()


async def said(bed: Bed, platform: str, account: str = "tv000001") -> tuple[str, str]:
    """The account's state on a platform, and the sentence that `explain` has about it."""
    view = (await bed.explain(account))["platforms"][platform]
    return view["state"], view["text"] or ""


def have_service(bed: Bed) -> dict[str, list[str]]:
    """The names of the records that are on, by platform."""
    tv: TelebreezeSimulator = bed.platform
    return {
        "tv": sorted(str(row["externalId"]) for row in tv.operator.customers.values() if row["status"] == "active"),
        "cable": sorted(each.id for each in cable(bed).platform.customers.values() if each.enabled),
        "box": sorted(each.login for each in box(bed).portal.users if each.is_on),
    }


async def dumped(bed: Bed, platform: str) -> list[Record]:
    """Everything that a platform holds, as its simulator dumps it."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(simulators(bed)[platform])) as client:
        answer = await client.get(f"http://platform.test{WORDS[platform].path}")
    return [*msgspec.convert(answer.json()["rows"], list[dict[str, object]])]
