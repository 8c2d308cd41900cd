"""The breaker: when it opens, what gets through while it is open, and when it closes."""

from hypothesis import given
from hypothesis import strategies as st

from platforms.breaker import ENOUGH, FAILURES, FIRST_PROBE, LAST_PROBE, SHARE, WINDOW, Breaker, NeverOpen, Verdict

SOUND, FAILED, REFUSED = Verdict.SOUND, Verdict.FAILED, Verdict.REFUSED

STEPS = st.tuples(st.floats(0, 400), st.sampled_from(Verdict))


def request(breaker: Breaker, verdict: Verdict, now: float) -> bool:
    """One request that ends at once; says whether it was let through."""
    turn = breaker.begin(now)
    if turn is None:
        return False
    breaker.tell(turn, verdict, now)
    return True


def opened(now: float = 0.0) -> Breaker:
    breaker = Breaker()
    request(breaker, REFUSED, now)
    return breaker


def test_it_opens_after_so_many_failures_in_a_row_and_not_before() -> None:
    breaker = Breaker()
    for number in range(FAILURES - 1):
        request(breaker, FAILED, number)
    request(breaker, SOUND, 10)
    for number in range(FAILURES - 1):
        request(breaker, FAILED, 20 + number)
    before = breaker.opened_at
    request(breaker, FAILED, 30)
    assert (before, breaker.opened_at) == (None, 30)


def test_it_opens_when_two_fifths_of_many_requests_in_a_minute_failed() -> None:
    breaker, opened_by = Breaker(), 0
    for number in range(1, 2 * ENOUGH):
        request(breaker, SOUND if number % 2 else FAILED, number)
        if breaker.is_open:
            opened_by = opened_by or number
    assert opened_by == ENOUGH, "before, there are too few to tell"


def test_what_failed_over_a_minute_ago_no_longer_counts() -> None:
    breaker = Breaker()
    for number in range(200):
        request(breaker, FAILED if number % 2 else SOUND, number * 4.0)  # 15 a minute
    assert not breaker.is_open


@given(share=st.integers(0, 7))
def test_fewer_failures_than_two_fifths_never_open_it(share: int) -> None:
    breaker = Breaker()
    for number in range(400):
        request(breaker, FAILED if number * share // ENOUGH != (number - 1) * share // ENOUGH else SOUND, number / 10)
    assert share / ENOUGH < SHARE
    assert not breaker.is_open


def test_a_refusal_of_everybody_opens_it_at_once() -> None:
    assert opened().is_open


def test_probes_come_one_at_a_time_ever_later_and_at_most_a_quarter_of_an_hour_apart() -> None:
    breaker, now, gaps = opened(), 0.0, []
    for _ in range(8):
        gaps.append(breaker.rests(now))
        assert breaker.begin(now + gaps[-1] - 0.001) is None
        now += gaps[-1]
        turn = breaker.begin(now)
        assert turn is not None
        assert breaker.begin(now) is None, "one at a time"
        breaker.tell(turn, FAILED, now)
    assert gaps == [FIRST_PROBE, 60, 120, 240, 480, LAST_PROBE, LAST_PROBE, LAST_PROBE]
    assert breaker.opened_at == 0, "open since it opened, not since the last probe"


def test_a_probe_that_succeeds_closes_it_and_the_next_opening_begins_with_a_short_rest() -> None:
    breaker = opened()
    request(breaker, FAILED, FIRST_PROBE)
    request(breaker, SOUND, 90)
    assert not breaker.is_open
    assert breaker.rests(90) == 0
    request(breaker, REFUSED, 90 + WINDOW)
    assert breaker.rests(90 + WINDOW) == FIRST_PROBE


def test_one_that_opens_again_at_once_goes_on_with_its_rests_where_they_were() -> None:
    """The probes are reads, which work, and every write fails."""
    breaker, now, gaps = opened(), 0.0, []
    for _ in range(7):
        gaps.append(breaker.rests(now))
        now += gaps[-1]
        request(breaker, SOUND, now)
        assert not breaker.is_open
        for number in range(FAILURES):
            request(breaker, FAILED, now + number)
        now += FAILURES - 1
        assert breaker.is_open
    assert gaps == [FIRST_PROBE, 60, 120, 240, 480, LAST_PROBE, LAST_PROBE]


def test_a_probe_that_was_called_off_leaves_its_turn_to_another() -> None:
    breaker = opened()
    turn = breaker.begin(FIRST_PROBE)
    assert turn is not None
    breaker.called_off(turn)
    assert breaker.begin(FIRST_PROBE) is not None


def test_what_began_before_it_opened_neither_closes_it_nor_prolongs_the_rest() -> None:
    breaker = Breaker()
    early = [breaker.begin(0), breaker.begin(0)]
    assert early == [0, 0]
    request(breaker, REFUSED, 1)
    breaker.tell(0, SOUND, 2)
    breaker.tell(0, FAILED, 3)
    breaker.called_off(0)
    assert breaker.is_open
    assert breaker.rests(3) == FIRST_PROBE - 2


def test_a_wish_to_be_left_alone_stops_everything_and_is_no_failure() -> None:
    breaker = Breaker()
    breaker.leave_alone(100)
    breaker.leave_alone(50)
    assert breaker.begin(99.9) is None
    assert not breaker.is_open
    assert breaker.begin(100) is not None


def test_what_was_open_before_a_restart_is_probed_at_once_and_then_as_after_an_opening() -> None:
    breaker = Breaker()
    breaker.restore(-500, 7)
    assert (breaker.is_open, breaker.opened_at) == (True, -500)
    request(breaker, FAILED, 7)
    assert breaker.rests(7) == FIRST_PROBE


def test_a_refusal_that_several_answers_show_together_opens_it_and_does_not_prolong_a_rest() -> None:
    breaker = Breaker()
    breaker.refuse(5)
    breaker.refuse(20)
    assert breaker.rests(20) == FIRST_PROBE - 15


@given(st.lists(STEPS, max_size=60))
def test_p17_while_it_is_open_probes_are_at_least_the_first_rest_apart(steps: list[tuple[float, Verdict]]) -> None:
    breaker, now, last_through = Breaker(), 0.0, -1e9
    for after, verdict in steps:
        now += after
        was_open = breaker.is_open
        if request(breaker, verdict, now):
            assert not was_open or now - last_through >= FIRST_PROBE - 1e-6
            last_through = now
        assert 0 <= breaker.rests(now) <= LAST_PROBE + 1e-6


@given(st.lists(STEPS, max_size=60))
def test_p14_whatever_happened_it_closes_once_the_target_is_sound_again(steps: list[tuple[float, Verdict]]) -> None:
    breaker, now = Breaker(), 0.0
    for after, verdict in steps:
        now += after
        request(breaker, verdict, now)
    now += LAST_PROBE
    assert request(breaker, SOUND, now)
    assert not breaker.is_open


def test_listeners_hear_of_every_opening_and_closing() -> None:
    heard: list[bool] = []
    breaker = Breaker()
    breaker.listeners.append(lambda: heard.append(breaker.is_open))
    request(breaker, REFUSED, 0)
    request(breaker, FAILED, FIRST_PROBE)
    request(breaker, SOUND, 1000)
    assert heard == [True, True, False]


def test_one_that_never_opens_lets_everything_through() -> None:
    breaker = NeverOpen()
    assert all(request(breaker, verdict, 0) for verdict in [REFUSED, *[FAILED] * 100])
    assert not breaker.is_open
