"""What every driver does, whatever its platform (the rules of `platforms.driver`)."""

import asyncio
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desired_state.account import Contact, Secret
from desired_state.catalog import Offer
from desired_state.desired import mask_device
from desired_state.sales import SaleKind
from desired_state.subscriber import Observation, Owner, SubscriberSpec
from platforms.devices import is_mac
from platforms.driver import Reference, Rejected, Transient, Unsupported
from platforms.listing import understood
from tests import strategies
from tests.contract.subjects import FOREIGN_DEVICE, SUBJECTS, Subject

OWNER = Owner(i_env=3, i_account=7)
FULL = SubscriberSpec(
    enabled=True,
    packages=("1", "2"),
    auth="all",
    device_ids=("001A79000001",),
    login="Ana",
    password=Secret("f1", "first"),
    max_connections=2,
    contact=Contact(first_name="Ana", last_name="Doe", email="ana@example.net", city="Brno"),
    note=OWNER.note,
)


async def made(subject: Subject, spec: SubscriberSpec = FULL, external_id: str = "a_3") -> Observation:
    """A record of ours, as it is observed."""
    record_id = await subject.driver.create(external_id, wished(subject, spec))
    return await seen(subject, external_id, record_id)


async def seen(subject: Subject, external_id: str = "a_3", record_id: str | None = None) -> Observation:
    observed = await subject.driver.observe(Reference(external_id, record_id))
    assert observed is not None
    return observed


def readable(spec: SubscriberSpec) -> SubscriberSpec:
    return replace(spec, password=None, pin=None)


def wished(subject: Subject, spec: SubscriberSpec) -> SubscriberSpec:
    """The wish as this platform would have it: without what its capabilities rule out, and normalized."""
    able = subject.driver.capabilities
    devices = spec.device_ids and tuple(each for each in spec.device_ids if is_mac(each) or not able.only_macs)
    fitting = replace(
        spec,
        auth=spec.auth if spec.auth is None or spec.auth in able.auths else min(able.auths),
        device_ids=devices and devices[: able.max_devices],
        password=spec.password if able.has_password else None,
        pin=spec.pin if able.has_pin else None,
        max_connections=spec.max_connections if able.has_connection_limit else None,
    )
    return subject.driver.normalize(subject.fitting(fitting))


def at_hand(spec: SubscriberSpec, before: SubscriberSpec) -> SubscriberSpec:
    """The wish with every secret in clear, those of `before` too that it does not manage."""
    password, pin = spec.password or before.password, spec.pin or before.pin
    return replace(spec, password=password and _clear(password), pin=pin and _clear(pin))


def _clear(secret: Secret) -> Secret:
    return Secret(secret.fingerprint, secret.fingerprint and f"clear {secret.fingerprint}")


def needs(subject: Subject, capability: str) -> None:
    if not getattr(subject.driver.capabilities, capability):
        pytest.skip(f"the platform's {capability} is false")


def id_after(subject: Subject, observed: Observation, name: str) -> str:
    """The platform's id of a record that was renamed: where viewers log in by its name, it has no other."""
    return name if subject.driver.capabilities.login_is_name else observed.record_id


async def test_what_is_created_reads_back_as_the_normalized_wish(subject: Subject) -> None:
    observed = await made(subject)
    assert observed.external_id == "a_3"
    assert readable(observed.spec) == readable(wished(subject, FULL))
    assert observed.owner == OWNER


async def test_a_password_is_made_with_the_record(subject: Subject) -> None:
    needs(subject, "has_password")
    await made(subject)
    assert subject.password("a_3") == "first"


async def test_a_create_is_one_call(subject: Subject) -> None:
    await made(subject, replace(FULL, packages=("1",)))
    assert subject.writes == 1


async def test_a_record_is_found_by_its_id_and_by_its_name(subject: Subject) -> None:
    observed = await made(subject)
    assert await seen(subject, "a_3") == observed
    assert await seen(subject, "another name", observed.record_id) == observed
    assert await seen(subject, "a_3", "no-such-id") == observed


