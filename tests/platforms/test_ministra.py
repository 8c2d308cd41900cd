"""Ministra: what is special about its driver, a test for each trap of its API (Ministra contract)."""

from dataclasses import replace

import httpx
import pytest

from desired_state.account import Contact, Secret
from desired_state.subscriber import Owner
from platforms.driver import Reference, Rejected, Taken, Transient
from tests.platforms.ministra import MAC, OTHER_MAC, OWNER, SHOWN_MAC, SPEC, Bed


@pytest.fixture
def bed() -> Bed:
    return Bed()


# Creating


async def test_a_new_user_is_one_post_and_one_put_of_its_add_ons(bed: Bed) -> None:
    assert await bed.driver.create("carol", SPEC) == "carol"
    assert bed.writes == [
        (
            "POST",
            "users",
            "login=carol&tariff_plan=basic&status=1&full_name=Ana Doe&phone=123&account_number=7"
            f"&stb_mac={SHOWN_MAC}&comment={OWNER.note}&password=first",
        ),
        ("PUT", f"account_subscription/{SHOWN_MAC.replace(':', '%3A')}", "subscribed[]=sport"),
    ]
    assert bed.user().reboots == 1
    assert bed.reads == [
        "tariffs",
        "users/carol",
        "account_subscription/00%3A1A%3A79%3A00%3A00%3A01",
        "account_subscription/00%3A1A%3A79%3A00%3A00%3A01",
    ]


async def test_a_new_user_without_add_ons_is_one_post(bed: Bed) -> None:
    await bed.driver.create("carol", replace(SPEC, packages=("basic",)))
    assert [method for method, _, _ in bed.writes] == ["POST"]
    assert bed.reads == ["tariffs", "users/carol"]


async def test_a_login_made_anew_loses_the_add_ons_it_inherits(bed: Bed) -> None:
    bed.portal.rows["carol"] = {"kids", "sport"}
    await bed.driver.create("carol", SPEC)
    assert (await bed.seen()).spec.packages == ("basic", "sport")
    assert bed.writes[1][2] == "unsubscribed[]=kids"


async def test_a_login_made_anew_with_the_add_ons_it_inherits_is_one_post(bed: Bed) -> None:
    bed.portal.rows["carol"] = {"sport"}
    await bed.driver.create("carol", SPEC)
    assert len(bed.writes) == 1


async def test_a_login_that_differs_in_case_only_is_taken(bed: Bed) -> None:
    bed.foreign("Carol", comment="VIP")
    with pytest.raises(Taken, match="already has a customer 'carol' that is not ours") as caught:
        await bed.driver.create("carol", SPEC)
    assert caught.value.field == "login"
    assert bed.user().texts == {"comment": "VIP"}


async def test_a_wish_without_an_owner_owns_nobodys_user(bed: Bed) -> None:
    bed.foreign("carol")
    with pytest.raises(Taken, match="not ours"):
        await bed.driver.create("carol", replace(SPEC, note=None))


async def test_a_login_of_ours_in_another_case_counts_as_made(bed: Bed) -> None:
    bed.foreign("Carol", comment=OWNER.note)
    assert await bed.driver.create("carol", SPEC) == "Carol"
    assert [method for method, _, _ in bed.writes] == ["POST"]


async def test_a_mac_of_another_user_is_taken_and_masked(bed: Bed) -> None:
    bed.foreign("dave", stb_mac=SHOWN_MAC)
    with pytest.raises(Taken, match="001A…01") as caught:
        await bed.driver.create("carol", SPEC)
    assert caught.value.field == "stb_mac"
    assert MAC not in str(caught.value)
    assert bed.portal.by_login(["carol"]) == []


async def test_a_login_in_use_that_is_not_shown_is_unclear(bed: Bed) -> None:
    bed.foreign("carol")

    def hidden(request: httpx.Request) -> httpx.Response | None:
        if request.method == "GET" and request.url.path.endswith("/users/carol"):
            return httpx.Response(200, json={"status": "ERROR", "results": None, "error": "Account not found"})
        return None

    with pytest.raises(Transient, match="does not show it yet"):
        await bed.behind(hidden).create("carol", SPEC)


