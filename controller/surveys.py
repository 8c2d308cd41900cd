"""Surveys over everything: by the configuration in force, and by a candidate that is tried beside it.

Rules of this module:

1. Nothing is written to a platform, and to no store but that of the application.
2. A candidate decides about the very readings that the configuration in force decides about: what both read in the same
   way is read once, for both. What the candidate reads otherwise (another address, other credentials, a platform of its
   own), it reads itself; where it reads accounts otherwise (other custom fields), all their details are read anew.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial

from controller.app import Application
from controller.config import Config
from controller.config.changes import changed_keys
from controller.fleet import PassOptions, PassReport
from controller.store import Store
from controller.targets import Billing
from controller.views.candidate import Side, candidate_view
from controller.views.plan import Found, PlanView

_BILLING = ("url", "environment", "login", "token", "password", "verify_tls", "custom_fields", "addons_from")
_PLATFORM = ("driver", "url", "api_key", "username", "password", "verify_tls", "dialect")


async def survey(application: Application, options: PassOptions) -> list[PassReport]:
    """A pass over every billing and its platforms that decides and does nothing."""
    return list(await asyncio.gather(*(each.fleet.survey(options) for each in application.installations)))


def billings_of(application: Application) -> list[Billing]:
    """All its billing sources."""
    return [installation.billing for installation in application.installations]


async def try_candidate(
    candidate: Application, running: Application, reports: Sequence[PassReport], taken_at: datetime
) -> tuple[PlanView, Found]:
    """The candidate's plan, compared with what `reports` found for the configuration in force.

    The candidate's store is a copy of the other's, made after that. What could not be read for either is in `failed`.
    """
    await _share_readings(running, reports, candidate)
    due, found = Found.of(reports), Found.of(await survey(candidate, PassOptions(whole_plan=True)))
    sides = Side(found, billings_of(candidate)), Side(due, billings_of(running))
    keys = changed_keys(running.config, candidate.config)
    view = await candidate.ledger.run(lambda store: candidate_view(store, *sides, keys, taken_at))
    return view, replace(found, failed=tuple(dict.fromkeys((*found.failed, *due.failed))))


async def _share_readings(running: Application, reports: Sequence[PassReport], candidate: Application) -> None:
    """Have the candidate read nothing that was read for it already."""
    surveyed = dict(zip((each.billing.name for each in running.installations), reports, strict=True))
    former = {each.billing.name: each.billing for each in running.installations}
    for installation in candidate.installations:
        billing = installation.billing
        if billing.name not in surveyed:
            continue
        if billing.read_by != former[billing.name].read_by:
            await candidate.ledger.run(partial(_forget_details, billing=billing.name))
        report = surveyed[billing.name]
        if report.snapshot is not None and _is_read_alike(running.config, candidate.config, billing):
            read = {each.name for each in former[billing.name].platforms} - {*report.failed, *report.resting}
            shared = [name for name in read if _is_alike(running.config, candidate.config, name)]
            installation.gatherer.trust(report.snapshot, shared)


def _is_read_alike(one: Config, other: Config, billing: Billing) -> bool:
    before, after = (block for config in (one, other) for block in config.billing if block.name == billing.name)
    return all(getattr(before, key) == getattr(after, key) for key in _BILLING)


def _is_alike(one: Config, other: Config, platform: str) -> bool:
    before, after = one.platforms[platform], other.platforms.get(platform)
    return after is not None and all(getattr(before, key) == getattr(after, key) for key in _PLATFORM)


def _forget_details(store: Store, *, billing: str) -> None:
    store.accounts(billing).forget_readings()
