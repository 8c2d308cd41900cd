"""`plan --candidate`: what another configuration would do that is not due anyway (promise P25)."""

from controller.app import Application, assemble
from controller.config import Config, from_values
from controller.fleet import PassOptions
from controller.store import Store
from controller.store.ledger import Ledger
from controller.surveys import survey, try_candidate
from controller.views.plan import Found, PlanView, plan_lines, plan_markdown
from platforms.simulation import Fault
from tests.bed import TV, Bed, configuration, configured

FIRST = {"driver": "telebreeze", "url": TV, "api_key": "simulated", "requests_per_second": 10000}
SECOND = {**FIRST, "url": "http://tv2.test"}
DETAILS = "Account/get_account_info"
BLOCKED_IS_ACTIVE = {"rules": {"status": {"blocked": "active"}}}


async def tried(bed: Bed, **blocks: object) -> tuple[PlanView, Found]:
    """What the command shows, and finds, of a configuration with these blocks laid over the usual ones."""
    return await tried_as(bed, configuration(bed.folder, blocks))


async def tried_on(bed: Bed, name: str, platform: object) -> tuple[PlanView, Found]:
    """The same of a configuration with this platform alone."""
    catalog = [{"product": {"i_product": 61}, "platform": name, "packages": ["basic"]}]
    values = {**configured(bed.folder, {"catalog": catalog}), "platforms": {name: platform}}
    return await tried_as(bed, from_values(values, bed.folder))


async def tried_as(bed: Bed, config: Config) -> tuple[PlanView, Found]:
    """On copies of the store, as the command does it."""
    store = (await bed.store()).copy()

    def over(copy: Store, config: Config) -> Application:
        return assemble(config, Ledger(lambda: copy, threaded=False), bed.world, bed.network(config))

    running = over(store, bed.config)
    reports = await survey(running, PassOptions(whole_plan=True))
    candidate = over(store.copy(), config.keeping(bed.config))
    outcome = await try_candidate(candidate, running, reports, bed.world.now())
    for application in (running, candidate):
        await application.aclose()
    return outcome


async def served(bed: Bed, accounts: int) -> list[int]:
    numbers = [bed.tv_account(number) for number in range(1, accounts + 1)]
    await bed.full_pass()
    return numbers


async def test_p25_it_counts_the_accounts_that_it_touches_beyond_what_is_due_anyway(bed: Bed) -> None:
    blocked, due, _ = await served(bed, 3)
    bed.billing.change("block", i_account=blocked)
    await bed.full_pass()
    bed.billing.change("product", i_account=due, i_product=62)
    view, _ = await tried(bed, **BLOCKED_IS_ACTIVE)
    assert view["summary"] == {"tv": {"resume": 1, "update": 1}}
    assert view["candidate"] == {
        "keys": ["rules.status.blocked"], "accounts": 1, "summary": {"tv": {"resume": 1}}, "dropped": [],
    }  # fmt: skip
    assert [(each["kind"], each["due_anyway"]) for each in view["changes"]] == [("resume", False), ("update", True)]


async def test_p25_what_is_due_and_would_not_be_done_is_named(bed: Bed) -> None:
    account, _ = await served(bed, 2)
    bed.billing.change("block", i_account=account)
    view, _ = await tried(bed, **BLOCKED_IS_ACTIVE)
    assert view["changes"] == []
    assert view["candidate"] is not None
    assert view["candidate"]["accounts"] == 1
    assert [(each["kind"], each["account"]["i_account"]) for each in view["candidate"]["dropped"]] == [
        ("suspend", account)
    ]


async def test_p25_a_brake_that_lets_a_held_plan_go_touches_everybody_in_it(bed: Bed) -> None:
    accounts = await served(bed, 12)
    for account in accounts:
        bed.billing.change("block", i_account=account)
    view, _ = await tried(bed, brake={"floor": 20, "daily_floor": 20})
    assert view["candidate"] is not None
    assert (view["held"], view["candidate"]["accounts"]) == (0, 12)
    view, _ = await tried(bed)
    assert view["candidate"] is not None
    assert (view["held"], view["candidate"]["accounts"]) == (12, 0)


