"""`plan`: read everything, decide, print; write nothing."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from controller.cli.codes import Code, Failed
from controller.cli.printing import Output, as_json, say, tell
from controller.cli.session import assembled, configured, execute
from controller.clock import SystemClock
from controller.config import Config
from controller.fleet import PassOptions
from controller.store import Ledger, Store
from controller.views.plan import Found, PlanView, plan_lines, plan_markdown, plan_view


@dataclass(frozen=True, slots=True)
class PlanRequest:
    """What was asked for on the command line."""

    config: Path
    output: Output
    out: Path | None
    candidate: Path | None
    refresh: bool


def show_plan(request: PlanRequest) -> Code:
    """Print the plan."""
    running = configured(request.config)
    config = configured(request.candidate) if request.candidate is not None else running
    view, found, troubles = execute(_plan(config, running.store.path, request.refresh))
    _print(view, request)
    for trouble in troubles:
        tell(trouble)
    if found.failed:
        return Code.ERROR
    if found.braked:
        return Code.BRAKED
    return Code.CHANGES if found.plan.changes else Code.OK


async def _plan(config: Config, store_path: Path, refresh: bool) -> tuple[PlanView, Found, list[str]]:
    """The plan, made on a private copy of the store: the daemon may be at work on the store itself."""
    ledger = Ledger(lambda: Store.open(store_path).copy(), threaded=False)
    taken_at = SystemClock().now()
    async with assembled(config, ledger) as application:
        options = PassOptions(whole_plan=True, refresh=refresh)
        reports = [await each.fleet.survey(options) for each in application.installations]
        found = Found.of(reports)
        billings = [each.billing for each in application.installations]
        view = await ledger.run(partial(plan_view, billings=billings, found=found, taken_at=taken_at))
        return view, found, await ledger.run(partial(troubles_of, targets=found.failed))


def troubles_of(store: Store, *, targets: Iterable[str]) -> list[str]:
    """What went wrong with the readings of these targets."""
    return [f"{target}: {store.targets.reading(target).text or 'could not be read'}" for target in targets]


def _print(view: PlanView, request: PlanRequest) -> None:
    if request.output is Output.JSON:
        text = as_json(view)
    else:
        text = "\n".join(plan_markdown(view) if request.output is Output.MARKDOWN else plan_lines(view))
    if request.out is None:
        say(text)
        return
    try:
        request.out.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise Failed(f"the plan cannot be written to {request.out}: {error.strerror or error}") from None
