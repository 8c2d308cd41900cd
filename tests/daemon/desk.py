"""A configuration file with its secrets beside it, and a daemon in this process that follows them."""

import asyncio
import io
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import yaml

from controller.config import Config, load
from controller.config.secret import Contents
from controller.reloading import PAUSE, Reloader
from controller.store.ledger import Ledger
from platforms.telebreeze.simulator import API_KEY
from tests.bed import Bed, configured
from tests.daemon.office import Lead, Office

CATALOG = [{"product": {"i_product": 61}, "platform": "tv", "packages": ["basic"]}]


class Desk:
    """Changes of the file are taken up after `settle`."""

    def __init__(self, folder: Path, log: io.StringIO) -> None:
        self.folder, self.file, self._log = folder, folder / "config.yaml", log
        for name, value in (("token", "simulated-token"), ("key", API_KEY), ("espf", "espf-secret")):
            self.secret(name, value)
        self.bed = Bed(folder, {})
        self.write()
        self.begin_anew()

    def begin_anew(self, *, as_standby: bool = False) -> None:
        """Have a daemon that begins by what the file says now; of several on the store, one that does not lead."""
        contents: Contents = {}
        self.bed.config = load(self.file, {}, contents)
        self.office = Office(self.bed, by=_never) if as_standby else Office(self.bed)
        self.reloader = Reloader(self.file, contents, self.office.daemon, self.bed.world, _in_place)

    def secret(self, name: str, value: str) -> None:
        """Write a secret's file."""
        (self.folder / name).write_text(f"{value}\n")

    def write(self, **blocks: object) -> Path:
        """Write the configuration; `blocks` are laid over its blocks, key by key."""
        self.file.write_text(self.text(**blocks))
        return self.file

    def text(self, **blocks: object) -> str:
        """What `write` writes."""
        values = configured(self.folder, {"catalog": CATALOG, **blocks})
        billing, platforms, events = (values[name] for name in ("billing", "platforms", "events"))
        assert isinstance(billing, dict)
        assert isinstance(platforms, dict)
        assert isinstance(events, dict)
        tv = {"tv": {**platforms["tv"], "api_key": {"file": "key"}}} if "tv" in platforms else {}
        files = {
            "billing": {**billing, "token": {"file": "token"}},
            "platforms": {**platforms, **tv},
            "events": {"espf": {"username": "espf", "password": {"file": "espf"}}},
        }
        return str(yaml.safe_dump({**values, **files}))

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        """Until the end of the context."""
        async with self.office.at_work():
            following = asyncio.create_task(self.reloader.run())
            yield
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)

    async def settle(self) -> None:
        """Until a change was looked at twice, and the term that it began is at work and counted."""
        await self.bed.world.sleep(5 * PAUSE)

    @property
    def in_force(self) -> Config:
        """What the daemon works by."""
        return self.office.daemon.present.config

    def said(self, event: str) -> list[dict[str, object]]:
        """The lines of the log that say this."""
        return [line for line in map(json.loads, self.log.splitlines()) if line["event"] == event]

    @property
    def log(self) -> str:
        """All of it."""
        return self._log.getvalue()


async def _in_place(read: Callable[[], Config]) -> Config:
    return read()


def _never(ledger: Ledger) -> Lead:
    ledger.share()
    return Lead()
