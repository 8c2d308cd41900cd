"""Who may have what, as far as the store knows: wishes and records, no network."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from controller.judgement import Comparison, compare
from controller.store import Store
from controller.targets import Platform
from desired_state.desired import Desired, PlatformRules
from desired_state.entitlement import Presence
from desired_state.plan import Rename, Update
from desired_state.subscriber import Observation, Owner, SubscriberKey, SubscriberSpec
from platforms.capabilities import Capabilities
from platforms.memory import MemoryDriver
from tests.clocks import START, VirtualClock
from tests.desired_state.builders import ON


class CannotRename(MemoryDriver):
    """A platform on which a record keeps the name it was made with."""

    capabilities = Capabilities(can_rename=False)


class ShortNames(MemoryDriver):
    """A platform with little room for names."""

    capabilities = Capabilities(external_id_length=20)


@dataclass(frozen=True)
class Known:
    """A store in which wishes and records are put by hand."""

    store: Store
    platform: Platform

    def wish(
        self, i_account: int, device: str | None, presence: Presence = Presence.ACTIVE, **more: str | bool
    ) -> None:
        """What is wished for an account; its name is `N_3` unless `external_id` says otherwise."""
        owner = Owner(3, i_account)
        devices = (device,) if device else () if device is not None else None
        spec = replace(ON, device_ids=devices, note=owner.note)
        bare = {Presence.DORMANT: SubscriberSpec(enabled=False), Presence.ACTIVE: spec, Presence.SUSPENDED: spec}
        known = Desired(
            key=SubscriberKey("tv", i_account),
            presence=presence,
            external_id=f"{i_account}_3",
            spec=bare.get(presence),
            owner=owner,
            reason="example",
        )
        self.store.subscribers("tv").put(replace(known, **more), START)  # type: ignore[arg-type]  # names by hand

    def record(self, i_account: int | None, device: str, name: str = "", *, enabled: bool = True) -> str:
        """A record of an account, or somebody else's."""
        note = Owner(3, i_account).note if i_account is not None else "VIP"
        spec = replace(ON, device_ids=(device,) if device else (), note=note, enabled=enabled)
        record_id = f"{i_account}-{device}-{name}"
        self.store.records("tv", 3).note_observed(None, Observation(name or f"{i_account}_3", record_id, spec, START))
        return record_id

    def compared(self, i_account: int) -> Comparison:
        """The account as it stands."""
        comparison = compare(self.store, self.platform, i_account)
        assert comparison is not None
        return comparison

    def codes(self, i_account: int) -> list[str]:
        """What stands in the way of its change."""
        change = self.compared(i_account).change
        return [] if change is None else [problem.code for problem in change.desired.problems]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[[type[MemoryDriver]], Known]]:
    """Stores beside platforms of a kind."""
    store = Store.open(tmp_path / "state.db")

    def made(driver: type[MemoryDriver] = MemoryDriver) -> Known:
        platform = Platform(PlatformRules(name="tv"), driver("tv", VirtualClock()), "billing", i_env=3, workers=1)
        return Known(store, platform)

    yield made
    store.close()


@pytest.fixture
def known(make: Callable[[type[MemoryDriver]], Known]) -> Known:
    return make(MemoryDriver)


def test_a_record_that_is_left_as_it_is_keeps_what_it_has(known: Known) -> None:
    known.wish(1, None, Presence.HOLD)
    known.record(1, "a")
    known.wish(2, "a")
    known.record(2, "b")

    assert known.codes(2) == ["duplicate"]
    assert known.compared(1).change is None


def test_a_masked_device_changes_nothing_so_it_stays_where_it_is(known: Known) -> None:
    known.wish(1, None)
    known.record(1, "a")
    known.wish(2, "a")

    assert known.codes(2) == ["duplicate"]
    assert known.compared(1).change is None


def test_the_record_of_an_account_of_which_nothing_is_known_keeps_what_it_has(known: Known) -> None:
    known.record(1, "a")
    known.wish(2, "a")

    assert known.codes(2) == ["duplicate"]
    assert known.compared(2).turn.waits_for == ()


def test_a_second_record_of_the_same_account_is_nothing_to_wait_for(known: Known) -> None:
    known.record(1, "a", "other")
    known.record(1, "b")
    known.wish(1, "a")

    assert known.codes(1) == ["duplicate"]


def test_a_record_that_is_gone_stands_in_nobody_s_way(known: Known) -> None:
    record_id = known.record(1, "a", "2_3")
    known.wish(1, None, Presence.ABSENT)
    known.wish(2, "a")
    assert known.codes(2) == ["waiting", "waiting"]
    assert known.compared(2).turn.waits_for == (1,)

    known.store.records("tv", 3).note_removed(record_id, START)

    assert known.codes(2) == []


def test_a_name_that_cannot_be_left_is_a_conflict_where_the_platform_cannot_rename(
    make: Callable[[type[MemoryDriver]], Known],
) -> None:
    known = make(CannotRename)
    known.wish(1, "a")
    known.record(1, "a", "2_3")
    known.wish(2, "b")

    assert known.codes(2) == ["duplicate"]
    assert known.compared(1).change is None

    known.wish(1, None, Presence.ABSENT)

    assert known.codes(2) == ["waiting"], "deleting works"


def test_a_full_name_that_is_too_long_gives_way_to_the_interim_one(
    make: Callable[[type[MemoryDriver]], Known],
) -> None:
    known = make(ShortNames)
    known.wish(1, None, Presence.DORMANT, external_id="2_3", full_name="a-rather-long-name-old000_3")
    known.record(1, "", "2_3", enabled=False)
    known.wish(2, "b")

    change = known.compared(1).change

    assert isinstance(change, Rename)
    assert change.desired.external_id == "moving-1_3"


def test_who_would_never_get_a_record_has_nobody_make_way_for_it(known: Known) -> None:
    known.wish(1, None, Presence.DORMANT)
    known.record(1, "a", "2_3", enabled=False)
    known.wish(2, "a", Presence.SUSPENDED, may_create=False)

    assert known.compared(1).change is None


def test_a_row_of_waiting_accounts_lets_go_only_at_its_end(known: Known) -> None:
    for number in range(1, 6):
        known.wish(number, f"d{number + 1}")
        known.record(number, f"d{number}")

    changes = [known.compared(number) for number in range(1, 6)]

    assert [comparison.turn.waits_for for comparison in changes] == [(2,), (3,), (4,), (5,), ()]
    assert not any(comparison.turn.lets_go for comparison in changes)


def test_a_circle_too_long_to_be_followed_is_broken_all_the_same(known: Known) -> None:
    for number in range(200):
        known.wish(number, f"d{(number - 1) % 200}")
        known.record(number, f"d{number}")

    lowest, other = known.compared(0), known.compared(150)

    assert lowest.turn.lets_go
    assert isinstance(lowest.change, Update)
    assert lowest.change.after.device_ids == ()
    assert (other.turn.lets_go, other.turn.waits_for) == (False, (149,))


def test_nobody_lets_go_of_what_nobody_needs(known: Known) -> None:
    known.wish(1, None, Presence.DORMANT)
    known.record(1, "a", enabled=False)
    known.wish(2, "b")

    assert known.compared(1).change is None
