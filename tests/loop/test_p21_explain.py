"""`explain` answers for any account: its first sentences are the answer, and the JSON has the same facts."""

import sqlite3  # noqa: TID251  another program
from collections.abc import Awaitable, Callable, Mapping
from contextlib import closing
from datetime import timedelta
from html import unescape

import pytest

from controller import orders
from controller.billing.simulator.changes import Action
from controller.cli.session import private_copy
from controller.orders import Person, Whose
from controller.store import Pause, Store
from controller.views.explain import ExplainView, SubscriberView, explain_view, formerly
from controller.views.explain_text import explain_lines
from desired_state.subscriber import Owner
from platforms.simulation import Fault
from tests.bed import Bed
from tests.loop.platforms import catalog, ministra, telebreeze
from tests.loop.vanishing import APART, MINUTE, later, neighbours, vanish

MakeBed = Callable[..., Bed]
ONE = "tv000001"


def change(bed: Bed, action: Action, **more: int) -> None:
    (account,) = (each for each in bed.billing.installation.accounts.values() if each.id == ONE)
    bed.billing.change(action, i_account=account.i_account, **more)


async def paused(bed: Bed, *, maintenance: bool = False) -> None:
    now = bed.world.now()
    pause = Pause("tv", "", None, "new racks", "anna", now, now + timedelta(hours=2), maintenance)
    await bed.application.ledger.run(lambda store: orders.pause(store, pause))


async def in_sync(bed: Bed) -> None:
    await bed.full_pass()


async def blocked(bed: Bed) -> None:
    await bed.full_pass()
    change(bed, "block")
    await bed.full_pass()


async def never_read(bed: Bed) -> None:
    bed.billing.faults.add(Fault(operation="Account/get_account_info", kind="status", status=500, count=None))
    await bed.full_pass()


async def unreadable(bed: Bed) -> None:
    await bed.full_pass()
    (account,) = bed.billing.installation.accounts.values()
    account.info["firstname"] = {"no": "text"}  # type: ignore[assignment]
    await bed.espf("Account/Updated", i_account=account.i_account)
    await bed.act_on_events()


async def without_product(bed: Bed) -> None:
    change(bed, "product", i_product=70)
    await bed.full_pass()


async def terminated(bed: Bed) -> None:
    await bed.full_pass()
    change(bed, "terminate")
    await bed.full_pass()


async def exported(bed: Bed) -> None:
    await bed.full_pass()
    (account,) = bed.billing.installation.accounts.values()
    account.customer.bill_status = "E"
    await bed.full_pass()


async def denied_by_billing(bed: Bed) -> None:
    await bed.full_pass()
    (i_account,) = bed.billing.installation.accounts
    del bed.billing.installation.accounts[i_account]
    await bed.espf("Account/Updated", i_account=i_account)
    await bed.act_on_events()


async def pause_has_just_begun(bed: Bed) -> None:
    await bed.full_pass()
    change(bed, "block")
    await paused(bed)
    (i_account,) = bed.billing.installation.accounts
    await bed.espf("Account/Blocked", i_account=i_account)
    await bed.act_on_events()


async def in_maintenance(bed: Bed) -> None:
    await bed.full_pass()
    change(bed, "block")
    await paused(bed, maintenance=True)
    await bed.full_pass()


async def backing_off(bed: Bed) -> None:
    await bed.full_pass()
    change(bed, "block")
    bed.billing.faults.add(Fault(operation="Account/get_account_info", kind="status", status=500, count=None))
    await bed.full_pass()


async def parked(bed: Bed) -> None:
    bed.platform.faults.add(Fault(operation="customers.create", kind="status", status=422))
    await bed.full_pass()


async def in_doubt(bed: Bed) -> None:
    bed.platform.faults.add(Fault(operation="customers.create", kind="lost_answer"))
    await bed.full_pass()


async def breaker_open(bed: Bed) -> None:
    await bed.full_pass()
    change(bed, "block")
    await bed.application.ledger.run(lambda store: store.targets.set_breaker("tv", bed.world.now()))
    bed.platform.faults.add(Fault(operation="*", kind="status", status=503, count=None))
    await bed.full_pass()


async def adoptable(bed: Bed) -> None:
    bed.platform.operator.create({"externalId": "tv000001_3", "notes": "Ana Canary"})
    await bed.full_pass()


async def foreign(bed: Bed) -> None:
    bed.platform.operator.create({"externalId": "tv000001_3", "notes": Owner(9, 7).note})
    await bed.full_pass()


async def device_of_another(bed: Bed) -> None:
    bed.platform.operator.create({"externalId": "x", "devices": [{"deviceId": "001A79000001"}]})
    await bed.full_pass()