async def test_what_does_not_exist_is_observed_as_none(subject: Subject) -> None:
    await made(subject)
    others = () if subject.driver.capabilities.folds_case else (Reference("A_3"),)
    for reference in (Reference("a"), Reference("a_33"), Reference(""), Reference("b", "no-such-id"), *others):
        assert await subject.driver.observe(reference) is None


async def test_the_list_shows_every_record_foreign_ones_too(subject: Subject) -> None:
    subject.add_foreign("theirs")
    mine = await made(subject)
    listed = {each.external_id: each async for each in understood(subject.driver.list())}
    assert listed["a_3"].spec == mine.spec
    assert listed["a_3"].record_id == mine.record_id
    assert listed["theirs"].owner is None
    assert len(listed) == 2


async def test_a_record_made_without_a_name_does_not_stop_the_list(subject: Subject) -> None:
    needs(subject, "can_rename")
    subject.add_foreign("")
    await made(subject)
    assert sorted([each.external_id async for each in understood(subject.driver.list())]) == ["", "a_3"]


async def test_creating_twice_makes_one_record(subject: Subject) -> None:
    first = await made(subject)
    assert await subject.driver.create("a_3", wished(subject, FULL)) == first.record_id
    assert len([each async for each in understood(subject.driver.list())]) == 1


async def test_a_foreign_record_of_that_name_is_refused_and_left_alone(subject: Subject) -> None:
    subject.add_foreign("a_3")
    before = subject.truth("a_3")
    with pytest.raises(Rejected, match="not ours"):
        await subject.driver.create("a_3", FULL)
    assert subject.truth("a_3") == before


async def test_a_record_of_another_account_is_foreign(subject: Subject) -> None:
    await made(subject, replace(FULL, note=Owner(3, 8).note))
    before = subject.truth("a_3")
    with pytest.raises(Rejected, match="not ours"):
        await subject.driver.create("a_3", FULL)
    assert subject.truth("a_3") == before


async def test_an_update_is_one_call_however_much_it_changes(subject: Subject) -> None:
    observed = await made(subject)
    after = SubscriberSpec(
        enabled=False,
        packages=(),
        auth="device",
        device_ids=("001A79000002", "stb-7"),
        login="Bo",
        max_connections=0,
        contact=Contact(first_name="Bo"),
        note=f"seen {OWNER.note}",
    )
    written = subject.writes
    await subject.driver.update(observed, wished(subject, after))
    assert readable(wished(subject, after)) == readable((await seen(subject)).spec)
    assert subject.writes == written + 1


async def test_an_update_to_what_is_there_calls_nobody(subject: Subject) -> None:
    observed = (await made(subject)).with_secrets_of(FULL)
    written = subject.writes
    await subject.driver.update(observed, wished(subject, FULL))
    assert subject.writes == written


async def test_an_update_may_be_repeated(subject: Subject) -> None:
    observed = await made(subject)
    after = replace(observed.spec, packages=("3",))
    await subject.driver.update(observed, after)
    once = await seen(subject)
    await subject.driver.update(observed, after)
    assert (await seen(subject)).spec == once.spec == after


async def test_what_is_not_managed_stays(subject: Subject) -> None:
    observed = await made(subject)
    await subject.driver.update(observed, SubscriberSpec(enabled=False))
    assert (await seen(subject)).spec == replace(observed.spec, enabled=False)


async def test_a_password_that_is_not_managed_stays(subject: Subject) -> None:
    needs(subject, "has_password")
    observed = await made(subject)
    await subject.driver.update(observed, SubscriberSpec(enabled=False))
    assert subject.password("a_3") == "first"


async def test_a_password_is_written_when_its_fingerprint_differs(subject: Subject) -> None:
    needs(subject, "has_password")
    observed = (await made(subject)).with_secrets_of(FULL)
    await subject.driver.update(observed, replace(observed.spec, password=Secret("f2", "second")))
    assert subject.password("a_3") == "second"


async def test_a_password_of_the_same_fingerprint_is_not_written(subject: Subject) -> None:
    needs(subject, "has_password")
    observed = (await made(subject)).with_secrets_of(FULL)
    after = replace(observed.spec, enabled=False, password=Secret("f1", "not written"))
    await subject.driver.update(observed, after)
    assert subject.password("a_3") == "first"


