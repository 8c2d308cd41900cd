"""`plan`: read everything, decide, print; write nothing."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

from controller.app import Application
from controller.cli.codes import Code, Failed
from controller.cli.printing import PlanOutput, as_json, say, tell
from controller.cli.putting_together import assembled
from controller.cli.session import configured, private_copy
from controller.cli.work import execute
from controller.clock import SystemClock
from controller.config import Config
from controller.fleet import PassOptions, PassReport
from controller.holding import begin_first_contact, is_first_contact, keep_whole_plan, note_held_plan
from controller.shrunk import keep_lost
from controller.store import Store
from controller.store.ledger import Ledger
from controller.surveys import billings_of, survey, try_candidate
from controller.targets import Billing, Platform
from controller.views.plan import Found, PlanView, plan_lines, plan_markdown, plan_view
from desired_state.allowance import Allowance
from desired_state.plan import Plan


@dataclass(frozen=True, slots=True)
class PlanRequest:
    """What was asked for on the command line."""

    config: Path
    output: PlanOutput
    out: Path | None
    candidate: Path | None
    refresh: bool


def found_code(found: Found) -> Code:
    """How a command exits that found this."""
    if found.failed:
        return Code.ERROR
    if found.braked:
        return Code.BRAKED
    if found.left:
        return Code.CHANGES
    return Code.OK if found.complete else Code.ERROR


def show_plan(request: PlanRequest) -> Code:
    """Print the plan."""
    running = configured(request.config)
    candidate = _candidate(request.candidate, running) if request.candidate is not None else None
    view, found, troubles = execute(_plan(running, candidate, refresh=request.refresh))
    _print(view, request)
    for trouble in troubles:
        tell(trouble)
    return found_code(found)


def _candidate(path: Path, running: Config) -> Config:
    """The candidate as the daemon would take it up: over the same store."""
    try:
        return configured(path).keeping(running)
    except Failed as failed:
        raise Failed(f"the candidate {path} is not valid:\n{failed}") from None


async def _plan(running: Config, candidate: Config | None, *, refresh: bool) -> tuple[PlanView, Found, list[str]]:
    """The plan, made on a private copy of the store: the daemon may be at work on the store itself.

    Only what was read of the running configuration's billing goes back into the store: that is true whatever the plan.
    Where a candidate is tried, nothing does.
    """
    ledger = Ledger(lambda: private_copy(running.store.path), threaded=False)
    taken_at = SystemClock().now()
    async with assembled(running, ledger) as application:
        reports = await survey(application, PassOptions(whole_plan=True, refresh=refresh))
        found, billings = Found.of(reports), billings_of(application)
        if candidate is not None:
            return await _on_trial(candidate, application, reports, taken_at)
        await ledger.run(partial(_keep_details, billings=billings, began=taken_at))
        for each, report in zip(application.installations, reports, strict=True):
            await each.fleet.note(report)
        await ledger.run(partial(_keep_held, billings=billings, reports=reports, plan=found.plan.hash))
        view = await ledger.run(partial(plan_view, billings=billings, found=found, taken_at=taken_at))
        return view, found, await ledger.run(partial(unknown_of, billings=billings, found=found))


async def _on_trial(
    candidate: Config, running: Application, reports: Sequence[PassReport], taken_at: datetime
) -> tuple[PlanView, Found, list[str]]:
    """The candidate's plan beside that of the configuration in force, from the same readings."""
    store = await running.ledger.run(lambda store: store)
    ledger = Ledger(store.copy, threaded=False)
    async with assembled(candidate, ledger) as application:
        view, found = await try_candidate(application, running, reports, taken_at)
        unknown = await ledger.run(partial(unknown_of, billings=billings_of(application), found=found))
        return view, found, unknown


def _keep_details(copy: Store, *, billings: Iterable[Billing], began: datetime) -> None:
    """Save `apply` from reading once more what was just read: details cost two calls an account."""
    store = Store.open(copy.path)
    try:
        for billing in billings:
            with store.transaction():
                store.accounts(billing.name).take_over(copy.accounts(billing.name).details_read_since(began))
    finally:
        store.close()


def _keep_held(copy: Store, *, billings: Sequence[Billing], reports: Sequence[PassReport], plan: str) -> None:
    """What the plan holds can be approved by its hash, with or without a daemon."""
    store, read = Store.open(copy.path), list[str]()
    try:
        with store.transaction():
            for billing, report in zip(billings, reports, strict=True):
                for platform in billing.platforms:
                    if platform.name not in (*report.failed, *report.resting):
                        _keep_held_of(store, copy, platform, report.plan.on(platform.name))
                        read.append(platform.name)
                keep_lost(store, copy, [billing.name, *(platform.name for platform in billing.platforms)])
            keep_whole_plan(store, [billing.name for billing in billings], plan, read)
    finally:
        store.close()


def _keep_held_of(store: Store, copy: Store, platform: Platform, plan: Plan) -> None:
    if is_first_contact(copy, platform):
        begin_first_contact(store, platform)
    held = copy.targets.held_plan(platform.name)
    limits = Allowance(held.destructive_limit, held.update_limit, is_daily=held.is_daily) if held else Allowance(0, 0)
    note_held_plan(store, platform, plan, limits, SystemClock().now())


def troubles_of(store: Store, targets: Iterable[str]) -> list[str]:
    """What went wrong with the readings of these targets, a sentence each."""
    texts = [store.targets.reading(target).text for target in dict.fromkeys(targets)]
    return [text for text in texts if text]


def unknown_of(store: Store, *, billings: Iterable[Billing], found: Found) -> list[str]:
    """What is not known after a survey, and why, a sentence each."""
    missing = f"billing did not give the details of {found.unread} accounts (status and explain say why)"
    return [
        *troubles_of(store, [*(billing.name for billing in billings), *found.failed]),
        *([missing] if found.unread else []),
        *(f"platform {name!r} is in maintenance, so it was not read" for name in found.resting),
    ]


def _print(view: PlanView, request: PlanRequest) -> None:
    if request.output is PlanOutput.JSON:
        text = as_json(view)
    else:
        text = "\n".join(plan_markdown(view) if request.output is PlanOutput.MARKDOWN else plan_lines(view))
    if request.out is None:
        say(text)
        return
    try:
        request.out.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise Failed(f"the plan cannot be written to {request.out}: {error.strerror or error}") from None