CASES: tuple[tuple[Callable[[Bed], Awaitable[None]], tuple[str, ...], Mapping[str, object]], ...] = (
    (in_sync, ("has TV, as it should be", "active, with a product"), {"state": "in_sync", "next_step": None}),
    (blocked, ("no TV (the record is switched off), as it should be", "as blocked"), {"state": "in_sync"}),
    (never_read, ("details have not been read yet", "It goes on"), {"state": "backoff"}),
    (unreadable, ("has TV, and nothing is changed", "could not be understood"), {"state": "held"}),
    (without_product, ("has no TV", "in the catalog"), {}),
    (terminated, ("has no TV", "terminated"), {"state": "no_service", "next_step": None}),
    (exported, ("nothing is changed", "moved to another PortaSwitch", "It goes on when billing"), {"state": "held"}),
    (denied_by_billing, ("has TV, and nothing is changed", "there is none"), {"state": "held"}),
    (pause_has_just_begun, ("is to be turned off", "as blocked", "paused by anna until", "new racks"), {}),
    (in_maintenance, ("is to be turned off", "in maintenance by anna until", "new racks", "resume"), {}),
    (backing_off, ("is to be turned off", "500", "with the next try, at 2026-"), {"state": "backoff"}),
    (parked, ("a record is to be made", "does not accept", "in any case"), {"state": "parked"}),
    (in_doubt, ("a record is to be made", "its answer was lost"), {}),
    (breaker_open, ("is to be turned off", "is left alone since", "answers again"), {"breaker": "open"}),
    (adoptable, ("bears no mark of ours", "adopts the record"), {"state": "conflict"}),
    (foreign, ("was made for i_account 7 of environment 9", "seen to the record"), {"state": "conflict"}),
    (device_of_another, ("001A…01", "record 'x'", "not ours"), {"state": "conflict"}),
)


def only(view: ExplainView) -> SubscriberView | None:
    return view["platforms"].get("tv")


@pytest.mark.parametrize(("happens", "said", "facts"), CASES, ids=[case[0].__name__ for case in CASES])
async def test_p21_the_first_sentences_are_the_answer(
    bed: Bed, happens: Callable[[Bed], Awaitable[None]], said: tuple[str, ...], facts: Mapping[str, object]
) -> None:
    i_account = bed.tv_account()
    await happens(bed)
    view = await bed.explain(f"i_account:{i_account}")
    assert next(explain_lines(view)) == view["answer"]
    assert view["answer"] in unescape((await bed.page(f"/?account=i_account:{i_account}")).text)
    for words in said:
        assert words in view["answer"]
    subscriber = only(view)
    assert subscriber is not None or not facts
    assert facts.items() <= dict(subscriber or {}).items()
    if subscriber is not None and subscriber["difference"]:
        assert subscriber["next_step"], "what is not as it should be says what ends that"
        assert subscriber["observed_at"], "and since when that is known"


async def test_p21_outside_its_change_windows_and_in_mode_observe_a_platform_says_so(make_bed: MakeBed) -> None:
    bed = make_bed(platforms={"tv": telebreeze(change_windows=["03:00-03:01"])})
    bed.tv_account()
    await bed.full_pass()
    assert "outside the change windows" in (await bed.explain(ONE))["answer"]
    bed.reconfigure(platforms={"tv": telebreeze(mode="observe")})
    await bed.full_pass()
    assert "It goes on when the platform's mode is set to enforce." in (await bed.explain(ONE))["answer"]


@pytest.mark.parametrize("by", ["brake", "first_contact"])
async def test_p21_what_waits_for_a_person_names_the_plan_and_the_command(make_bed: MakeBed, by: str) -> None:
    bed = make_bed(brake={"floor": 1, "destructive_fraction": 0.0})
    for number in (1, 2):
        bed.tv_account(number)
    if by == "first_contact":
        bed.platform.operator.create({"externalId": "a stranger"})
    await bed.full_pass()
    if by == "brake":
        for account in list(bed.billing.installation.accounts):
            bed.billing.change("block", i_account=account)
        await bed.full_pass()
    view = await bed.explain(ONE)
    plan = (await bed.status())["platforms"]["tv"]["held_plan"]
    assert plan is not None
    held = view["platforms"]["tv"]["held"]
    assert held is not None
    assert (held["by"], held["plan"]) == (by, plan["hash"])
    assert view["answer"].endswith(f"when a person approves the plan: iptv-reconciler approve {plan['hash']}.")
    anna = Person("anna", bed.world.now())
    await bed.application.ledger.run(lambda store: orders.approve(store, anna, "billing", "tv"))
    after = await bed.explain(ONE)
    assert after["platforms"]["tv"]["held"] is None, "it is approved, and only has to be done"
    (order,) = after["orders"]
    assert (order["action"], order["owner"], order["plan"]) == ("approve", "anna", plan["hash"])