async def test_a_password_that_is_not_at_hand_stays(subject: Subject) -> None:
    needs(subject, "has_password")
    observed = (await made(subject)).with_secrets_of(FULL)
    written = subject.writes
    await subject.driver.update(observed, replace(observed.spec, password=Secret("f2")))
    assert subject.password("a_3") == "first"
    assert subject.writes == written


async def test_a_cleared_password_is_cleared(subject: Subject) -> None:
    needs(subject, "has_password")
    needs(subject, "can_clear_password")
    observed = (await made(subject)).with_secrets_of(FULL)
    await subject.driver.update(observed, replace(observed.spec, password=Secret("", "")))
    assert subject.password("a_3") == ""


async def test_a_password_that_cannot_be_cleared_is_told(subject: Subject) -> None:
    if subject.driver.capabilities.can_clear_password or not subject.driver.capabilities.has_password:
        pytest.skip("there is none, or it can be cleared")
    observed = (await made(subject)).with_secrets_of(FULL)
    with pytest.raises(Rejected, match="password"):
        await subject.driver.update(observed, replace(observed.spec, password=Secret("", "")))


async def test_no_read_shows_a_secret(subject: Subject) -> None:
    observed = await made(subject)
    for spec in (observed.spec, *[each.spec async for each in understood(subject.driver.list())]):
        assert {secret and secret.fingerprint for secret in (spec.password, spec.pin)} <= {None, ""}


async def test_an_update_of_a_record_that_is_gone_is_transient(subject: Subject) -> None:
    observed = await made(subject)
    subject.remove("a_3")
    with pytest.raises(Transient, match="no such customer"):
        await subject.driver.update(observed, replace(observed.spec, enabled=False))


async def test_deleting_twice_succeeds(subject: Subject) -> None:
    observed = await made(subject)
    await subject.driver.delete(observed)
    await subject.driver.delete(observed)
    assert subject.truth("a_3") is None
    assert await subject.driver.observe(Reference("a_3", observed.record_id)) is None


async def test_a_delete_touches_no_other_record(subject: Subject) -> None:
    observed = await made(subject)
    subject.add_foreign("theirs")
    before = subject.truth("theirs")
    await subject.driver.delete(observed)
    assert subject.truth("theirs") == before


async def test_a_rename_changes_the_name_and_nothing_else(subject: Subject) -> None:
    needs(subject, "can_rename")
    observed = await made(subject)
    record_id = await subject.driver.rename(observed, "b_3")
    renamed = await seen(subject, "b_3")
    assert (renamed.spec, renamed.record_id) == (observed.spec, record_id)
    assert subject.truth("a_3") is None
    if subject.driver.capabilities.has_password:
        assert subject.password("b_3") == "first"


async def test_a_rename_may_be_repeated(subject: Subject) -> None:
    needs(subject, "can_rename")
    observed = await made(subject)
    await subject.driver.rename(observed, "b_3")
    await subject.driver.rename(observed, "b_3")
    assert (await seen(subject, "b_3")).record_id == id_after(subject, observed, "b_3")


async def test_a_rename_to_a_name_in_use_is_rejected(subject: Subject) -> None:
    needs(subject, "can_rename")
    observed = await made(subject)
    subject.add_foreign("b_3")
    with pytest.raises(Rejected):
        await subject.driver.rename(observed, "b_3")
    assert (await seen(subject)).spec == observed.spec


async def test_a_rename_that_a_platform_does_not_know_is_unsupported(subject: Subject) -> None:
    observed = await made(subject)
    if subject.driver.capabilities.can_rename:
        pytest.skip("the platform can rename")
    with pytest.raises(Unsupported, match="'tv'"):
        await subject.driver.rename(observed, "b_3")
    assert await seen(subject) == observed


