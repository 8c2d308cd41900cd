"""Ministra's rows and forms: what is sent, what is believed, what cannot be held; any wish reads back as normalized."""

import asyncio
from dataclasses import replace

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from pydantic import ValidationError

from desired_state.account import Contact, Secret
from desired_state.catalog import Offer, Package
from desired_state.subscriber import SubscriberSpec
from platforms.dialects import DIALECTS
from platforms.driver import Rejected, Taken, Transient
from platforms.ministra.addressing import addon_address, is_addressable, spelt
from platforms.ministra.dialect import Dialect
from platforms.ministra.plans import objections
from platforms.ministra.wire import JsonObject, Wire
from tests import strategies
from tests.clocks import START
from tests.platforms.ministra import MAC, OTHER_MAC, SPEC, Bed, built

WIRE = Wire("tv", Dialect())
ROW: JsonObject = {"login": "Carol", "status": "1", "tariff_plan": "basic", "subscribed": ["sport"]}
DRIVER = built(httpx.MockTransport(lambda _: httpx.Response(500)))
OFFER = Offer(
    (
        Package("basic", "basic", "Basic", "plan", ("kids", "sport")),
        Package("family", "family", "Family", "plan", ("cinema", "kids", "sport")),
        *(Package(name, name, name.title(), "addon") for name in ("base", "cinema", "kids", "sport")),
    )
)


# What is believed


@pytest.mark.parametrize(("shown", "is_on"), [("1", True), (1, True), ("0", False), (0, False), ("blocked", False)])
def test_a_status_other_than_on_is_off(shown: object, is_on: bool) -> None:
    assert WIRE.observation({**ROW, "status": shown}, START).spec.enabled is is_on


def test_missing_and_null_texts_are_empty_and_unknown_keys_are_ignored() -> None:
    row = {"login": "Carol", "status": 1, "phone": None, "account_number": 7, "subscribed": None, "reseller_id": {}}
    observed = WIRE.observation(row, START)
    assert observed.spec == SubscriberSpec(
        enabled=True, packages=(), device_ids=(), contact=Contact(), note="", account_number="7"
    )


@pytest.mark.parametrize("shown", ["00:1A:79:00:00:01", "001a79000001", "00-1a-79-00-00-01"])
def test_a_mac_in_any_spelling_is_the_same_device(shown: str) -> None:
    assert WIRE.observation({**ROW, "stb_mac": shown}, START).spec.device_ids == (MAC,)


def test_a_device_that_is_no_mac_differs_from_any_wish() -> None:
    assert WIRE.observation({**ROW, "stb_mac": "garbage"}, START).spec.device_ids == ("garbage",)


def test_no_reading_shows_a_secret() -> None:
    observed = WIRE.observation({**ROW, "password": "canary"}, START)
    assert (observed.spec.password, observed.spec.pin) == (None, None)


def test_plans_without_an_external_id_are_not_on_offer() -> None:
    nested = [{"external_id": "sport", "optional": 1}, {"external_id": "", "optional": "1"}, {"external_id": "base"}]
    tariffs: list[JsonObject] = [{"external_id": "basic", "name": "B", "packages": nested}, {"external_id": None}]
    assert WIRE.offer(tariffs, [{"external_id": ""}]) == (Package("basic", "basic", "B", "plan", ("sport",)),)
    assert WIRE.offer([{"external_id": "basic", "packages": None}], []) == (Package("basic", "basic", "", "plan"),)


# What is sent


def test_what_is_not_managed_is_not_sent() -> None:
    assert WIRE.managed(SubscriberSpec(enabled=False)) == {"status": "0"}


def test_a_cleared_device_is_sent_as_an_empty_text() -> None:
    assert WIRE.change({**ROW, "stb_mac": MAC}, SubscriberSpec(enabled=True, device_ids=())) == {"stb_mac": ""}


@pytest.mark.parametrize(
    ("after", "before", "sent"),
    [
        (None, None, {}),
        (Secret("f1", "first"), None, {"password": "first"}),
        (Secret("f2", "second"), Secret("f1"), {"password": "second"}),
        (Secret("f1", "not written"), Secret("f1"), {}),
        (Secret("f2"), Secret("f1"), {}),
        (Secret("", ""), Secret("f1"), {}),
    ],
)
def test_a_password_is_sent_if_it_is_another_and_has_a_value(
    after: Secret | None, before: Secret | None, sent: dict[str, str]
) -> None:
    assert WIRE.password(after, before) == sent


