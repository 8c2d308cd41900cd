"""What a run touches: records of its own, which it removes; and what it says of them."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from desired_state.account import Contact
from desired_state.catalog import Offer, Package
from desired_state.subscriber import Observation, Owner, SubscriberSpec
from platforms.capabilities import Capabilities
from platforms.conformance import Setting, Verdict, conform
from platforms.conformance.samples import Selection
from platforms.driver import Reference, Transient
from platforms.listing import Listed
from platforms.memory import Record
from tests.clocks import VirtualClock, draws
from tests.conformance.broken import CannotDelete, IsDown, LeavesTheRecord, Sound, Stumbles

FOREIGN = Record("conformance", SubscriberSpec(enabled=True, packages=("1",), device_ids=("020000000001",), note="VIP"))
OURS = Record("tv1_3", SubscriberSpec(enabled=True, packages=("1",), note=Owner(3, 70001).note))


async def run(driver: Sound, left: list[str] | None = None) -> list[Verdict]:
    warn = list[str]().append if left is None else left.append
    return await conform(Setting(driver, driver.clock, draws(), i_env=3), warn)


class Recording(Sound):
    """Keeps the names and specs it was ever asked to make."""

    def __init__(self, clock: VirtualClock) -> None:
        super().__init__(clock)
        self.asked: list[tuple[str, SubscriberSpec]] = []

    async def create(self, external_id: str, spec: SubscriberSpec) -> str:
        self.asked.append((external_id, spec))
        return await super().create(external_id, spec)


async def test_no_record_of_others_is_touched() -> None:
    driver = Sound(VirtualClock())
    driver.records |= {"f": FOREIGN, "o": OURS}

    assert all(verdict.ok for verdict in await run(driver))

    assert driver.records == {"f": FOREIGN, "o": OURS}


async def test_names_tell_where_records_come_from_and_owners_are_nobodys() -> None:
    driver = Recording(VirtualClock())
    await run(driver)
    assert {name[:12] for name, _ in driver.asked} == {"conformance-"}
    assert len({name.rpartition("-")[0] for name, _ in driver.asked}) == 1, "the records of a run belong together"
    owners = {owner for _, spec in driver.asked if (owner := Owner.of(spec.note))}
    assert {owner.i_env for owner in owners} == {3}
    assert min(owner.i_account for owner in owners) >= 10**15


async def test_devices_are_of_the_locally_administered_range() -> None:
    driver = Recording(VirtualClock())
    await run(driver)
    assert {device[:2] for _, spec in driver.asked for device in spec.device_ids or ()} == {"02"}


@pytest.mark.parametrize(
    "capabilities",
    [
        Capabilities(external_id_length=12, name_pattern=r"[a-z0-9]+"),
        Capabilities(external_id_length=20, name_pattern=r"\d+", folds_case=True),
        Capabilities(max_devices=1, only_macs=True, login_length=8, note_length=60),
        Capabilities(max_devices=0, auths=frozenset({"login"}), has_pin=False, login_is_name=True),
        Capabilities(auths=frozenset({"device"}), has_password=False, has_connection_limit=False),
        Capabilities(read_lag=timedelta(seconds=30), writes_secrets_anew=True),
    ],
    ids=["short names", "names of digits", "one device", "no devices", "no logins", "late reads"],
)
async def test_records_are_fitted_to_what_the_platform_can_hold(capabilities: Capabilities) -> None:
    driver = Recording(VirtualClock())
    driver.capabilities = capabilities

    assert [verdict for verdict in await run(driver) if not verdict.ok] == []

    assert driver.asked
    assert driver.records == {}


async def test_everything_is_removed_when_the_run_is_called_off() -> None:
    reached = asyncio.Event()

    class Hangs(Sound):
        capabilities = Capabilities(read_lag=timedelta(seconds=5))

        async def update(self, observed: Observation, after: SubscriberSpec) -> None:
            reached.set()
            await asyncio.Event().wait()

    driver = Hangs(VirtualClock())
    driver.records["f"] = FOREIGN
    told = list[str]()
    task = asyncio.create_task(run(driver, told))
    await reached.wait()
    assert len(driver.records) > 1

    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert driver.records == {"f": FOREIGN}
    assert told == ["called off: what was made is being removed, please wait"]


async def test_a_record_that_cannot_be_removed_is_named_and_told_at_once() -> None:
    driver, left = LeavesTheRecord(VirtualClock()), list[str]()

    last = (await run(driver, left))[-1]

    assert (last.name, last.ok) == ("every record that was made here is removed", False)
    names = {record.external_id for record in driver.records.values()}
    assert names
    assert all(f"record {name!r} is left on platform 'tv'" in last.text for name in names)
    assert "; ".join(left) == last.text


async def test_a_removal_that_is_refused_says_why_and_goes_on() -> None:
    class RefusesOne(Sound):
        async def delete(self, observed: Observation) -> None:
            if observed.record_id == "1":
                raise Transient("tv answered with HTTP 500")
            await super().delete(observed)

    driver, left = RefusesOne(VirtualClock()), list[str]()
    await run(driver, left)
    (text,) = left
    assert "(Transient: tv answered with HTTP 500); remove it there" in text
    assert list(driver.records) == ["1"]


async def test_a_record_under_a_name_it_was_not_given_is_found_by_its_mark() -> None:
    class Misnames(Sound):
        async def create(self, external_id: str, spec: SubscriberSpec) -> str:
            return await super().create(f"x{external_id}", spec)

    driver = Misnames(VirtualClock())
    driver.records["o"] = OURS
    assert not all(verdict.ok for verdict in await run(driver))
    assert [record.external_id for record in driver.records.values() if record.spec.note != "made by hand"] == ["tv1_3"]


async def test_what_cannot_be_read_at_the_end_may_be_left_and_is_named() -> None:
    class GoesDown(Sound):
        async def list(self) -> AsyncIterator[Sequence[Listed]]:
            if self.writes > 40:
                raise Transient("tv gave no answer")
            async for row in super().list():
                yield row

    left = list[str]()
    await run(GoesDown(VirtualClock()), left)
    assert "cannot be told (Transient: tv gave no answer); look there for 'conformance-" in left[-1]


async def test_a_name_that_somebody_has_is_not_used() -> None:
    class HasEveryName(Sound):
        async def observe(self, reference: Reference) -> Observation | None:
            return Observation(reference.external_id, "theirs", OURS.spec, self.clock.now())

    driver = HasEveryName(VirtualClock())
    verdicts = await run(driver)
    assert any("a name that was drawn at random; nothing was done" in verdict.text for verdict in verdicts)
    assert driver.writes == 0


async def test_no_secret_and_no_text_of_a_bug_is_told() -> None:
    verdicts = await run(Stumbles(VirtualClock()))
    texts = " ".join(verdict.text for verdict in verdicts)
    assert "it ended with KeyError, which is a bug of the driver" in texts
    assert "canary" not in texts
    assert "@" not in texts


async def test_a_difference_is_told_by_field_without_personal_data() -> None:
    class ShowsSomethingElse(Sound):
        def _observation(self, record_id: str) -> Observation:
            shown = super()._observation(record_id)
            contact = Contact(email="canary@example.net")
            spec = replace(shown.spec, packages=(), device_ids=("02CANARYCANARY",), login="canary", contact=contact)
            return replace(shown, spec=spec)

    verdicts = {verdict.name: verdict.text for verdict in await run(ShowsSomethingElse(VirtualClock()))}
    text = verdicts["what is created reads back as wished"]
    assert "packages: expected ('1', '2'), found ()" in text
    assert "found 02CA…RY" in text
    assert "contact: what was found is not what was expected" in text
    assert "canary" not in text.lower()


async def test_a_platform_that_is_down_is_one_verdict_and_no_write() -> None:
    driver = IsDown(VirtualClock())
    assert await run(driver) == [
        Verdict("the platform says what it offers", False, "Unavailable: tv does not accept our credentials")
    ]
    assert driver.writes == 0


async def test_a_platform_without_delete_is_not_written_to() -> None:
    driver = CannotDelete(VirtualClock())
    assert [verdict.ok for verdict in await run(driver)] == [True, False]
    assert driver.writes == 0


def test_packages_are_chosen_as_the_platform_groups_them() -> None:
    plan = Package("family", role="plan", optional=("kids", "sport", "elsewhere"))
    addons = [Package(name, role="addon") for name in ("kids", "sport", "both")]
    doubtful = [Package("both", role="plan", optional=("kids",))]
    offers = {
        (): Selection((), ()),
        (Package("a"),): Selection(("a",), ()),
        (Package("b"), Package("a"), Package("c")): Selection(("a", "b"), ("b",)),
        (Package("basic", role="plan"), plan, *addons, *doubtful): Selection(("family", "kids", "sport"), ("family",)),
        (Package("x", role="plan"), Package("y", role="plan")): Selection(("x",), ("y",)),
    }
    for offered, selection in offers.items():
        assert Selection.of(Offer(offered)) == selection
