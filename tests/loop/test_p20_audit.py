"""Every call to a platform leaves a row: who or what caused it, by which rule, before, after, and what came of it."""

from collections.abc import Callable

import pytest

from controller import orders
from controller.adoption import adoption_plan
from controller.orders import Person, Whose
from controller.store import AuditRow, Store
from desired_state.subscriber import SubscriberKey
from platforms.simulation import Fault
from tests.bed import Bed
from tests.loop.platforms import box, catalog, ministra, telebreeze

MakeBed = Callable[..., Bed]
TIGHT = {"floor": 1, "destructive_fraction": 0.0}


async def rows(bed: Bed, i_account: int, platform: str = "tv") -> list[AuditRow]:
    """The account's rows, the oldest first."""
    store = await bed.store()
    return store.journal.latest(SubscriberKey(platform, i_account), 1000)[::-1]


async def last(bed: Bed, i_account: int, platform: str = "tv") -> AuditRow:
    return (await rows(bed, i_account, platform))[-1]


async def order(bed: Bed, give: Callable[[Store, Person], object]) -> None:
    """An order of Anna's, given now."""
    anna = Person("anna", bed.world.now())
    await bed.application.ledger.run(lambda store: give(store, anna))


async def held_hash(bed: Bed) -> str:
    held = (await bed.status())["platforms"]["tv"]["held_plan"]
    assert held is not None
    return held["hash"]


async def test_p20_a_pass_tells_rule_before_after_request_and_epoch(bed: Bed) -> None:
    account = bed.tv_account()
    await bed.full_pass()
    bed.billing.change("block", i_account=account)
    await bed.full_pass()
    created, suspended = await rows(bed, account)
    assert (created.kind, created.reason, created.cause, created.result) == ("create", "entitled", "pass", "ok")
    assert (suspended.kind, suspended.reason, suspended.result) == ("suspend", "blocked", "ok")
    assert (created.before, created.external_id) == (None, "tv000001_3")
    assert suspended.before == created.after
    assert suspended.after == (created.after or "").replace('"enabled":true', '"enabled":false')
    assert created.request_id != suspended.request_id
    assert (suspended.plan, suspended.caused_by, suspended.epoch) == (None, None, 1)


async def test_p20_a_call_tells_the_event_that_caused_it(bed: Bed) -> None:
    await bed.full_pass()
    account = bed.tv_account()
    await bed.espf("Account/New", i_account=account, i_event=17)
    await bed.act_on_events()
    row = await last(bed, account)
    assert (row.cause, row.caused_by) == ("event", f"espf event Account/New 17 about account {account}")


@pytest.mark.parametrize("subject", ["i_customer", "i_product"])
async def test_p20_so_does_one_that_an_event_about_many_caused(bed: Bed, subject: str) -> None:
    account = bed.tv_account()
    await bed.full_pass()
    known = bed.billing.installation.accounts[account]
    number = known.i_product if subject == "i_product" else known.customer.i_customer
    bed.billing.change("block", i_account=account)
    event_type = "Product/ServiceAttribute/Changed" if subject == "i_product" else "Customer/Blocked"
    await bed.espf(event_type, i_event=18, **{subject: number})
    await bed.act_on_events()
    row = await last(bed, account)
    assert row.kind == "suspend"
    assert row.caused_by == f"espf event {event_type} 18 about {subject.removeprefix('i_')} {number}"


async def test_p20_a_repetition_names_the_call_before_it(bed: Bed) -> None:
    await bed.full_pass()
    account = bed.tv_account()
    bed.platform.faults.add(Fault(operation="customers.create", kind="status", status=500))
    await bed.espf("Account/New", i_account=account, i_event=17)
    await bed.act_on_events()
    (doubted,) = await rows(bed, account)
    assert (doubted.result, doubted.closed_at) == ("open", None)
    await bed.converge(1)
    doubted, repeated = await rows(bed, account)
    assert (doubted.result, repeated.result) == ("not_done", "ok")
    again = f"again after request {doubted.request_id}"
    assert repeated.caused_by == f"espf event Account/New 17 about account {account}; {again}"


async def test_p20_a_lost_answer_is_settled_in_a_row_of_its_own_call(bed: Bed) -> None:
    account = bed.tv_account()
    bed.platform.faults.add(Fault(operation="customers.create", kind="lost_answer"))
    await bed.full_pass()
    await bed.converge(1)
    (row,) = await rows(bed, account)
    assert (row.result, row.kind) == ("ok", "create")
    assert "was lost" in (row.text or "")


async def test_p20_a_refusal_is_a_row_with_the_platforms_words(bed: Bed) -> None:
    account = bed.tv_account()
    bed.platform.faults.add(Fault(operation="customers.create", kind="status", status=422))
    await bed.full_pass()
    row = await last(bed, account)
    assert (row.kind, row.result) == ("create", "rejected")
    assert "does not accept" in (row.text or "")


