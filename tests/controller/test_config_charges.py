"""What an operator may say about charges."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from controller.config import Config, ConfigError, from_values
from desired_state.charges import Limits, Patience
from tests.controller.test_config import LEAST


def configured(**charges: object) -> Config:
    return from_values({**LEAST, "charges": charges}, Path("/etc/reconciler"), {"KEY": "k"})


def test_the_defaults_are_those_of_the_core() -> None:
    block = configured(enabled=True).charges
    assert block.limits == Limits()
    assert block.patience == Patience()
    assert block.poll == timedelta(minutes=1)


def test_amounts_are_exact_and_instants_have_a_zone() -> None:
    block = configured(max_amount=19.9, daily_account="0.1", since="2026-03-01T01:00:00+01:00", i_service=5).charges
    assert (block.max_amount, block.daily_account) == (Decimal("19.9"), Decimal("0.1"))
    assert block.since == datetime(2026, 3, 1, tzinfo=UTC)
    assert block.i_service == 5


@pytest.mark.parametrize(
    ("charges", "said"),
    [
        ({"max_amount": 0}, "above zero"),
        ({"max_amount": -1}, "above zero"),
        ({"daily_account": "much"}, "above zero"),
        ({"daily_platform": True}, "amount of money"),
        ({"max_amount": 1e30}, "above zero"),
        ({"since": "2026-03-01"}, "zone"),
        ({"since": "2026-03-01T00:00:00"}, "zone"),
        ({"since": datetime(2026, 3, 1, tzinfo=UTC).date()}, "zone"),
        ({"since": "soon"}, "charges.since"),
        ({"settle": 60}, "unit"),
        ({"give_up": "0s"}, "more than 0s"),
        ({"i_service": 0}, "charges.i_service"),
        ({"daily": 5}, "daily_account"),
    ],
    ids=str,
)
def test_what_makes_no_sense_is_refused_with_a_sentence(charges: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        configured(**charges)


def test_what_should_be_known_is_warned_about() -> None:
    assert not any("charges" in text for text in configured().warnings)
    (text,) = [each for each in configured(enabled=True).warnings if "charges" in each]
    assert text.startswith("charges.since: is not set")
    assert not any("charges" in each for each in configured(enabled=True, since="2026-03-01T00:00:00Z").warnings)


def test_an_observed_platform_that_sells_is_warned_about() -> None:
    tv = {"driver": "telebreeze", "url": "http://localhost:2", "api_key": {"env": "KEY"}, "mode": "observe"}
    given = {**LEAST, "platforms": {"tv": tv}, "charges": {"enabled": True, "since": "2026-03-01T00:00:00Z"}}
    config = from_values(given, Path("/etc/reconciler"), {"KEY": "k"})
    assert any(text.startswith("platforms.tv.mode: observe keeps what is sold") for text in config.warnings)
