"""Ministra: plans, add-ons, whose they are, and the order in which a change takes effect (Ministra contract)."""

from dataclasses import replace

import httpx
import pytest

from desired_state.account import Contact
from desired_state.catalog import Package
from desired_state.subscriber import SubscriberSpec
from platforms.driver import Rejected, Transient
from platforms.simulation import Fault
from tests.platforms.ministra import MAC, OTHER_MAC, OWNER, SHOWN_MAC, SPEC, Bed


@pytest.fixture
def bed() -> Bed:
    return Bed()


NO_MAC = replace(SPEC, device_ids=())


# Plans and add-ons


@pytest.mark.parametrize(
    ("packages", "text"),
    [
        ((), "there are no packages"),
        (("sport",), "among 'sport' there is none"),
        (("basic", "family"), "these are several: 'basic', 'family'"),
        (("basic", "cinema"), r"'basic' does not offer 'cinema' as optional \(it offers: 'kids', 'sport'\)"),
        (("base", "basic"), "'basic' does not offer 'base' as optional"),
        (("trial", "sport"), r"'trial' does not offer 'sport' as optional \(it offers: none\)"),
    ],
)
async def test_packages_that_are_not_one_plan_with_its_add_ons_are_never_written(
    bed: Bed, packages: tuple[str, ...], text: str
) -> None:
    observed = await bed.made()
    with pytest.raises(Rejected, match=text):
        await bed.update(observed, packages=packages)
    with pytest.raises(Rejected, match=text):
        await bed.driver.create("dave", replace(SPEC, packages=packages))
    assert bed.writes == []


async def test_an_unknown_plan_is_never_sent_because_it_would_become_the_default_one(bed: Bed) -> None:
    observed = await bed.made()
    with pytest.raises(Rejected, match="among 'gold' there is none"):
        await bed.update(observed, packages=("gold",))
    assert bed.writes == []


async def test_a_user_who_fell_to_the_default_plan_is_turned_off(bed: Bed) -> None:
    observed = await bed.made()
    known = dict(bed.portal.plans)

    def forgetful(request: httpx.Request) -> None:
        if request.method in ("PUT", "POST"):  # the plan goes between our look at the plans and our write
            bed.portal.plans = {name: plan for name, plan in known.items() if name != "family"}

    driver = bed.behind(forgetful)
    with pytest.raises(Rejected, match="does not know the tariff plan 'family' and gave 'trial' instead") as caught:
        await driver.update(observed, replace(observed.spec, packages=("family",)))
    assert caught.value.field == "tariff_plan"
    assert not bed.user().is_on
    bed.portal.plans = known
    with pytest.raises(Rejected, match="gave 'trial' instead"):
        await driver.create("dave", replace(SPEC, packages=("family",), device_ids=()))
    assert not bed.user("dave").is_on


async def test_the_plan_comes_before_the_add_ons(bed: Bed) -> None:
    observed = await bed.made()
    await bed.update(observed, packages=("cinema", "family"))
    assert [(method, path.partition("/")[0], form) for method, path, form in bed.writes] == [
        ("PUT", "users", "tariff_plan=family"),
        ("PUT", "account_subscription", "subscribed[]=cinema&unsubscribed[]=sport"),
    ]
    assert (await bed.seen()).spec.packages == ("cinema", "family")


async def test_all_add_ons_change_in_one_call_and_the_box_restarts_once(bed: Bed) -> None:
    observed = await bed.made()
    await bed.update(observed, packages=("basic", "kids"))
    assert [form for _, _, form in bed.writes] == ["subscribed[]=kids&unsubscribed[]=sport"]
    assert bed.user().reboots == 1


async def test_add_ons_kept_from_an_earlier_plan_are_removed_when_they_come_back(bed: Bed) -> None:
    observed = await bed.made(replace(SPEC, packages=("cinema", "family")))
    await bed.update(observed, packages=("basic",))
    assert (await bed.seen()).spec.packages == ("basic",)
    assert bed.user().reboots == 0
    bed.forget()
    await bed.update(await bed.seen(), packages=("family",))
    assert [form for _, _, form in bed.writes] == ["tariff_plan=family", "unsubscribed[]=cinema"]
    assert (await bed.seen()).spec.packages == ("family",)


async def test_add_ons_that_come_back_with_the_plan_and_are_wished_are_not_written(bed: Bed) -> None:
    observed = await bed.made(replace(SPEC, packages=("cinema", "family")))
    await bed.update(observed, packages=("basic",))
    bed.forget()
    await bed.update(await bed.seen(), packages=("cinema", "family"))
    assert [form for _, _, form in bed.writes] == ["tariff_plan=family"]
    assert bed.user().reboots == 0


