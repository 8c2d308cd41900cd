"""What a person decides about plans: `approve`, `reject`, `adopt`."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from controller import orders
from controller.adoption import AdoptionPlan, adoption_plan
from controller.cli.codes import Code
from controller.cli.confirm import is_passed
from controller.cli.person import person
from controller.cli.printing import say, tell
from controller.cli.putting_together import assembled
from controller.cli.session import check_platform, configured, opened, private_copy
from controller.cli.work import execute
from controller.config import Config
from controller.decisions import Verdict, decide
from controller.shown import show_difference
from controller.shrunk import approve_lost
from controller.store.ledger import Ledger


def approve_plan(path: Path, plan: str) -> Code:
    """Let a held plan go, or adopt what an adoption plan shows."""
    return _decide(path, plan, Verdict.APPROVED)


def reject_plan(path: Path, plan: str) -> Code:
    """Have a held plan wait until it is another one."""
    return _decide(path, plan, Verdict.REJECTED)


def adopt_records(path: Path, platform: str | None, *, yes: bool) -> Code:
    """Show what could be adopted, and its hash; with `yes`, adopt it."""
    config = configured(path)
    check_platform(config, platform)
    plan = _adoptions(config, [platform] if platform is not None else list(config.platforms))
    for each in plan.adoptions:
        touched = ", ".join(show_difference(each.change)) if each.change is not None else "nothing"
        say(f"adopt    {each.observed.external_id} for i_account {each.i_account} on {each.platform}: {touched}")
    if not plan.adoptions:
        say("there is nothing to adopt")
    elif yes:
        _adopt(config, plan)
    else:
        say(f"plan {plan.hash}")
    return Code.OK


def _decide(path: Path, plan: str, verdict: Verdict) -> Code:
    config = configured(path)
    billing_of = {name: config.billing_of(name).name for name in config.platforms}
    with opened(config):
        is_another = verdict is Verdict.APPROVED and execute(is_passed(config, plan))
    if is_another:
        tell(f"the plan {plan!r} is another one by now; see status after the next pass, or plan")
        return Code.ANOTHER_PLAN
    with opened(config) as store, store.transaction():
        counts = decide(store, billing_of, plan, verdict, person())
        gone = approve_lost(store, person(), billing_of, plan) if verdict is Verdict.APPROVED and not counts else {}
    for name, count in counts.items():
        say(f"{name}: {count} changes {verdict}")
    for name, count in gone.items():
        say(f"{name}: {count} that its list lacked are gone; the next pass goes on from there, through the brake")
    if counts or gone or (verdict is Verdict.APPROVED and _adopt_under(config, plan)):
        return Code.OK
    tell(f"no plan with the hash {plan!r} is held now: it is unknown, decided, or another one by now; see status")
    return Code.ANOTHER_PLAN


def _adopt_under(config: Config, plan: str) -> bool:
    """Adopt what an adoption plan with this hash shows, if there is one: of all platforms, or of one."""
    adoptions = _adoptions(config, list(config.platforms))
    for names in (list(config.platforms), *([name] for name in config.platforms)):
        part = AdoptionPlan(tuple(each for each in adoptions.adoptions if each.platform in names))
        if part.adoptions and part.hash == plan:
            _adopt(config, part)
            return True
    return False


def _adoptions(config: Config, names: Sequence[str]) -> AdoptionPlan:
    return execute(_planned(config, names))


async def _planned(config: Config, names: Sequence[str]) -> AdoptionPlan:
    ledger = Ledger(lambda: private_copy(config.store.path), threaded=False)
    async with assembled(config, ledger) as application:
        every = (platform for each in application.installations for platform in each.billing.platforms)
        meant = [platform for platform in every if platform.name in names]
        return await ledger.run(partial(adoption_plan, platforms=meant))


def _adopt(config: Config, plan: AdoptionPlan) -> None:
    billing_of = {name: config.billing_of(name).name for name in config.platforms}
    with opened(config) as store, store.transaction():
        orders.adopt_all(store, person(), plan, billing_of)
    say(f"{len(plan.adoptions)} records adopted; their credentials are set anew")
