"""Several billing environments in one process: each with its own session, limits and platforms; none touches another.

The two here are as alike as can be: the same account ids and the same `i_account`s stand for different people.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from controller.billing.simulator import Simulator
from controller.config import ConfigError
from controller.views.explain import Ambiguous
from platforms.simulation import Fault
from platforms.telebreeze.simulator import API_KEY
from tests.bed import BILLING, TV, Bed

WEST, TV_WEST = "http://west.test", "http://tv-west.test"

MakeBed = Callable[..., Bed]


def environment(name: str, **over: object) -> dict[str, object]:
    return {
        "name": name,
        "url": {"east": BILLING, "west": WEST}[name],
        "environment": {"east": 3, "west": 5}[name],
        "login": "iptv-reconciler",
        "token": "simulated-token",
        "requests_per_second": 10000,
        "custom_fields": {"device_ids": ["TV MAC"]},
        **over,
    }


def platform(billing: str, url: str) -> dict[str, object]:
    return {"driver": "telebreeze", "url": url, "api_key": API_KEY, "billing": billing, "requests_per_second": 10000}


def entry(platform: str, i_product: int = 61) -> dict[str, object]:
    return {"product": {"i_product": i_product}, "platform": platform, "packages": ["basic"]}


@pytest.fixture
def make_two(make_bed: MakeBed) -> MakeBed:
    """Two environments, each with a platform: east `tv`, west `tv_west`; `west` and `shared` change that."""

    def make(*, shared: bool = False, west: dict[str, object] | None = None, **blocks: object) -> Bed:
        platforms = {"tv": platform("east", TV), "tv_west": platform("west", TV if shared else TV_WEST)}
        billing = [environment("east"), environment("west", **(west or {}))]
        given = {"billing": billing, "platforms": platforms, "catalog": [entry("tv"), entry("tv_west")], **blocks}
        return make_bed(**given)

    return make


def west(bed: Bed) -> Simulator:
    return bed.billing_at(WEST)


def west_customers(bed: Bed) -> list[Any]:
    return list(bed.platform_at(TV_WEST).operator.customers.values())


async def test_equal_ids_and_numbers_are_different_people_side_by_side(make_two: MakeBed) -> None:
    bed = make_two()
    here, there = bed.tv_account(), bed.tv_account(billing=west(bed))
    assert here == there

    await bed.full_pass()
    west(bed).change("block", i_account=there)
    await bed.converge()

    assert [(row["externalId"], row["status"]) for row in bed.customers()] == [("tv000001_3", "active")]
    assert [(row["externalId"], row["status"]) for row in west_customers(bed)] == [("tv000001_5", "disabled")]


async def test_two_environments_share_an_instance_and_leave_each_other_alone(make_two: MakeBed) -> None:
    bed = make_two(shared=True)
    here, there = bed.tv_account(), bed.tv_account(billing=west(bed))
    west(bed).change("device", i_account=there, devices=["00:1A:79:00:00:AA"])
    await bed.full_pass()
    before = bed.customer("tv000001_3")
    assert (here, before["notes"]) == (there, f"iptv-reconciler env=3 i_account={here}")
    assert bed.customer("tv000001_5")["notes"] == f"iptv-reconciler env=5 i_account={there}"

    west(bed).change("terminate", i_account=there)
    await bed.converge()

    assert bed.customers() == [before]


async def test_a_lost_database_finds_the_records_of_each_environment_again(make_two: MakeBed) -> None:
    bed = make_two(shared=True)
    bed.tv_account()
    there = bed.tv_account(billing=west(bed))
    west(bed).change("device", i_account=there, devices=["00:1A:79:00:00:AA"])
    await bed.full_pass()
    bed.lose_the_database()
    west(bed).change("terminate", i_account=there)

    await bed.converge()

    assert [(row["externalId"], row["status"]) for row in bed.customers()] == [("tv000001_3", "active")]


async def test_a_product_of_one_environment_means_nothing_in_the_other(make_two: MakeBed) -> None:
    bed = make_two(catalog=[entry("tv", 61), entry("tv_west", 62)])
    bed.tv_account(1)
    west(bed).change("create", id="tv000009", i_product=61)

    await bed.full_pass()

    assert (await bed.explain("tv000001"))["decision"]["presence"] == "active"
    assert (await bed.explain("tv000009"))["decision"]["presence"] == "dormant"
    assert west_customers(bed) == []


TROUBLES: dict[str, tuple[dict[str, object], dict[str, object], str]] = {
    "down": ({}, {"kind": "status", "status": 503}, "HTTP 503"),
    "lost": ({}, {"kind": "lost_answer"}, "could not be heard"),
    "a proxy's page": ({}, {"kind": "html"}, "proxy"),
    "garbage": ({}, {"kind": "garbage"}, "not"),
    "a wrong password": ({"token": "wrong"}, {}, "does not accept our login"),
}


@pytest.mark.parametrize(("settings", "fault", "text"), TROUBLES.values(), ids=TROUBLES)
async def test_one_that_fails_does_not_touch_the_other(
    make_two: MakeBed, settings: dict[str, object], fault: dict[str, object], text: str
) -> None:
    bed = make_two(west=settings)
    account = bed.tv_account()
    bed.tv_account(billing=west(bed))
    if fault:
        west(bed).faults.add(Fault.model_validate({"count": None, **fault}))

    await bed.full_pass()
    assert bed.customer("tv000001_3")["status"] == "active"
    bed.billing.change("block", i_account=account)
    await bed.converge()

    assert bed.customer("tv000001_3")["status"] == "disabled"
    assert west_customers(bed) == []
    status = await bed.status()
    sources = status["billing"]["sources"]
    assert (sources["east"]["complete"], sources["east"]["text"]) == (True, None)
    assert text in (sources["west"]["text"] or "")
    assert (status["billing"]["text"] or "").startswith("west: ")
    assert status["platforms"]["tv"]["text"] is None
    assert not status["healthy"]


async def test_one_whose_calls_hang_holds_up_no_pass_of_the_other(make_two: MakeBed) -> None:
    bed = make_two()
    account = bed.tv_account()
    west(bed).faults.add(Fault(operation="*", kind="delay", seconds=10 * 3600, count=None))
    async with bed.daemon():
        await bed.world.sleep(60)
        assert bed.customer("tv000001_3")["status"] == "active"

        bed.billing.change("block", i_account=account)
        bed.application.loop.ask_for_pass()
        await bed.world.sleep(60)

        assert bed.customer("tv000001_3")["status"] == "disabled"


async def test_each_has_a_session_and_limits_of_its_own(make_two: MakeBed) -> None:
    bed = make_two(west={"requests_per_second": 2, "max_concurrency": 1})
    for number in range(1, 11):
        bed.tv_account(number)
        bed.tv_account(number, billing=west(bed))
    began = bed.world.now()

    async with bed.daemon():
        await bed.world.sleep(60)

    assert (bed.billing.sessions.logins, west(bed).sessions.logins) == (1, 1)
    assert west(bed).requests.most_in_flight == 1
    created = [[row["createdAt"] for row in rows] for rows in (bed.customers(), west_customers(bed))]
    assert max(created[0]) < (began + timedelta(seconds=2)).isoformat()
    assert max(created[1]) > (began + timedelta(seconds=10)).isoformat()


async def test_a_session_that_is_lost_in_one_is_renewed_there_only(make_two: MakeBed) -> None:
    bed = make_two()
    await bed.full_pass()
    west(bed).sessions.lose()

    await bed.full_pass()

    assert (bed.billing.sessions.logins, west(bed).sessions.logins) == (1, 2)


async def test_metrics_name_the_billing_that_fails(make_two: MakeBed) -> None:
    bed = make_two()
    west(bed).faults.add(Fault(operation="Account/get_account_list", kind="status", status=500, count=None))

    await bed.full_pass()
    store = await bed.store()

    text = bed.application.metrics.render().decode()
    sample = 'iptv_reconciler_requests_total{{operation="Account/get_account_list",outcome="{}",target="{}"}} 1.0'
    assert sample.format("ok", "east") in text
    assert sample.format("failed", "west") in text
    assert sample.format("failed", "east") not in text
    assert [store.targets.reading(name).complete for name in ("east", "west")] == [True, False]


async def test_explain_finds_accounts_of_either_and_asks_which_where_both_have_one(make_two: MakeBed) -> None:
    bed = make_two()
    both = bed.tv_account(1)
    bed.tv_account(1, billing=west(bed))
    bed.tv_account(2)
    west(bed).change("create", id="only-west", i_product=61)
    await bed.full_pass()

    assert (await bed.explain("tv000002"))["billing"]["name"] == "east"
    assert (await bed.explain("only-west"))["billing"]["name"] == "west"
    for asked in ("tv000001", f"i_account:{both}"):
        with pytest.raises(Ambiguous, match=r"2 billing sources know an account .* say --billing, one of east, west"):
            await bed.explain(asked)


async def test_an_event_is_for_the_environment_it_names(make_two: MakeBed) -> None:
    events = {"espf": {"username": "espf", "password": "espf-secret"}}
    bed = make_two(events=events)
    account = bed.tv_account()
    bed.tv_account(billing=west(bed))
    await bed.full_pass()

    await bed.espf("Account/Blocked", i_event=1, i_account=account, i_env=5)

    queues = {each.name: each.queue for lot in bed.application.installations for each in lot.billing.platforms}
    assert {name for name, queue in queues.items() if len(queue)} == {"tv_west"}


async def test_each_is_told_of_its_own_accounts(make_two: MakeBed) -> None:
    bed = make_two(west={"write_back": {"enabled": True}})
    account = bed.tv_account()
    bed.tv_account(billing=west(bed))
    await bed.full_pass()
    (writer,) = [each.writer for each in bed.application.installations if each.writer is not None]

    await writer.tell_all()

    assert [each.i_account for each in west(bed).installation.statuses] == [account]
    assert bed.billing.installation.statuses == []


def test_two_platforms_at_one_address_must_serve_different_environments(make_two: MakeBed) -> None:
    with pytest.raises(ConfigError, match="each would take the other's records for its own"):
        make_two(shared=True, west={"environment": 3})


def test_two_platforms_at_one_address_may_serve_one_environment_where_only_one_writes(make_two: MakeBed) -> None:
    watching = {**platform("east", TV), "mode": "observe"}
    bed = make_two(platforms={"tv": platform("east", TV), "tv_west": platform("west", TV_WEST), "watching": watching})
    assert bed.config.platforms["watching"].mode == "observe"


def test_a_platform_names_its_billing_where_there_are_several(make_two: MakeBed) -> None:
    nameless = {name: value for name, value in platform("east", TV).items() if name != "billing"}
    with pytest.raises(ConfigError, match=r"platforms\.tv\.billing: is required"):
        make_two(platforms={"tv": nameless, "tv_west": platform("west", TV_WEST)})
