"""What a platform cannot hold is told, and left out only where the operator chose so."""

from dataclasses import replace

import pytest

from desired_state.account import Secret
from desired_state.subscriber import SubscriberSpec
from platforms.capabilities import Capabilities
from platforms.fitting import degraded, shortfalls

FITTING = SubscriberSpec(
    enabled=True, auth="device", device_ids=("001A79000001",), login="ana", max_connections=0, note="ours"
)
LITTLE = Capabilities(
    external_id_length=8,
    name_pattern=r"[a-z0-9_]+",
    auths=frozenset({"device"}),
    max_devices=1,
    only_macs=True,
    login_length=5,
    has_password=False,
    has_pin=False,
    has_connection_limit=False,
    note_length=10,
)


def said(spec: SubscriberSpec, name: str = "tv1_3", capabilities: Capabilities = LITTLE) -> list[str]:
    problems = shortfalls("tv", capabilities, name, spec)
    assert all(problem.code == "capability" and "platform 'tv'" in problem.text for problem in problems)
    return [problem.text.partition("cannot hold this: ")[2] for problem in problems]


def test_what_fits_is_no_problem() -> None:
    assert said(FITTING) == []
    assert said(replace(FITTING, device_ids=(), pin=Secret("", ""), password=Secret("", ""))) == []
    assert said(SubscriberSpec(enabled=False)) == []


@pytest.mark.parametrize(
    ("wish", "sentence"),
    [
        (replace(FITTING, device_ids=("001A79000001", "001A79000002")), "2 devices, more than 1"),
        (replace(FITTING, device_ids=("stb-7-and-more",)), "device 'stb-…re' is not a MAC"),
        (replace(FITTING, auth="login"), "no authentication by 'login'"),
        (replace(FITTING, login="annabel"), "the login has 7 characters, more than 5"),
        (replace(FITTING, password=Secret("f")), "there are no passwords"),
        (replace(FITTING, pin=Secret("f")), "there is no PIN"),
        (replace(FITTING, max_connections=2), "no limit of connections, and 2 are allowed"),
        (replace(FITTING, note="x" * 11), "the note has 11 characters, more than 10"),
    ],
)
def test_what_does_not_fit_is_named_without_personal_data(wish: SubscriberSpec, sentence: str) -> None:
    (text,) = said(wish)
    assert sentence in text
    assert "annabel" not in text


@pytest.mark.parametrize(
    ("name", "sentence"), [("", "0 characters"), ("x" * 9, "9 characters"), ("a/b", "cannot address")]
)
def test_a_name_has_length_and_characters(name: str, sentence: str) -> None:
    (text,) = said(FITTING, name)
    assert sentence in text


def test_a_platform_without_bounds_holds_everything() -> None:
    wish = replace(FITTING, device_ids=("a", "b", "c"), pin=Secret("f"), password=Secret("g"), max_connections=9)
    assert said(wish, "any name /", Capabilities()) == []


def test_only_what_the_operator_chose_is_left_out() -> None:
    wish = replace(FITTING, device_ids=("00:1a:79:00:00:02", "001A79000002", "b"), pin=Secret("f"), max_connections=2)
    assert degraded(wish, LITTLE, ()) == wish
    assert degraded(wish, LITTLE, ["pin"]) == replace(wish, pin=None)
    assert degraded(wish, LITTLE, ["connection_limit"]) == replace(wish, max_connections=None)
    assert degraded(wish, LITTLE, ["devices"]) == replace(wish, device_ids=("001A79000002",)), "one spelt twice is one"
    assert degraded(replace(wish, device_ids=None), LITTLE, ["devices"]).device_ids is None


def test_what_the_platform_can_hold_is_never_left_out() -> None:
    wish = replace(FITTING, device_ids=("a", "b"), pin=Secret("f"), max_connections=2)
    assert degraded(wish, Capabilities(), ["pin", "connection_limit", "devices"]) == wish