async def test_add_ons_the_platform_silently_does_not_turn_on_are_noticed(bed: Bed) -> None:
    observed = await bed.made(replace(SPEC, packages=("basic",)))

    def deaf(request: httpx.Request) -> httpx.Response | None:
        is_deaf = request.method == "PUT" and "account_subscription" in request.url.path
        return httpx.Response(200, json={"status": "OK", "results": False}) if is_deaf else None

    with pytest.raises(Rejected, match="did not turn 'kids' on or off") as caught:
        await bed.behind(deaf).update(observed, replace(observed.spec, packages=("basic", "kids")))
    assert caught.value.field == "subscribed"


async def test_results_false_is_no_error_where_it_is_so_already(bed: Bed) -> None:
    observed = await bed.made(replace(SPEC, packages=("basic",)))

    answers: list[bytes] = []

    def overtaken(request: httpx.Request) -> None:
        if request.method == "PUT":
            bed.portal.subscribe(bed.user(), ["kids"], [])

    def kept(content: bytes) -> bytes:
        answers.append(content)
        return content

    await bed.behind(overtaken, kept).update(observed, replace(observed.spec, packages=("basic", "kids")))
    assert b'{"status":"OK","results":false}' in answers
    assert bed.user().reboots == 1


async def test_a_name_that_is_a_plan_and_an_add_on_is_not_guessed(bed: Bed) -> None:
    basic = bed.portal.plans["basic"]
    bed.portal.plans = {**bed.portal.plans, "sport": basic}
    with pytest.raises(Rejected, match="'sport' names a tariff plan and an add-on package alike"):
        await bed.driver.create("carol", replace(SPEC, packages=("sport",)))


async def test_the_offer_tells_plans_from_add_ons(bed: Bed) -> None:
    offered = await bed.driver.packages()
    assert offered[0] == Package("basic", "basic", "Basic", "plan", ("kids", "sport"))
    assert {each.id: each.role for each in offered} == {
        **dict.fromkeys(["basic", "family", "trial"], "plan"),
        **dict.fromkeys(["base", "sport", "kids", "cinema"], "addon"),
    }


# Whose add-ons an address finds


async def test_without_a_mac_the_account_number_finds_the_add_ons(bed: Bed) -> None:
    await bed.driver.create("carol", NO_MAC)
    assert bed.writes[1] == ("PUT", "account_subscription/7", "subscribed[]=sport")


@pytest.mark.parametrize("number", ["123456789012", "12,3", "12/3", "0", "", "ééééééé", "1;2"])
async def test_a_number_that_finds_nobody_or_others_is_never_an_address(bed: Bed, number: str) -> None:
    spec = replace(NO_MAC, account_number=number)
    with pytest.raises(Rejected, match="'sport' need a device, or an account number of less than 12 characters"):
        await bed.driver.create("carol", spec)
    assert bed.log == [("GET", "tariffs", "")]
    observed = await bed.made(replace(spec, packages=("basic",)))
    with pytest.raises(Rejected, match="neither by a MAC address nor by an account number"):
        await bed.update(observed, packages=("basic", "sport"))
    assert bed.writes == []


async def test_add_ons_that_are_only_to_go_need_an_address_too(bed: Bed) -> None:
    observed = await bed.made(replace(NO_MAC, packages=("basic",), account_number="123456789012"))
    bed.portal.rows["carol"] = {"sport"}
    observed = await bed.seen()
    with pytest.raises(Rejected, match="give the account a device"):
        await bed.update(observed, packages=("basic",))


@pytest.mark.parametrize("spec", [SPEC, NO_MAC])
async def test_an_address_that_two_users_share_is_never_written_by(bed: Bed, spec: SubscriberSpec) -> None:
    observed = await bed.made(spec)
    bed.foreign("dave", account_number="7", stb_mac=SHOWN_MAC, tariff_plan="basic")
    bed.portal.rows["dave"] = {"kids"}
    with pytest.raises(Rejected, match="2 customers of tv share") as caught:
        await bed.update(observed, packages=("basic", "kids"))
    assert MAC not in str(caught.value)
    assert bed.writes == []


