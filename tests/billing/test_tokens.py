"""How long a token lives: expires_in, else the JWT, else expires_at (contract, section 1.2)."""

from base64 import urlsafe_b64encode
from datetime import UTC, datetime
from decimal import Decimal

import msgspec
import pytest

from controller.billing.tokens import MARGIN, Tokens, lifetime, tokens_in

NOW = datetime(2026, 3, 9, 12, 0, tzinfo=UTC)


def jwt(**claims: object) -> str:
    return f"head.{urlsafe_b64encode(msgspec.json.encode(claims)).decode().rstrip('=')}.sign"


@pytest.mark.parametrize(
    ("answer", "access", "life"),
    [
        ({"expires_in": 900, "expires_at": "2026-03-09 12:00:10"}, jwt(exp=9000, iat=1000), 900),
        ({"expires_in": "900"}, "opaque", 900),
        ({"expires_in": Decimal("900.5")}, "opaque", 900.5),
        ({"expires_at": "2026-03-09 12:00:10"}, jwt(exp=9000, iat=1000), 8000),
        ({}, jwt(exp=NOW.timestamp() + 60), 60),
        ({}, jwt(exp=int(NOW.timestamp()) + 5000, iat=int(NOW.timestamp()) - 4000), 9000),
        ({"expires_at": "2026-03-09 12:15:00"}, "opaque", 900),
        ({"expires_at": "2026-03-09 12:15:00"}, jwt(exp=5, iat=10), 900),
        ({"expires_in": 0}, "opaque", None),
        ({"expires_in": "soon", "expires_at": "later"}, "a.b.c", None),
        ({"expires_in": {}, "expires_at": 5}, "a.%%%.c", None),
        ({}, f"a.{urlsafe_b64encode(b'[1]').decode()}.c", None),
        ({"expires_at": "2026-03-09 11:00:00"}, "opaque", None),
    ],
)
def test_the_life_of_a_token(answer: dict[str, object], access: str, life: float | None) -> None:
    assert lifetime(answer, access, NOW) == life


@pytest.mark.parametrize("life", [60, 900, 172_800])
def test_a_token_is_renewed_when_a_share_of_its_life_is_left(life: int) -> None:
    tokens = tokens_in({"access_token": "a", "expires_in": life}, None, (NOW, 100.0))
    assert tokens is not None
    assert not tokens.is_due(100 + life * (1 - MARGIN) - 1)
    assert tokens.is_due(100 + life * (1 - MARGIN))
    assert not tokens.is_over(100 + life - 1)
    assert tokens.is_over(100 + life)


def test_a_token_of_unknown_life_is_never_due() -> None:
    tokens = tokens_in({"access_token": "a"}, None, (NOW, 0.0))
    assert tokens is not None
    assert not tokens.is_due(1e12)
    assert not tokens.is_over(1e12)


def test_the_refresh_token_rotates_and_is_kept_where_none_comes() -> None:
    old = Tokens("a", "r1")
    rotated = tokens_in({"access_token": "b", "refresh_token": "r2"}, old, (NOW, 0.0))
    kept = tokens_in({"access_token": "b"}, old, (NOW, 0.0))
    assert rotated is not None
    assert kept is not None
    assert (rotated.refresh, kept.refresh) == ("r2", "r1")


@pytest.mark.parametrize("answer", [{}, {"access_token": ""}, {"access_token": None}, {"access_token": {}}])
def test_an_answer_without_an_access_token_gives_none(answer: dict[str, object]) -> None:
    assert tokens_in(answer, None, (NOW, 0.0)) is None


@pytest.mark.parametrize("access", ["clé", "中", "a\nb", "a\r\nX-Other: b", "a\0", "a\x7f"])
def test_an_access_token_that_cannot_stand_in_a_header_is_none(access: str) -> None:
    assert tokens_in({"access_token": access, "expires_in": 900}, None, (NOW, 0.0)) is None


def test_p10_tokens_are_not_shown() -> None:
    assert "canary" not in repr(Tokens("canary", "canary"))