@pytest.mark.parametrize(
    ("error", "kind", "field"),
    [
        ("Account not found", Transient, None),
        ("login already in use!", Taken, "login"),
        ("Error: MAC ADDRESS already in use", Taken, "stb_mac"),
        ("Not valid mac address", Rejected, "stb_mac"),
        ("Login required", Rejected, ""),
        ("Insert data is empty", Rejected, ""),
        ("Only one identifier allowed", Rejected, ""),
        ("canary", Transient, None),
    ],
)
def test_errors_are_known_by_what_they_say(error: str, kind: type[Exception], field: str | None) -> None:
    form = {"login": "carol", "stb_mac": spelt(MAC), "password": "canary", "full_name": "canary", "phone": "canary"}
    found = WIRE.refusal(error, "users.create", form)
    assert type(found) is kind
    assert getattr(found, "field", None) == field
    assert "canary" not in found.text
    assert spelt(MAC) not in found.text


# What cannot be held


def sentences(spec: SubscriberSpec, external_id: str = "carol", offer: Offer = OFFER) -> list[str]:
    return [problem.text for problem in DRIVER.problems(external_id, DRIVER.normalize(spec), offer)]


def test_a_wish_the_platform_can_hold_is_no_problem() -> None:
    assert sentences(SPEC) == []
    assert sentences(replace(SPEC, device_ids=())) == []
    assert sentences(replace(SPEC, packages=None)) == []


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"device_ids": (MAC, OTHER_MAC)}, "the account has 2 devices, more than 1"),
        ({"device_ids": ("stb-7",)}, "is not a MAC address"),
        ({"pin": Secret("f", "1234")}, "there is no PIN"),
        ({"max_connections": 2}, "there is no limit of connections"),
        ({"auth": "pin"}, "no authentication by 'pin'"),
        ({"packages": ()}, "needs exactly one tariff plan, and there are no packages"),
        ({"packages": ("kids", "sport")}, "among 'kids', 'sport' there is none"),
        ({"packages": ("basic", "family")}, "exactly one tariff plan, and these are several: 'basic', 'family'"),
        ({"packages": ("base", "basic", "cinema")}, "'basic' does not offer 'base', 'cinema' as optional"),
        (
            {"device_ids": (), "account_number": "123456789012"},
            "the add-on packages 'sport' need a device, or an account number of less than 12 characters without a comma"
            ", which '123456789012' is not",
        ),
    ],
)
def test_what_ministra_cannot_hold_is_named(fields: dict[str, object], text: str) -> None:
    (found,) = sentences(replace(SPEC, **fields))  # type: ignore[arg-type]
    assert text in found
    assert "platform 'tv'" in found


def test_a_plan_alone_needs_no_address() -> None:
    assert sentences(replace(SPEC, packages=("basic",), device_ids=(), account_number="123456789012")) == []


def test_packages_are_not_judged_before_the_offer_is_known() -> None:
    assert sentences(replace(SPEC, packages=("gold",)), offer=Offer(())) == []


def test_a_name_for_two_things_is_not_guessed() -> None:
    both = (Package("sport", role="plan"), Package("sport", role="addon"))
    assert list(objections(("sport",), both)) == ["'sport' names a tariff plan and an add-on package alike"]


@pytest.mark.parametrize("login", ["", "a,b", "a/b", "0", "..", "00:1a:79:00:00:01", "a:" + "b" * 10, " a", "a\x7f"])
def test_a_login_that_cannot_be_addressed_is_a_problem(login: str) -> None:
    assert not is_addressable(login)
    (found,) = sentences(SPEC, external_id=login)
    assert "the customer id" in found


@pytest.mark.parametrize("login", ["carol", "a:" + "b" * 9, "x" * 64, "00", "a b", "josé", "a.b"])
def test_a_login_that_can_be_addressed_is_none(login: str) -> None:
    assert is_addressable(login)
    assert sentences(SPEC, external_id=login) == []


@pytest.mark.parametrize(
    ("mac", "number", "address"),
    [
        ("00:1A:79:00:00:01", "7", "00:1A:79:00:00:01"),
        ("001A79000001", "7", "7"),
        ("garbage", "7", "7"),
        ("", "12345678901", "12345678901"),
        ("", "123456789012", None),
        ("", "ééééééé", None),
        ("", "12,3", None),
        ("", "0", None),
        ("", "", None),
    ],
)
def test_add_ons_are_addressed_by_the_mac_else_by_a_short_number(mac: str, number: str, address: str | None) -> None:
    assert addon_address(mac, number) == address


# Normalizing


def test_the_whole_name_is_one_field_and_what_has_no_field_is_empty() -> None:
    contact = Contact(first_name=" Ana ", last_name="van  Doe", phone=" 123 ", email="ana@example.net", city="Brno")
    normalized = DRIVER.normalize(SubscriberSpec(enabled=True, contact=contact))
    assert normalized.contact == Contact(first_name="Ana van Doe", phone="123")


def test_what_goes_without_saying_is_not_managed() -> None:
    wish = SubscriberSpec(enabled=True, auth="device", login="ana", max_connections=0, pin=Secret("", ""))
    assert DRIVER.normalize(wish) == SubscriberSpec(enabled=True)