async def test_p20_an_approved_plan_and_who_approved_it_stand_in_the_rows(make_bed: MakeBed) -> None:
    bed = make_bed(brake=TIGHT)
    accounts = [bed.tv_account(number) for number in (1, 2)]
    await bed.full_pass()
    for account in accounts:
        bed.billing.change("terminate", i_account=account)
    await bed.full_pass()
    plan = await held_hash(bed)
    await order(bed, lambda store, anna: orders.approve(store, anna, "billing", "tv"))
    await bed.full_pass()
    row = await last(bed, accounts[0])
    assert (row.kind, row.plan, row.after) == ("delete", plan, None)
    assert row.caused_by == f"plan {plan}, approved by anna"


async def test_p20_what_a_person_had_looked_at_names_the_person(make_bed: MakeBed) -> None:
    bed = make_bed(platforms={"tv": telebreeze(auth="login")})
    account = bed.tv_account()
    bed.billing.installation.accounts[account].custom_fields |= {"TV Login": "ana", "TV Password": "secret"}
    async with bed.daemon():
        await bed.world.sleep(30)
        whose = Whose("billing", account)
        await order(bed, lambda store, anna: orders.requeue(store, anna, whose, {"tv": 3}, secrets=True))
        await bed.world.sleep(5)
    row = await last(bed, account)
    assert (row.kind, row.cause, row.caused_by) == ("update", "operator", "requeue by anna")
    assert '"password":"***"' in (row.after or "")
    assert "secret" not in f"{row.before}{row.after}"


async def test_p20_an_adopted_record_is_marked_under_the_plan_of_its_adoption(bed: Bed) -> None:
    account = bed.tv_account()
    bed.platform.operator.create({"externalId": "tv000001_3", "notes": "Ana Canary, +4299123456"})
    await bed.full_pass()

    def adopt(store: Store, anna: Person) -> str:
        plan = adoption_plan(store, bed.application.installations[0].billing.platforms)
        orders.adopt_all(store, anna, plan, {"tv": "billing"})
        return plan.hash

    await order(bed, adopt)
    await bed.full_pass()
    row = await last(bed, account)
    assert (row.kind, row.result) == ("update", "ok")
    assert row.caused_by == f"plan {row.plan}, approved by anna"
    assert "Canary" not in f"{row.before}{row.after}"


async def test_p20_in_a_swap_whoever_lets_go_and_whoever_waited_say_so(bed: Bed) -> None:
    first, second = bed.tv_account(1), bed.tv_account(2)
    await bed.full_pass()
    for account, number in ((first, 2), (second, 1)):
        bed.billing.change("device", i_account=account, devices=[f"00:1A:79:00:00:{number:02X}"])
        await bed.espf("Account/Updated", i_account=account, i_event=20 + number)
    await bed.act_on_events()
    causes = [row.caused_by or "" for account in (first, second) for row in (await rows(bed, account))[1:]]
    assert len(causes) == 3
    assert any("another record waits for what this one gives up" in each for each in causes)
    assert all("espf event" in each for each in causes)


async def test_p20_a_move_between_platforms_is_told_on_both(make_bed: MakeBed) -> None:
    bed = make_bed(platforms={"tv": telebreeze(), "box": ministra()}, catalog=catalog("tv", "box"))
    account = bed.tv_account()
    await bed.full_pass()
    bed.billing.change("product", i_account=account, i_product=65)
    bed.billing.change("addon_add", i_account=account, i_product=89)
    await bed.espf("Account/Updated", i_account=account, i_event=17)
    await bed.act_on_events()
    created, suspended = await last(bed, account, "box"), await last(bed, account)
    assert (created.kind, created.external_id, created.result) == ("create", "tv000001", "ok")
    assert '"packages":["basic","sport"]' in (created.after or ""), "one row for the user with its add-ons"
    assert len(await rows(bed, account, "box")) == 1
    assert box(bed).requests.writes == 2
    assert (suspended.kind, suspended.reason) == ("suspend", "no_service_here")
    assert "event Account/Updated 17" in (created.caused_by or "")
    assert "its turn came: the account has moved" in (suspended.caused_by or "")


async def test_p20_a_rename_tells_the_new_name_and_an_update_the_one_it_found(make_bed: MakeBed) -> None:
    bed = make_bed()
    account = bed.tv_account()
    await bed.full_pass()
    bed.billing.change("rename", i_account=account, id="other")
    bed.billing.change("block", i_account=account)
    await bed.full_pass()
    assert (await last(bed, account)).external_id == "tv000001_3"
    bed.reconfigure(platforms={"tv": telebreeze(rename=True)})
    await bed.full_pass()
    assert [(row.kind, row.external_id) for row in await rows(bed, account)][-1] == ("rename", "other_3")


async def test_p20_a_call_is_told_under_the_epoch_in_which_it_was_made(bed: Bed) -> None:
    account = bed.tv_account()
    await bed.full_pass()
    bed.lose_the_database()
    await bed.converge(1)
    bed.billing.change("block", i_account=account)
    await bed.full_pass()
    assert (await last(bed, account)).epoch > 1
