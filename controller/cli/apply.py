"""`apply`: one full pass until quiet."""

import asyncio
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from controller.app import Application
from controller.cli.codes import Code, Failed
from controller.cli.plan import found_code, unknown_of
from controller.cli.printing import say, tell
from controller.cli.progress import progress
from controller.cli.putting_together import assembled
from controller.cli.session import configured
from controller.cli.work import execute
from controller.config import Config
from controller.fleet import PassOptions, PassReport
from controller.lock import performing
from controller.store import Store, StoreError
from controller.store.ledger import Ledger
from controller.surveys import billings_of, survey
from controller.targets import Billing
from controller.views.plan import Found
from desired_state.plan import key_of

ROUNDS = 10  # a rename takes one more than a change; the others are for what failed in passing
MOST_FAILURES = 5


def apply_once(path: Path, plan: str | None, *, refresh: bool) -> Code:
    """Perform what has to be done, until nothing is left or nothing moves any more."""
    config = configured(path)
    try:
        with performing(config.store.path):
            return execute(_apply(config, plan, refresh=refresh))
    except StoreError as error:
        raise Failed(str(error)) from error


async def _apply(config: Config, plan: str | None, *, refresh: bool) -> Code:
    ledger = Ledger(lambda: Store.open(config.store.path), threaded=True)
    async with assembled(config, ledger) as application:
        started_after = await ledger.run(lambda store: store.journal.last_number())
        await application.loop.begin()
        options = PassOptions(whole_plan=plan is not None, refresh=refresh)
        reports = await survey(application, options)
        found = Found.of(reports)
        if plan is not None and not found.failed and found.plan.hash != plan:
            tell(f"the plan is another one now: {found.plan.hash}; nothing was written")
            return Code.ANOTHER_PLAN
        if plan is None or not found.failed:
            found = await _until_quiet(application, reports, rounds=1 if plan is not None else ROUNDS)
            await application.loop.marker.write()
        report = partial(_report, found=found, started_after=started_after, billings=billings_of(application))
        await ledger.run(report)
        return found_code(found)


async def _until_quiet(application: Application, reports: Sequence[PassReport], rounds: int) -> Found:
    """Perform and look again, until a look finds nothing or only what the one before it found."""
    for _ in range(rounds):
        tried = Found.of(reports).plan.hash
        for installation, report in zip(application.installations, reports, strict=True):
            await installation.fleet.hand_over(report, PassOptions())
        lanes = [lane for installation in application.installations for lane in installation.lanes]
        if not any(len(lane.platform.queue) for lane in lanes):
            return Found.of(reports)
        with progress(lanes):
            await asyncio.gather(*(lane.work(until_empty=True, most_failures=MOST_FAILURES) for lane in lanes))
        if Found.of(reports).braked:
            return Found.of(reports)  # one pass, one allowance: what it held is not tried again under a larger one
        reports = await survey(application, PassOptions())
        found = Found.of(reports)
        if not found.plan.changes or found.plan.hash == tried:
            break
    for installation, report in zip(application.installations, reports, strict=True):
        await installation.fleet.note(report)
    return Found.of(reports)


def _report(store: Store, *, found: Found, started_after: int, billings: Sequence[Billing]) -> None:
    """Say what was done and what is left."""
    done = store.journal.calls_since(started_after)
    for (platform, kind, result), count in sorted(done.items()):
        say(f"{platform}: {count} {kind} {result}")
    if not done:
        is_open = found.failed or found.resting or found.plan.held or found.plan.changes or found.unread
        say("nothing was done" if is_open else "nothing had to be done")
    for held in found.plan.held:
        key = key_of(held.change)
        say(f"held by {held.by}: i_account {key.i_account} on {key.platform}: {held.text}")
    if found.plan.changes:
        say(f"{len(found.plan.changes)} changes are left (status and explain say why)")
    for trouble in unknown_of(store, billings=billings, found=found):
        tell(trouble)