# Any wish


_PLANS = {"basic": ("kids", "sport"), "family": ("cinema", "kids", "sport"), "trial": ()}
_TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=12)


def _packages() -> SearchStrategy[tuple[str, ...]]:
    plans = st.sampled_from(sorted(_PLANS))
    return plans.flatmap(lambda plan: st.sets(st.sampled_from(_PLANS[plan] or (plan,))).map(lambda on: (plan, *on)))


def _wishes() -> SearchStrategy[SubscriberSpec]:
    """Wishes that Ministra can hold, in odd spellings."""
    return st.builds(
        replace,
        strategies.specs(),
        packages=_packages(),
        device_ids=st.sampled_from([(), (MAC,), (MAC.lower(),), ("00-1A-79-00-00-02",)]),
        password=st.none() | st.sampled_from([Secret("f1", "first"), Secret("f2", "&=+ %é")]),
        contact=st.none() | st.builds(Contact, first_name=_TEXTS, last_name=_TEXTS, phone=_TEXTS),
        account_number=st.sampled_from(["7", "a=b", "123 45"]),
        note=st.none() | _TEXTS,
        pin=st.none(),
        max_connections=st.sampled_from([None, 0]),
    )


@given(first=_wishes(), second=_wishes())
def test_any_wish_reads_back_and_is_written_once(first: SubscriberSpec, second: SubscriberSpec) -> None:
    async def scenario() -> None:
        bed = Bed()
        before, after = DRIVER.normalize(first), DRIVER.normalize(second)
        await bed.driver.create("carol", before)
        observed = (await bed.seen()).with_secrets_of(before)
        assert before.differs_from(observed.spec) == ()
        for wish in (after, after, before, before):
            bed.forget()
            told = len(bed.user().events)
            wished = wish.over(observed.spec)
            await bed.driver.update(observed, wished)
            again = (await bed.seen()).with_secrets_of(wished)
            assert wished.differs_from(again.spec) == ()
            assert len(bed.writes) <= 3
            if wished.differs_from(observed.spec) == ():
                assert (bed.writes, len(bed.user().events)) == ([], told)
            observed = again

    asyncio.run(scenario())


@given(wish=_wishes())
def test_normalizing_twice_is_normalizing_once(wish: SubscriberSpec) -> None:
    assert DRIVER.normalize(DRIVER.normalize(wish)) == DRIVER.normalize(wish)


# Other words


async def test_every_name_of_the_api_can_be_overridden() -> None:
    seen: list[tuple[str, str, str]] = []
    rows: dict[str, object] = {
        "/users/carol": {"name": "carol", "state": "ON", "tariff": "basic", "boxmac": spelt(MAC), "on": []},
        "/tariffs": [{"ext": "basic", "title": "B", "parts": [{"ext": "sport", "may": "1"}]}],
        f"/subs/{spelt(MAC)}": [{"box": spelt(MAC), "active": []}],
    }

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append((request.method, request.url.path, request.content.decode()))
        if request.method == "POST":
            return httpx.Response(200, json={"state": "good"})
        if request.method == "PUT":
            rows[f"/subs/{spelt(MAC)}"] = [{"box": spelt(MAC), "active": ["sport"]}]
        return httpx.Response(200, json={"state": "good", "data": rows[request.url.path]})

    dialect: dict[str, object] = {
        "paths": {"users": "/users", "user": "/users/{id}", "subscription": "/subs/{id}", "tariffs": "/tariffs"},
        "answer": {"status": "state", "results": "data", "ok": "good"},
        "user": {"login": "name", "status": "state", "tariff_plan": "tariff", "mac": "boxmac", "subscribed": "on"},
        "status": {"on": "ON"},
        "subscription": {"mac": "box", "subscribed": "active", "add": "put[]"},
        "plan": {"external_id": "ext", "name": "title", "packages": "parts", "optional": "may"},
    }
    driver = built(httpx.MockTransport(answer), dialect=dialect)
    spec = SubscriberSpec(enabled=True, packages=("basic", "sport"), device_ids=(MAC,))
    assert await driver.create("carol", spec) == "carol"
    assert [entry for entry in seen if entry[0] != "GET"] == [
        ("POST", "/users", "name=carol&tariff=basic&state=ON&boxmac=00%3A1A%3A79%3A00%3A00%3A01"),
        ("PUT", f"/subs/{spelt(MAC)}", "put%5B%5D=sport"),
    ]


@pytest.mark.parametrize(
    "wrong",
    [{"path": {}}, {"paths": {"users": "no-slash"}}, {"paths": {"user": "/users"}}, {"error": {"disabled": ""}}],
)
def test_a_dialect_with_a_mistake_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        DIALECTS["ministra"].model_validate(wrong)
