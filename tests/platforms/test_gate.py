"""Who may start a request: places, pace, and the urgent before the routine."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from platforms.gate import FAIR, Admission, Gate, Limit, Paused, urgent
from tests.clocks import VirtualClock


class Street:
    """A gate with people who go through it; `entered` says in which order and when."""

    def __init__(self, places: int = 8, per_second: float | None = None) -> None:
        self.clock = VirtualClock()
        self.gate = Gate(places, per_second, self.clock)
        self.entered: list[tuple[str, float]] = []
        self.inside = self.most = 0

    async def go(self, name: str, stays: float = 1.0) -> None:
        async with self.gate.entered():
            self.entered.append((name, self.clock.monotonic()))
            self.inside += 1
            self.most = max(self.most, self.inside)
            await self.clock.sleep(stays)
            self.inside -= 1

    def sets_out(self, name: str, *, hurry: bool = False) -> "asyncio.Task[None]":
        with urgent(hurry):
            return asyncio.create_task(self.go(name))

    @property
    def order(self) -> list[str]:
        return [name for name, _ in self.entered]


async def test_no_more_are_inside_than_there_are_places() -> None:
    street = Street(places=2)
    await asyncio.gather(*(street.sets_out(str(number)) for number in range(5)))
    assert street.most == 2
    assert [at for _, at in street.entered] == [0, 0, 1, 1, 2]


async def test_routine_starts_are_an_interval_apart() -> None:
    street = Street(per_second=4)
    await asyncio.gather(*(street.sets_out(str(number)) for number in range(5)))
    assert [at for _, at in street.entered] == [0, 0.25, 0.5, 0.75, 1]


async def test_an_urgent_one_need_not_wait_while_the_second_has_room() -> None:
    street = Street(per_second=4)
    routine = [street.sets_out("routine") for _ in range(2)]
    await street.clock.sleep(0.01)  # the second one waits for its turn
    await asyncio.gather(*routine, *(street.sets_out("urgent", hurry=True) for _ in range(4)))
    assert street.entered == [("routine", 0)] + [("urgent", 0.01)] * 3 + [("urgent", 1), ("routine", 1.25)]


@given(
    rate=st.sampled_from([0.3, 1, 2.5, 7, 10]),
    arrivals=st.lists(st.tuples(st.floats(0, 5), st.booleans()), min_size=1, max_size=40),
)
def test_p17_no_second_sees_more_starts_than_may_be(rate: float, arrivals: list[tuple[float, bool]]) -> None:
    async def scenario() -> list[float]:
        street = Street(places=100, per_second=rate)

        async def comes(at: float, hurry: bool) -> None:
            await street.clock.sleep(at)
            await street.sets_out("somebody", hurry=hurry)

        await asyncio.gather(*(comes(at, hurry) for at, hurry in arrivals))
        return [at for _, at in street.entered]

    starts = asyncio.run(scenario())
    most, span = max(1, int(rate)), max(1, int(rate)) / rate
    assert len(starts) == len(arrivals)
    assert all(later - earlier > span - 1e-9 for earlier, later in zip(starts, starts[most:], strict=False))


async def test_urgent_ones_go_before_routine_ones_that_wait_longer() -> None:
    street = Street(places=1)
    routine = [street.sets_out(f"routine {number}") for number in range(3)]
    await asyncio.sleep(0)
    hurried = street.sets_out("urgent", hurry=True)
    await asyncio.gather(*routine, hurried)
    assert street.order == ["routine 0", "urgent", "routine 1", "routine 2"]


async def test_p15_a_flood_of_urgent_ones_lets_a_routine_one_through_now_and_then() -> None:
    street = Street(places=1)
    tasks = [street.sets_out("urgent", hurry=True) for _ in range(20)] + [street.sets_out("routine") for _ in range(3)]
    await asyncio.gather(*tasks)
    assert [index for index, name in enumerate(street.order) if name == "routine"] == [
        FAIR - 1,
        2 * FAIR - 1,
        3 * FAIR - 1,
    ]


async def test_who_gives_up_waiting_takes_nobodys_place_or_turn() -> None:
    street = Street(places=1, per_second=1)
    first, second, third = (street.sets_out(name) for name in ("first", "second", "third"))
    await asyncio.sleep(0)
    second.cancel()
    await asyncio.gather(first, third)
    assert street.entered == [("first", 0), ("third", 1)]
    await street.go("fourth")
    assert street.most == 1


async def test_who_is_called_off_in_the_moment_of_entering_leaves_the_place_free() -> None:
    street = Street(places=1)
    first, second = street.sets_out("first"), street.sets_out("second")
    await asyncio.sleep(0)
    first.add_done_callback(lambda _: second.cancel())
    await asyncio.gather(first, second, return_exceptions=True)
    await street.go("third")
    assert street.order[-1] == "third"


async def test_what_an_urgent_task_starts_is_urgent() -> None:
    street = Street(places=1)
    routine = [street.sets_out(f"routine {number}") for number in range(3)]
    await asyncio.sleep(0)

    async def starts_another() -> None:
        await asyncio.create_task(street.go("of an urgent one"))

    with urgent():
        other = asyncio.create_task(starts_another())
    await asyncio.gather(*routine, other)
    assert street.order[1] == "of an urgent one"


async def test_who_waits_at_a_gate_that_closes_is_called_off() -> None:
    street = Street(places=1, per_second=1)
    inside, waiting = street.sets_out("inside"), street.sets_out("waiting")
    await street.clock.sleep(0.1)
    street.gate.close()
    await asyncio.wait({inside, waiting}, timeout=1)
    assert waiting.cancelled()
    late = street.sets_out("late")
    await asyncio.wait({late}, timeout=1)
    assert isinstance(late.exception(), Paused)
    assert street.order == ["inside"]


async def test_who_is_let_in_learns_what_kept_them_and_for_how_long() -> None:
    street = Street(places=1, per_second=2)
    admissions: list[Admission] = []

    async def go(stays: float) -> None:
        async with street.gate.entered() as admission:
            admissions.append(admission)
            await street.clock.sleep(stays)

    await asyncio.gather(go(1), go(0))
    await go(0)
    street.gate.pause(street.clock.monotonic() + 3)
    await go(0)
    assert admissions == [
        Admission(0, None, 1),
        Admission(1, Limit.CONCURRENCY, 1),
        Admission(0.5, Limit.RATE, 1),
        Admission(3, Limit.PAUSE, 1),
    ]
