"""What an operator may say about several replicas."""

from datetime import timedelta
from pathlib import Path

import pytest

from controller.config import Config, ConfigError, from_values
from tests.controller.test_config import LEAST


def configured(leadership: object, **blocks: object) -> Config:
    return from_values({**LEAST, "leadership": leadership, **blocks}, Path("/etc/reconciler"), {"KEY": "k"})


def test_without_it_there_is_one_process() -> None:
    assert from_values(LEAST, Path("/etc/reconciler"), {"KEY": "k"}).leadership is None


def test_a_name_is_enough() -> None:
    block = configured({"lease": "iptv-reconciler"}).leadership
    assert block is not None
    assert (block.duration, block.renew, block.namespace) == (timedelta(seconds=60), timedelta(seconds=5), None)


@pytest.mark.parametrize(
    ("block", "told"),
    [
        ({}, "leadership.lease: is required"),
        ({"lease": "Tv"}, "leadership.lease: is made of small letters"),
        ({"lease": "tv", "namespace": "a/b"}, "leadership.namespace: is made of small letters"),
        ({"lease": "tv", "renew": "0s"}, "leadership.renew"),
        ({"lease": "tv", "duration": 60}, "leadership.duration: must be a duration with its unit"),
        ({"lease": "tv", "renews": "5s"}, "did you mean renew"),
        ({"lease": "tv", "duration": "22s"}, "it takes 23s or more"),
        ({"lease": "tv", "duration": "60s", "renew": "30s"}, "it takes 1m18s or more"),
    ],
)
def test_a_problem_is_told_with_its_place(block: object, told: str) -> None:
    with pytest.raises(ConfigError) as raised:
        configured(block)
    assert told in str(raised.value)


def test_p07_a_lease_that_calls_would_outlast_is_refused_with_the_call_that_does() -> None:
    with pytest.raises(ConfigError, match=r"a call may take 30 s \(charges\.enabled\).*45s or more"):
        configured({"lease": "tv", "duration": "44s"}, charges={"enabled": True})
    assert configured({"lease": "tv", "duration": "45s"}, charges={"enabled": True}).leadership
    slow = {"tv": {"driver": "telebreeze", "url": "https://tv.test", "api_key": {"env": "KEY"}, "timeout_seconds": 60}}
    with pytest.raises(ConfigError, match=r"a call may take 60 s \(platforms\.tv\.timeout_seconds\)"):
        configured({"lease": "tv"}, platforms=slow)