async def test_p25_both_plans_rest_on_one_reading(bed: Bed) -> None:
    await served(bed, 3)
    bed.tv_account(4)
    bed.billing.requests.reset()
    bed.platform.requests.reset()
    await bed.plan()
    alone = bed.billing.requests.operations.copy(), bed.platform.requests.operations.copy()
    bed.tv_account(5)
    bed.billing.requests.reset()
    bed.platform.requests.reset()
    await tried(bed, **BLOCKED_IS_ACTIVE)
    assert (bed.billing.requests.operations, bed.platform.requests.operations) == alone


async def test_p25_an_account_that_moves_to_another_platform_counts_once(bed: Bed) -> None:
    await served(bed, 2)
    catalog = [{"product": {"i_product": 61}, "platform": "tv2", "packages": ["basic"]}]
    view, _ = await tried(bed, platforms={"tv": FIRST, "tv2": SECOND}, catalog=catalog)
    assert view["candidate"] is not None
    assert view["candidate"]["accounts"] == 2
    assert view["candidate"]["keys"] == ["catalog", "platforms.tv2"]
    assert view["candidate"]["summary"]["tv2"] == {"create": 2}


async def test_p25_a_platform_that_the_candidate_does_not_have_is_left_as_it_is(bed: Bed) -> None:
    account, _ = await served(bed, 2)
    bed.billing.change("block", i_account=account)
    view, _ = await tried_on(bed, "tv2", SECOND)
    assert view["candidate"] is not None
    assert [(each["platform"], each["kind"]) for each in view["candidate"]["dropped"]] == [("tv", "suspend")]
    assert {each["platform"] for each in view["changes"]} == {"tv2"}


async def test_p25_a_platform_under_another_name_finds_its_records_by_their_marks(bed: Bed) -> None:
    await served(bed, 2)
    view, _ = await tried_on(bed, "cinema", FIRST)
    assert [each["kind"] for each in view["changes"] if each["kind"] == "create"] == []


async def test_p25_other_custom_fields_have_all_details_read_anew(bed: Bed) -> None:
    await served(bed, 2)
    bed.billing.requests.reset()
    view, _ = await tried(bed, billing={"custom_fields": {"device_ids": ["Other Field"]}})
    assert bed.billing.requests.operations[DETAILS] == 2
    assert view["candidate"] is not None
    assert "billing.custom_fields.device_ids" in view["candidate"]["keys"]


async def test_p25_other_credentials_are_tried(bed: Bed) -> None:
    await served(bed, 1)
    _, found = await tried(bed, platforms={"tv": {**FIRST, "api_key": "wrong"}})
    assert found.failed == ("tv",)


async def test_p25_a_platform_that_cannot_be_read_is_named(bed: Bed) -> None:
    await served(bed, 1)
    bed.platform.faults.add(Fault(operation="customers.list", kind="status", status=503, count=None))
    view, found = await tried(bed, **BLOCKED_IS_ACTIVE)
    assert (found.failed, view["unread"]) == (("tv",), ["tv"])


async def test_p09_p25_nothing_is_written_anywhere(bed: Bed) -> None:
    accounts = await served(bed, 3)
    bed.billing.change("block", i_account=accounts[0])
    before = (await bed.store()).db.conn.execute("SELECT total_changes()").fetchone()
    bed.platform.requests.reset()
    await tried(bed, **BLOCKED_IS_ACTIVE, platforms={"tv": FIRST, "tv2": SECOND})
    assert bed.platform.requests.writes == 0
    assert bed.platform_at("http://tv2.test").requests.writes == 0
    assert (await bed.store()).db.conn.execute("SELECT total_changes()").fetchone() == before


async def test_p25_text_and_markdown_say_how_many_it_touches(bed: Bed) -> None:
    blocked, due, dropped = await served(bed, 3)
    bed.billing.change("block", i_account=blocked)
    await bed.full_pass()
    bed.billing.change("product", i_account=due, i_product=62)
    bed.billing.change("block", i_account=dropped)
    view, _ = await tried(bed, **BLOCKED_IS_ACTIVE)
    text, table = list(plan_lines(view)), list(plan_markdown(view))
    assert [line.endswith("due anyway") for line in text[:2]] == [False, True]
    ending = [
        f"not done: suspend  tv000003 (i_account {dropped}) on tv: enabled  [blocked]",
        "tv: 1 resume by the candidate alone",
        "the candidate touches 2 accounts otherwise than is due anyway",
        "settings that differ: rules.status.blocked",
        f"plan {view['hash']}",
    ]
    assert text[-5:] == table[-5:] == ending
    assert (table[0].split(" | ")[-1], table[3].endswith("| yes |")) == ("due anyway |", True)