@pytest.mark.parametrize("others", [set(), {"sport"}])
async def test_an_address_that_finds_another_user_is_never_written_by(bed: Bed, others: set[str]) -> None:
    observed = await bed.made(NO_MAC)
    bed.user().texts["account_number"] = "8"
    bed.foreign("dave", account_number="7", stb_mac=SHOWN_MAC, tariff_plan="basic")
    bed.portal.rows["dave"] = set(others)

    late = bed.behind(content=lambda body: body.replace(b'"account_number":"8"', b'"account_number":"7"'))
    with pytest.raises(Transient, match="shows other add-on packages under '7'"):
        await late.update(observed, replace(observed.spec, packages=("basic", "kids")))
    assert bed.portal.rows == {"carol": {"sport"}, "dave": others}


async def test_a_shared_account_number_hinders_nobody_who_has_a_mac(bed: Bed) -> None:
    observed = await bed.made()
    other = bed.foreign("dave", account_number="7", tariff_plan="basic")
    await bed.update(observed, packages=("basic", "kids"), enabled=False, contact=Contact(first_name="Bo"))
    assert (other.is_on, other.events, bed.portal.rows.get("dave")) == (True, [], None)


async def test_a_mac_stored_in_another_spelling_finds_nobody_and_the_account_number_does(bed: Bed) -> None:
    observed = await bed.made()
    bed.user().texts["stb_mac"] = MAC.lower()
    assert (await bed.seen()).spec.device_ids == observed.spec.device_ids
    await bed.update(await bed.seen(), packages=("basic", "kids"))
    assert [path for _, path, _ in bed.writes] == ["account_subscription/7"]


# Order of effects


async def test_what_turns_off_goes_first(bed: Bed) -> None:
    observed = await bed.made()
    await bed.update(observed, packages=("family",), enabled=False)
    assert [form for _, _, form in bed.writes] == ["status=0&tariff_plan=family", "unsubscribed[]=sport"]


async def test_what_turns_on_goes_last(bed: Bed) -> None:
    observed = await bed.made(replace(SPEC, enabled=False))
    await bed.update(observed, packages=("cinema", "family"), enabled=True, note=f"x {OWNER.note}")
    assert [form for _, _, form in bed.writes] == [
        f"comment=x {OWNER.note}&tariff_plan=family",
        "subscribed[]=cinema&unsubscribed[]=sport",
        "status=1",
    ]


async def test_turning_on_without_other_packages_is_one_put(bed: Bed) -> None:
    observed = await bed.made(replace(SPEC, enabled=False))
    await bed.update(observed, enabled=True, contact=Contact(first_name="Bo"))
    assert [form for _, _, form in bed.writes] == ["status=1&full_name=Bo&phone="]
    assert bed.user().events == ["cut_on"]


@pytest.mark.parametrize(
    ("wrong", "text"), [({"packages": ("gold",)}, "gold"), ({"device_ids": (OTHER_MAC,)}, "001A…02")]
)
async def test_a_service_goes_off_whatever_is_wrong_with_the_rest(
    bed: Bed, wrong: dict[str, object], text: str
) -> None:
    observed = await bed.made()
    bed.foreign("dave", stb_mac="00:1A:79:00:00:02")
    with pytest.raises(Rejected, match=rf"{text}.*; the service was turned off all the same") as cut:
        await bed.update(observed, enabled=False, **wrong)
    assert cut.value.field
    with pytest.raises(Rejected, match=text) as refused:
        await bed.update(observed, enabled=False, **wrong)
    assert "turned off" not in refused.value.text, "it was off"
    assert [form for _, _, form in bed.writes] == ["status=0"]
    assert bed.user().events == ["cut_off"]


async def test_a_device_goes_last_where_the_add_ons_are_found_by_nothing_else(bed: Bed) -> None:
    observed = await bed.made(replace(SPEC, account_number="123456789012"))
    await bed.update(observed, packages=("basic",), device_ids=())
    assert [form for _, _, form in bed.writes] == ["unsubscribed[]=sport", "stb_mac="]
    assert (await bed.seen()).spec.packages == ("basic",)


async def test_a_half_done_change_is_finished_by_the_next(bed: Bed) -> None:
    observed = await bed.made(replace(SPEC, enabled=False))
    after = replace(observed.spec, packages=("cinema", "family"), enabled=True)
    bed.simulator.faults.add(Fault(operation="account_subscription.update", kind="status", status=500))
    with pytest.raises(Transient):
        await bed.driver.update(observed, after)
    assert not bed.user().is_on
    await bed.driver.update(await bed.seen(), after)
    assert (await bed.seen()).spec == replace(after, password=None)
    assert bed.user().reboots == 1