# Equal is not written


async def test_nothing_is_written_that_is_so_already(bed: Bed) -> None:
    observed = await bed.made()
    await bed.driver.update(observed, SPEC)
    assert bed.log == []
    stale = replace(observed, spec=replace(observed.spec, enabled=False, packages=("basic",)))
    await bed.driver.update(stale, SPEC)
    assert (bed.writes, bed.user().events) == ([], [])


async def test_a_change_is_measured_by_the_user_as_it_is_now(bed: Bed) -> None:
    observed = await bed.made()
    bed.portal.rows["carol"] = {"kids"}
    await bed.update(observed, packages=("basic", "kids"))
    assert bed.log == [("GET", "users/carol", "")]


async def test_what_a_change_leaves_as_it_was_observed_stays_as_others_made_it_since(bed: Bed) -> None:
    observed = await bed.made()
    bed.portal.change([bed.user()], {"status": "0", "phone": "9", "stb_mac": ""})
    bed.portal.rows["carol"] = {"kids"}
    await bed.update(observed, account_number="8")
    assert [form for _, _, form in bed.writes] == ["account_number=8"]
    assert (await bed.seen()).spec.packages == ("basic", "kids")


async def test_only_fields_that_differ_are_sent(bed: Bed) -> None:
    observed = await bed.made()
    await bed.update(observed, account_number="8", password=Secret("f2", "second"))
    assert bed.writes == [("PUT", "users/carol", "account_number=8&password=second")]
    assert bed.reads == ["users/carol", "users/carol"]


async def test_numbers_and_stray_output_read_the_same(bed: Bed) -> None:
    observed = (await bed.made()).with_secrets_of(None)
    bed.simulator.bare_numbers = bed.simulator.stray_output = True
    assert (await bed.seen()).spec == replace(observed.spec, password=None)


# Devices


async def test_a_mac_of_somebody_else_is_not_set_though_a_put_would_take_it(bed: Bed) -> None:
    observed = await bed.made()
    bed.foreign("dave", stb_mac="00:1A:79:00:00:02")
    with pytest.raises(Taken, match="another customer of tv has the device 001A…02") as caught:
        await bed.update(observed, device_ids=(OTHER_MAC,))
    assert caught.value.field == "stb_mac"
    assert bed.writes == []


@pytest.mark.parametrize("spelling", [SHOWN_MAC, SHOWN_MAC.lower()])
async def test_a_mac_that_the_user_has_already_is_not_taken(bed: Bed, spelling: str) -> None:
    observed = await bed.made(replace(SPEC, device_ids=()))
    bed.user().texts["stb_mac"] = spelling
    await bed.update(observed, device_ids=(MAC,))
    assert bed.user().mac == SHOWN_MAC


async def test_a_mac_that_is_free_is_set_as_the_platform_spells_it(bed: Bed) -> None:
    observed = await bed.made()
    await bed.update(observed, device_ids=(OTHER_MAC,))
    assert [form for _, _, form in bed.writes] == ["stb_mac=00:1A:79:00:00:02"]
    assert bed.reads == ["users/carol", "accounts/00%3A1A%3A79%3A00%3A00%3A02", "users/carol"]


@pytest.mark.parametrize("devices", [("stb-7",), (MAC, OTHER_MAC)])
async def test_what_is_not_one_mac_is_never_sent_because_anything_would_be_stored(
    bed: Bed, devices: tuple[str, ...]
) -> None:
    observed = await bed.made()
    with pytest.raises(Rejected, match="tv holds one MAC address"):
        await bed.update(observed, device_ids=devices)
    assert bed.writes == []


# Passwords


