"""Asking one platform: whether it lets us in, what it offers, and whose records it holds. Reads only."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from controller.doctor.catalog import judge_packages
from controller.doctor.checks import Check, Findings
from desired_state.catalog import CatalogEntry
from desired_state.subscriber import Owner
from platforms.driver import Driver, PlatformError
from platforms.listing import understood


@dataclass(frozen=True, slots=True)
class PlatformTarget:
    """One platform to be asked, its part of the catalog, and the environment of its billing."""

    driver: Driver
    entries: tuple[CatalogEntry, ...]
    i_env: int


async def examine_platform(target: PlatformTarget) -> list[Check]:
    """Everything about one platform. What it offers is asked first: that needs both a connection and a session."""
    findings = Findings(target.driver.name)
    try:
        packages = await target.driver.packages()
    except PlatformError as error:
        left_out = findings.warn("connection", "not looked at for that: packages, records")
        return [findings.fail("connection", error.text), left_out]
    connected = findings.ok("connection", "the platform can be reached and accepts our credentials")
    return [connected, *judge_packages(findings, target.entries, packages), await _records(target, findings)]


async def _records(target: PlatformTarget, findings: Findings) -> Check:
    owners: Counter[str] = Counter()
    try:
        async for record in understood(target.driver.list()):
            owners[_owner(record.owner, target.i_env)] += 1
    except PlatformError as error:
        return findings.fail("records", f"the list of records cannot be read: {error.text}")
    parts = ", ".join(_parts(owners))
    return findings.ok("records", f"it holds {owners.total()} records: {parts} (by the mark in their notes)")


def _owner(owner: Owner | None, i_env: int) -> str:
    if owner is None:
        return "foreign"
    return "ours" if owner.i_env == i_env else f"marked for environment {owner.i_env}"


def _parts(owners: Counter[str]) -> Iterator[str]:
    return (f"{owners[kind]} {kind}" for kind in sorted({"ours", "foreign", *owners}))
