"""What a person decides about plans: `approve`, `reject`, `adopt`."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from controller.adoption import AdoptionPlan, adopt, adoption_plan
from controller.cli.codes import Code, Failed
from controller.cli.printing import say, tell
from controller.cli.session import assembled, configured, execute, opened, private_copy
from controller.clock import SystemClock
from controller.config import Config
from controller.config.problems import nearest
from controller.holding import FIRST_CONTACT, end_first_contact, whole_plans
from controller.shown import show_difference
from controller.store import Ledger, Store

_AT_ONCE = 1000  # accounts that are put before all others; with more, the next pass is sooner done


def approve_plan(path: Path, plan: str) -> Code:
    """Let a held plan go, or adopt what an adoption plan shows."""
    return _decide(path, plan, _approve, "approved")


def reject_plan(path: Path, plan: str) -> Code:
    """Have a held plan wait until it is another one."""
    return _decide(path, plan, _reject, "rejected")


def adopt_records(path: Path, platform: str | None, *, yes: bool) -> Code:
    """Show what could be adopted, and its hash; with `yes`, adopt it."""
    config = configured(path)
    if platform is not None and platform not in config.platforms:
        raise Failed(f"there is no platform {platform!r}; {nearest(platform, config.platforms)}")
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


def _decide(path: Path, plan: str, decide: "Callable[[Store, Config, str], int]", done: str) -> Code:
    config = configured(path)
    with opened(config) as store:
        platforms = _held_under(store, config, plan)
        with store.transaction():
            counts = {name: decide(store, config, name) for name in platforms}
    for name, count in counts.items():
        say(f"{name}: {count} changes {done}")
    if counts:
        return Code.OK
    adoptions = _adoptions(config, list(config.platforms))
    for names in (list(config.platforms), *([name] for name in config.platforms)):
        part = AdoptionPlan(tuple(each for each in adoptions.adoptions if each.platform in names))
        if part.adoptions and part.hash == plan and decide is _approve:
            _adopt(config, part)
            return Code.OK
    tell(f"no plan with the hash {plan!r} is held now: it is unknown, decided, or another one by now; see status")
    return Code.ANOTHER_PLAN


def _held_under(store: Store, config: Config, plan: str) -> list[str]:
    """The platforms whose held plan has this hash; all of them, if it is that of a whole plan."""
    held = {name: each for name in config.platforms if (each := store.targets.held_plan(name)) is not None}
    named = [name for name, each in held.items() if each.hash == plan]
    if named:
        return named
    whole = whole_plans(store, [block.name for block in config.billing]).get(plan, ())
    return [name for name in held if config.billing_of(name).name in whole]


def _approve(store: Store, config: Config, platform: str) -> int:
    held, now = store.targets.held_plan(platform), SystemClock().now()
    if held is None:
        return 0
    accounts = store.holds.approve(platform, held.hash, now)
    store.targets.forget_held(platform)
    if held.by == FIRST_CONTACT:
        end_first_contact(store, platform)
    billing = config.billing_of(platform).name
    for i_account in accounts if len(accounts) <= _AT_ONCE else ():
        store.operator.requeue(billing, i_account, now)
    return len(accounts)


def _reject(store: Store, _config: Config, platform: str) -> int:
    held = store.targets.held_plan(platform)
    accounts = store.holds.reject(platform, held.hash, SystemClock().now()) if held is not None else []
    store.targets.forget_held(platform)
    return len(accounts)


def _adoptions(config: Config, names: Sequence[str]) -> AdoptionPlan:
    return execute(_planned(config, names))


async def _planned(config: Config, names: Sequence[str]) -> AdoptionPlan:
    ledger = Ledger(lambda: private_copy(config.store.path), threaded=False)
    async with assembled(config, ledger) as application:
        every = (platform for each in application.installations for platform in each.billing.platforms)
        meant = [platform for platform in every if platform.name in names]
        return await ledger.run(partial(adoption_plan, platforms=meant))


def _adopt(config: Config, plan: AdoptionPlan) -> None:
    with opened(config) as store, store.transaction():
        adopt(store, plan, SystemClock().now())
        for each in plan.adoptions[:_AT_ONCE]:
            store.operator.requeue(config.billing_of(each.platform).name, each.i_account, SystemClock().now())
    say(f"{len(plan.adoptions)} records adopted; their credentials are set anew")
