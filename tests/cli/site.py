"""Both simulators on loopback in a thread, and the commands as processes would be called."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random  # noqa: TID251  seeded, so that a run can be repeated

import yaml

from controller.billing.simulator import Simulator, create_simulator
from controller.clock import SystemClock
from platforms.telebreeze.simulator import API_KEY, TelebreezeSimulator
from tests.cli.forked import Said, call
from tests.servers import serving_beside


@dataclass(frozen=True, slots=True)
class Site:
    """An installation with its configuration file in a folder of its own."""

    folder: Path
    billing: Simulator
    platform: TelebreezeSimulator
    billing_url: str
    platform_url: str

    @property
    def config(self) -> Path:
        return self.folder / "config.yaml"

    def configure(self, **blocks: object) -> Path:
        """Write the configuration; `blocks` are laid over its blocks, key by key. Returns the file."""
        values: dict[str, object] = {
            "billing": {
                "url": self.billing_url,
                "environment": 3,
                "login": "iptv-reconciler",
                "token": {"file": "token"},
                "requests_per_second": 1000,
                "custom_fields": {"device_ids": ["TV MAC"], "login": "TV Login", "password": "TV Password"},
            },
            "platforms": {
                "tv": {
                    "driver": "telebreeze",
                    "url": self.platform_url,
                    "api_key": {"file": "key"},
                    "requests_per_second": 1000,
                }
            },
            "catalog": [
                {"product": {"i_product": 61}, "platform": "tv", "packages": ["basic"]},
                {"product": {"i_product": 62}, "platform": "tv", "packages": ["basic", "cinema"]},
            ],
            "server": {"listen": "127.0.0.1:0"},
            "schedule": {"full_pass": "1s"},
            "store": {"path": "state.db"},
        }
        for name, block in blocks.items():
            known = values.get(name)
            values[name] = {**known, **block} if isinstance(known, dict) and isinstance(block, dict) else block
        (self.folder / "token").write_text("simulated-token\n")
        (self.folder / "key").write_text(API_KEY)
        self.config.write_text(yaml.safe_dump(values))
        return self.config

    def call(self, *words: str) -> Said:
        """Run a command with the configuration and wait for its end."""
        return call(*words, "--config", str(self.config))

    def tv_account(self, number: int = 1) -> int:
        """A new account with a TV product and a device of its own."""
        i_account = self.billing.change("create", id=f"tv{number:06}", i_product=61)
        self.billing.change("device", i_account=i_account, devices=[f"00:1A:79:00:00:{number:02X}"])
        return i_account


@contextmanager
def site(folder: Path) -> Iterator[Site]:
    """Serve both simulators from a thread while the context lasts."""
    clock, draw = SystemClock(), Random(1).random
    billing, platform = create_simulator(clock, draw), TelebreezeSimulator(clock, draw)
    with serving_beside(billing, platform) as served:
        yield Site(folder, billing, platform, *served.urls)
