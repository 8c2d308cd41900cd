"""What the demo asks and tells: the simulators by HTTP, the daemon's store by the `status` command.

Requests to the simulators go below `/_sim/`, where they neither count nor are spoilt.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import msgspec

from controller.demo.check import WORDS, Account, Record
from controller.demo.kinds import KINDS
from controller.demo.parts import output_of
from platforms.endpoint import Endpoint
from platforms.transport import Clock, Request, Transport, unexpected

T = TypeVar("T")

_TIMEOUT = 60.0


class Remote:
    """One part's HTTP interface."""

    def __init__(self, name: str, url: str, clock: Clock) -> None:
        self.url = url
        self._transport = Transport(Endpoint(target=name, url=url, timeout_seconds=_TIMEOUT), clock)

    async def ask(self, method: str, path: str, body: object = None) -> bytes:
        """The body of the answer. Raises `PlatformError` where there is none, or it says no."""
        answer = await self._transport.request(Request(path, method, path, json=body))
        if answer.status >= 400:
            raise unexpected(answer, f"{method} {path}")
        return answer.body

    async def get(self, path: str, shape: type[T]) -> T:
        """The answer to a `GET`, as values."""
        return msgspec.json.decode(await self.ask("GET", path), type=shape)

    async def aclose(self) -> None:
        """Close all connections."""
        await self._transport.aclose()


class _Accounts(msgspec.Struct):
    accounts: tuple[Account, ...]


class _Records(msgspec.Struct):
    rows: tuple[dict[str, object], ...]


class _Requests(msgspec.Struct):
    operations: dict[str, int]
    writes: int


class _Reading(msgspec.Struct, frozen=True):
    last_success: datetime | None


class _Platform(_Reading, frozen=True):
    accounts: dict[str, int]


class Status(msgspec.Struct, frozen=True):
    """What `status --output json` prints, as far as the demo cares."""

    billing: _Reading
    platforms: dict[str, _Platform]

    @property
    def summary(self) -> str:
        """How many subscribers are in which state, platform by platform."""
        return "; ".join(f"{name}: {_counted(each.accounts)}" for name, each in self.platforms.items())

    def all_read_since(self, since: datetime) -> bool:
        """Whether a pass has read billing and every platform since then."""
        readings = (self.billing, *self.platforms.values())
        return all(each.last_success is not None and each.last_success > since for each in readings)


@dataclass(frozen=True, slots=True)
class Calls:
    """What a platform has been asked so far: `writes` that arrived, `passes` over everything that began."""

    writes: int
    passes: int


@dataclass(frozen=True, slots=True)
class Site:
    """Billing and the platforms, and the daemon's configuration."""

    billing: Remote
    platforms: Mapping[str, Remote]
    config: Path

    async def accounts(self) -> Sequence[Account]:
        """Billing's facts."""
        return (await self.billing.get("/_sim/accounts", _Accounts)).accounts

    async def records(self, platform: str) -> Sequence[Record]:
        """Everything the platform holds."""
        return (await self.platforms[platform].get(WORDS[platform].path, _Records)).rows

    async def calls(self) -> Mapping[str, Calls]:
        """What each platform has counted."""
        found = {}
        for name, remote in self.platforms.items():
            counted = await remote.get("/_sim/requests", _Requests)
            found[name] = Calls(counted.writes, counted.operations.get(KINDS[name].per_round, 0))
        return found

    async def restarts(self) -> int:
        """How often viewers' boxes were told to restart; only Ministra does that."""
        rows = await self.records("box")
        return sum(each["reboots"] for each in rows if isinstance(each["reboots"], int))

    async def status(self) -> Status:
        """What the `status` command says."""
        arguments = ["status", "--config", str(self.config), "--output", "json"]
        return msgspec.json.decode(await output_of(arguments, self.config.parent), type=Status)


def _counted(accounts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {state}" for state, count in accounts.items() if count)