async def test_a_password_cannot_be_taken_away_and_an_empty_one_is_never_sent(bed: Bed) -> None:
    observed = await bed.made()
    with pytest.raises(Rejected, match="cannot take a password away") as caught:
        await bed.update(observed, password=Secret("", ""), account_number="8")
    assert caught.value.field == "password"
    assert [form for _, _, form in bed.writes] == ["account_number=8"]
    assert bed.user().password == "first"


async def test_where_no_password_is_known_to_be_set_there_is_none_to_take_away(bed: Bed) -> None:
    observed = await bed.made(replace(SPEC, password=None))
    await bed.update(observed, password=Secret("", ""))
    assert bed.writes == []


# Names


@pytest.mark.parametrize(
    "login", ["a,b", "a/b", "a\\b", "0", ".", "..", " a", "a ", "a&b", "a+b", "a%62", "a;b", "a?b", "a#b", "a\nb",
              "00:1a:79:00:00:01", "carol:12345678", "éééééé:é", ""]
)  # fmt: skip
async def test_a_login_that_cannot_be_addressed_is_never_sent(bed: Bed, login: str) -> None:
    observed = replace(await bed.made(), external_id=login)
    for call in (
        bed.driver.create(login, SPEC),
        bed.driver.update(observed, replace(SPEC, enabled=False)),
        bed.driver.delete(observed),
        bed.driver.rename(await bed.seen(), login),
    ):
        bed.forget()
        with pytest.raises(Rejected, match="cannot address"):
            await call
        assert bed.writes == []


@pytest.mark.parametrize("login", ["josé", "a b", "a:b", "a.b", "a@b_c-d~e!", "日本", "o'neil", "00"])
async def test_a_login_that_is_only_unusual_is_quoted(bed: Bed, login: str) -> None:
    observed = await bed.made(login=login)
    await bed.update(observed, enabled=False)
    assert not bed.user(login).is_on
    await bed.driver.rename(await bed.seen(login), "carol")
    await bed.driver.delete(await bed.seen("carol"))
    assert bed.portal.users == []


async def test_an_answer_about_another_login_is_not_believed(bed: Bed) -> None:
    bed.foreign("jose", comment=OWNER.note)

    def accent_blind(request: httpx.Request) -> httpx.Request:
        return httpx.Request(request.method, str(request.url).replace("%C3%A9", "e"), headers=request.headers)

    driver = bed.behind(accent_blind)
    with pytest.raises(Rejected, match="takes the login 'josé' for that of another customer"):
        await driver.observe(Reference("josé"))


async def test_a_user_is_shown_by_its_login_in_lower_case(bed: Bed) -> None:
    bed.foreign("Carol", comment=OWNER.note)
    seen = await bed.seen("carol")
    assert (seen.external_id, seen.record_id, seen.owner) == ("carol", "Carol", OWNER)


async def test_the_case_of_a_login_alone_is_no_reason_to_write(bed: Bed) -> None:
    bed.foreign("Carol", comment=OWNER.note, tariff_plan="basic")
    seen = await bed.seen("carol")
    await bed.update(seen, packages=("basic",), enabled=True)
    assert bed.writes == []


async def test_a_renaming_moves_the_login_with_everything_else(bed: Bed) -> None:
    observed = await bed.made()
    await bed.driver.rename(observed, "dave")
    assert bed.writes == [("PUT", "users/carol", "login=dave")]
    assert (await bed.seen("dave")).spec == replace(observed.spec, password=None)
    bed.forget()
    await bed.driver.rename(observed, "dave")
    assert bed.writes == []


async def test_a_renaming_to_a_taken_login_is_taken(bed: Bed) -> None:
    observed = await bed.made()
    bed.foreign("Dave")
    with pytest.raises(Taken, match="another customer has the login 'dave'") as caught:
        await bed.driver.rename(observed, "dave")
    assert caught.value.field == "login"


async def test_after_a_renaming_the_name_counts_and_not_the_id_it_had(bed: Bed) -> None:
    observed = await bed.made()
    await bed.driver.rename(observed, "dave")
    bed.foreign("carol")
    found = await bed.driver.observe(Reference("dave", observed.record_id))
    assert found is not None
    assert found.external_id == "dave"