async def test_an_unknown_package_is_rejected(subject: Subject) -> None:
    observed = await made(subject)
    with pytest.raises(Rejected, match="no-such-package"):
        await subject.driver.update(observed, replace(observed.spec, packages=("no-such-package",)))
    with pytest.raises(Rejected, match="no-such-package"):
        await subject.driver.create("b_3", SubscriberSpec(enabled=True, packages=("no-such-package",), note="x"))
    assert (await seen(subject)).spec == observed.spec


async def test_two_records_with_one_device_are_rejected_and_the_device_is_masked(subject: Subject) -> None:
    subject.add_foreign("theirs")
    spec = replace(FULL, device_ids=(FOREIGN_DEVICE,))
    with pytest.raises(Rejected, match=mask_device(FOREIGN_DEVICE)) as caught:
        await subject.driver.create("a_3", spec)
    assert FOREIGN_DEVICE not in str(caught.value)
    assert subject.truth("a_3") is None


async def test_two_records_with_one_login_are_rejected(subject: Subject) -> None:
    if "login" not in subject.driver.capabilities.auths or subject.driver.capabilities.login_is_name:
        pytest.skip("the platform knows no logins beside names")
    await made(subject)
    with pytest.raises(Rejected) as caught:
        await subject.driver.create("b_3", replace(FULL, login="ANA", device_ids=(), note=Owner(3, 8).note))
    assert "ANA" not in str(caught.value)


async def test_the_packages_are_what_the_platform_offers(subject: Subject) -> None:
    offered = await subject.driver.packages()
    assert {package.id: package.external_id or package.title for package in offered} == subject.packages


@pytest.mark.parametrize("external_id", ["", "x" * 65])
async def test_a_name_the_platform_cannot_hold_is_a_problem(subject: Subject, external_id: str) -> None:
    (problem,) = subject.driver.problems(external_id, wished(subject, FULL), Offer(()))
    assert problem.code == "capability"
    assert "'tv'" in problem.text


async def test_a_wish_the_platform_can_hold_is_no_problem(subject: Subject) -> None:
    assert subject.driver.problems("x" * 64, wished(subject, FULL), Offer(())) == ()


@pytest.mark.parametrize("kind", [kind for kind in SUBJECTS if "socket" not in kind])
@given(spec=strategies.specs(), later=strategies.specs())
def test_every_wish_reads_back_as_normalized(kind: str, spec: SubscriberSpec, later: SubscriberSpec) -> None:
    async def scenario() -> None:
        async with SUBJECTS[kind]() as subject:
            driver = subject.driver
            first, second = wished(subject, spec), wished(subject, later)
            if driver.capabilities.writes_secrets_anew:
                first, second = at_hand(first, first), at_hand(second, first)
            observed = await made(subject, first)
            assert readable(first).differs_from(observed.spec) == ()
            await driver.update(observed, second.over(observed.spec))
            now = await seen(subject, record_id=observed.record_id)
            assert readable(second.over(observed.spec)) == readable(now.spec)

    asyncio.run(scenario())


@pytest.mark.parametrize("kind", [kind for kind in SUBJECTS if "socket" not in kind])
@given(spec=strategies.specs(), texts=st.tuples(st.text(max_size=20), st.text(max_size=20)))
def test_normalizing_is_idempotent(kind: str, spec: SubscriberSpec, texts: tuple[str, str]) -> None:
    async def scenario() -> None:
        async with SUBJECTS[kind]() as subject:
            wild = replace(spec, device_ids=(*(spec.device_ids or ()), *texts), login=texts[0], note=texts[1])
            once = subject.driver.normalize(wild)
            assert subject.driver.normalize(once) == once

    asyncio.run(scenario())


async def test_what_was_sold_is_in_the_feed_and_the_feed_ends(subject: Subject) -> None:
    needs(subject, "has_charges")
    await made(subject)
    subject.sell("a_3")
    page = await subject.driver.charges("")
    (sold,) = page.records
    observed = await seen(subject)
    assert (sold.amount, sold.currency, sold.kind, sold.problem) == (Decimal("3.99"), "EUR", SaleKind.VOD, "")
    assert sold.record_id in ("", observed.record_id)
    assert (sold.external_id, sold.platform) == ("a_3", subject.driver.name)
    assert (await subject.driver.charges(page.cursor)).cursor == page.cursor