async def test_p21_orders_about_the_account_its_platform_or_all_are_told_and_no_others(bed: Bed) -> None:
    first, second = bed.tv_account(1), bed.tv_account(2)
    await bed.full_pass()
    now = bed.world.now()

    def order(store: Store) -> None:
        for number, target in enumerate(("all", "tv", "elsewhere")):
            until = now + timedelta(hours=1)
            orders.pause(store, Pause(target, "", None, "storm", "bo", now + timedelta(seconds=number), until))
            orders.resume(store, Person("bo", now), target, None)
        for account in (first, second):
            orders.requeue(store, Person("anna", now), Whose("billing", account), {"tv": 3}, secrets=True)

    await bed.application.ledger.run(order)
    view = await bed.explain(ONE)
    assert [(each["action"], each["target"], each["owner"]) for each in view["orders"]] == [
        ("requeue", f"i_account:{first}@billing", "anna"),
        ("resume", "tv", "bo"),
        ("pause", "tv", "bo"),
        ("resume", "all", "bo"),
        ("pause", "all", "bo"),
    ]
    assert any("pause of tv by bo: until" in line and "storm" in line for line in explain_lines(view))


async def test_p21_what_was_done_is_told_with_who_why_before_and_after(bed: Bed) -> None:
    account = bed.tv_account()
    await bed.full_pass()
    bed.billing.change("block", i_account=account)
    await bed.espf("Account/Blocked", i_account=account, i_event=5)
    await bed.act_on_events()
    view = await bed.explain(ONE)
    suspended, created = view["platforms"]["tv"]["last_actions"]
    assert (suspended["kind"], suspended["reason"], suspended["result"]) == ("suspend", "blocked", "ok")
    assert suspended["before"] == created["after"]
    assert suspended["after"] == {**(suspended["before"] or {}), "enabled": False}
    assert (suspended["cause"], suspended["epoch"], suspended["record"]) == ("event", 1, "tv000001_3")
    assert suspended["request_id"] != created["request_id"]
    text = "\n".join(explain_lines(view))
    assert "because of espf event Account/Blocked 5" in text
    assert "enabled: True -> False" in text


async def test_p21_the_newest_ten_calls_are_told_also_of_a_platform_that_has_no_more_to_do_with_it(
    make_bed: MakeBed,
) -> None:
    bed = make_bed(platforms={"tv": telebreeze(on_no_service="delete"), "box": ministra()}, catalog=catalog("tv"))
    account = bed.tv_account()
    for _ in range(6):
        for product in (61, 70):
            bed.billing.change("product", i_account=account, i_product=product)
            await bed.full_pass()
    await bed.converge(2)
    view = await bed.explain(ONE)
    assert bed.customers() == []
    past = view["platforms"]["tv"]
    assert [each["kind"] for each in past["last_actions"]] == ["delete", "create"] * 5
    assert "in the catalog" in view["answer"]
    assert "box" not in view["platforms"]


async def test_p21_an_account_is_found_by_its_former_id_and_one_that_got_it_is_told(bed: Bed) -> None:
    old = bed.tv_account(1)
    await bed.full_pass()
    bed.billing.change("terminate", i_account=old)
    await bed.full_pass()
    store = await bed.store()
    found = formerly(store, ["billing"], ONE)
    assert found is not None
    assert found[1].account.i_account == old
    new = bed.tv_account(1)
    await bed.full_pass()
    view = await bed.explain(ONE)
    assert (view["account"]["i_account"], view["former_ids"]) == (new, [])
    (namesake,) = view["namesakes"]
    assert (namesake["i_account"], namesake["id"]) == (old, "tv000001-old000")
    other = await bed.explain(f"i_account:{old}")
    assert [each["id"] for each in other["former_ids"]] == [ONE]
    assert [each["i_account"] for each in other["namesakes"]] == [new]
    assert any("was called tv000001 until" in line for line in explain_lines(other))


async def test_p21_it_answers_while_another_program_holds_the_database(bed: Bed) -> None:
    account = bed.tv_account()
    await bed.full_pass()
    with closing(sqlite3.connect(bed.config.store.path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        copy = private_copy(bed.config.store.path)
        found = copy.accounts("billing").get(account)
        assert found is not None
        (installation,) = bed.application.installations
        view = explain_view(copy, installation.billing, found, installation.fleet.house, bed.world.now())
        copy.close()
    assert "has TV" in view["answer"]


async def test_p21_an_account_that_vanished_says_so_before_and_after_that_is_proven(bed: Bed) -> None:
    account, _ = await neighbours(bed)
    vanish(bed, account)
    await later(bed, MINUTE)
    view = await bed.explain(ONE)
    assert view["answer"].startswith(
        "On platform tv the customer has TV, and nothing is changed: billing's last complete"
    )
    assert view["answer"].endswith("when billing shows the account again, or it is proven to be gone.")
    await later(bed, APART)
    gone = (await bed.explain(ONE))["answer"]
    assert "no TV (the record is switched off), as it should be: absent from billing since" in gone
