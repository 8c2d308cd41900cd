"""Commands that only look: `status`, `explain`, `config check`, `config schema`."""

import asyncio
import json
from functools import partial
from pathlib import Path

from controller.app import Application, household
from controller.cli.codes import Code, Failed
from controller.cli.printing import Output, as_json, say, tell
from controller.cli.session import assembled, configured, execute, opened, private_copy
from controller.clock import SystemClock
from controller.config import Config, ConfigError, load, schema
from controller.store import Ledger, Store
from controller.views.explain import ExplainView, asked_number, explain_lines, explain_view, find
from controller.views.status import status_lines, status_view
from platforms.driver import PlatformError


def show_status(path: Path, output: Output) -> Code:
    """Print how everything stands."""
    config = configured(path)
    with opened(config) as store:
        view = status_view(store, config, SystemClock().now())
    say(as_json(view) if output is Output.JSON else "\n".join(status_lines(view)))
    return Code.OK if view["healthy"] else Code.ATTENTION


def explain_account(path: Path, asked: str, output: Output) -> Code:
    """Print everything about an account; one the store does not know is looked up in billing."""
    config = configured(path)
    view = execute(_explain(config, asked))
    if view is None:
        tell(f"no billing source knows an account {asked!r}")
        return Code.UNKNOWN_ACCOUNT
    say(as_json(view) if output is Output.JSON else "\n".join(explain_lines(view)))
    return Code.OK


def check_config(path: Path) -> Code:
    """Print what is wrong with a configuration file, or that nothing is."""
    try:
        config = load(path)
    except ConfigError as error:
        raise Failed(str(error)) from None
    for warning in config.warnings:
        tell(f"warning: {warning}")
    say(f"{path} is valid (fingerprint {config.fingerprint})")
    return Code.OK


def print_schema() -> Code:
    """Print the JSON Schema of the configuration."""
    say(json.dumps(schema(), indent=2))
    return Code.OK


async def _explain(config: Config, asked: str) -> ExplainView | None:
    """The view, from a private copy of the store, so that a look-up leaves no trace."""
    ledger = Ledger(lambda: private_copy(config.store.path), threaded=False)
    async with assembled(config, ledger) as application:
        view = await ledger.run(partial(_from_store, application=application, asked=asked))
        return view or await _looked_up(application, asked)


async def _looked_up(application: Application, asked: str) -> ExplainView | None:
    """The view of an account that was just read from billing; billing that cannot be asked is told."""
    for installation in application.installations:
        source = installation.billing.source
        number = asked_number(asked)
        try:
            account = await (source.find(asked) if number is None else source.account(number))
        except PlatformError as error:
            raise Failed(
                f"the store does not know account {asked!r}, and billing could not be asked: {error}"
            ) from None
        if account is not None:
            await asyncio.gather(
                *(installation.gatherer.read_platform(each) for each in installation.billing.platforms)
            )
            await installation.gatherer.read_details([account.i_account])
            found = f"i_account:{account.i_account}"
            return await application.ledger.run(partial(_from_store, application=application, asked=found))
    return None


def _from_store(store: Store, *, application: Application, asked: str) -> ExplainView | None:
    billings = {each.billing.name: each.billing for each in application.installations}
    found = find(store, billings, asked)
    if found is None:
        return None
    return explain_view(store, *found, household(application.config), SystemClock().now())