@pytest.mark.parametrize("act", ["update", "rename", "delete"])
async def test_a_login_that_changed_hands_is_left_alone(bed: Bed, act: str) -> None:
    observed = await bed.made()
    bed.user().texts["comment"] = Owner(3, 8).note
    if act == "delete":
        await bed.driver.delete(observed)
    else:
        with pytest.raises(Transient, match="no such customer"):
            await (bed.driver.rename(observed, "dave") if act == "rename" else bed.update(observed, enabled=False))
    assert bed.writes == []


# Deleting


async def test_add_ons_are_cleared_before_a_user_is_deleted(bed: Bed) -> None:
    observed = await bed.made()
    await bed.driver.delete(observed)
    assert [(method, path.partition("/")[0]) for method, path, _ in bed.writes] == [
        ("DELETE", "account_subscription"),
        ("DELETE", "users"),
    ]
    assert bed.portal.rows == {"carol": set()}


async def test_a_user_without_add_ons_is_deleted_by_one_call(bed: Bed) -> None:
    observed = await bed.made(replace(SPEC, packages=("basic",)))
    await bed.driver.delete(observed)
    assert [path for _, path, _ in bed.writes] == ["users/carol"]
    assert bed.reads == ["users/carol"]


async def test_a_user_whose_add_ons_cannot_be_addressed_is_deleted_all_the_same(bed: Bed) -> None:
    observed = await bed.made()
    other = bed.foreign("dave", stb_mac=SHOWN_MAC, tariff_plan="basic")
    await bed.driver.delete(observed)
    assert bed.portal.users == [other]
    assert other.events == []


async def test_a_deletion_that_did_nothing_is_unclear(bed: Bed) -> None:
    observed = await bed.made(replace(SPEC, packages=("basic",)))

    def idle(request: httpx.Request) -> httpx.Response | None:
        does_nothing = httpx.Response(200, json={"status": "OK", "results": False})
        return does_nothing if request.method == "DELETE" else None

    with pytest.raises(Transient, match="did nothing"):
        await bed.behind(idle).delete(observed)


# What is written and does not stay


async def test_a_text_the_platform_cuts_is_noticed_and_not_written_for_ever(bed: Bed) -> None:
    observed = await bed.made()

    cutting = bed.behind(content=lambda body: body.replace(b"Bo Long-Name", b"Bo Long"))
    contact = Contact(first_name="Bo Long-Name", phone="123")
    with pytest.raises(Rejected, match="tv did not keep full_name as it was sent") as caught:
        await cutting.update(observed, replace(observed.spec, contact=contact))
    assert (caught.value.field, "Long" in str(caught.value)) == ("full_name", False)


async def test_a_user_who_is_gone_after_the_write_is_looked_for_again(bed: Bed) -> None:
    observed = await bed.made()

    def removing(request: httpx.Request) -> httpx.Response | None:
        if request.method != "PUT":
            return None
        bed.portal.delete(bed.portal.by_login(["carol"]))
        return httpx.Response(200, json={"status": "OK", "results": True})

    with pytest.raises(Transient, match="no such customer"):
        await bed.behind(removing).update(observed, replace(observed.spec, enabled=False))


# End to end


async def test_a_viewer_can_watch_only_while_the_service_is_on(bed: Bed) -> None:
    async def error() -> object:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(bed.simulator), base_url="http://tv") as viewer:
            form = {"grant_type": "password", "username": "carol", "password": "first"}
            return (await viewer.post("/stalker_portal/auth/token.php", data=form)).json().get("error")

    observed = await bed.made()
    assert await error() is None
    await bed.update(observed, enabled=False)
    assert await error() == "access_denied"
    await bed.update(await bed.seen(), enabled=True)
    assert await error() is None
    await bed.driver.delete(observed)
    assert await error() == "invalid_client"
