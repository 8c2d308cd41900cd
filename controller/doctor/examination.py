"""The whole examination of an installation: what is here, then every billing and every platform, side by side."""

import asyncio

from controller.app import Connections
from controller.config import Config
from controller.doctor.billing import BillingTarget, examine_billing
from controller.doctor.checks import Check
from controller.doctor.local import examine_local
from controller.doctor.platform import PlatformTarget, examine_platform
from desired_state.catalog import CatalogEntry


async def examine(config: Config, connections: Connections) -> list[Check]:
    """All checks, in the order of the configuration. A target that fails delays no other."""
    billings = (examine_billing(target) for target in _billings(config, connections))
    platforms = (examine_platform(target) for target in _platforms(config, connections))
    asked = await asyncio.gather(*billings, *platforms)
    return [*examine_local(config), *(check for checks in asked for check in checks)]


def _billings(config: Config, connections: Connections) -> list[BillingTarget]:
    return [
        BillingTarget(client, source, _entries(config, billing=source.name)) for client, source in connections.billings
    ]


def _platforms(config: Config, connections: Connections) -> list[PlatformTarget]:
    return [
        PlatformTarget(
            driver,
            tuple(entry for entry in config.entries if entry.platform == driver.name),
            config.billing_of(driver.name).environment,
        )
        for driver in connections.drivers
    ]


def _entries(config: Config, *, billing: str) -> tuple[CatalogEntry, ...]:
    """The part of the catalog that is for accounts of that billing."""
    return tuple(entry for entry in config.entries if config.billing_of(entry.platform).name == billing)
