"""`explain`: everything about one account."""

import asyncio
from collections.abc import Sequence
from contextlib import closing
from functools import partial
from pathlib import Path

from controller.billing.source import HalfRead
from controller.cli.codes import Code, Failed
from controller.cli.printing import Output, as_json, say, tell
from controller.cli.putting_together import assembled
from controller.cli.session import configured, private_copy
from controller.cli.work import execute
from controller.clock import SystemClock
from controller.config import Config
from controller.config.problems import nearest
from controller.loop import Installation
from controller.store import Store, StoredAccount
from controller.store.ledger import Ledger
from controller.views.explain import Ambiguous, ExplainView, asked_number, explain_view, find, formerly
from controller.views.explain_text import explain_lines
from desired_state.account import Account
from platforms.driver import PlatformError


def explain_account(path: Path, asked: str, output: Output, billing: str | None = None) -> Code:
    """Print everything about an account; one the store does not know is looked up in billing."""
    config = configured(path)
    if billing is not None and billing not in (names := [block.name for block in config.billing]):
        raise Failed(f"there is no billing {billing!r}; {nearest(billing, names)}")
    try:
        view = execute(_explain(config, asked, billing))
    except Ambiguous as error:
        raise Failed(str(error)) from None
    if view is None:
        tell(f"no billing source knows an account {asked!r}")
        return Code.UNKNOWN_ACCOUNT
    say(as_json(view) if output is Output.JSON else "\n".join(explain_lines(view)))
    return Code.OK


async def _explain(config: Config, asked: str, billing: str | None) -> ExplainView | None:
    """The view: of an account that the store knows, from there; else from a private copy, so that the look-up in
    billing leaves no trace.

    Who bears the id now comes first, in the store or in billing, then who bore it.
    """
    ledger = Ledger(lambda: private_copy(config.store.path), threaded=False)
    async with assembled(config, ledger) as application:
        among = [each for each in application.installations if billing in (None, each.billing.name)]
        with closing(Store.open(config.store.path)) as store, store.translating():
            view = _from_store(store, among=among, asked=asked)
        if view is not None:
            return view
        view, troubles = await _looked_up(ledger, among, asked)
        view = view or await ledger.run(partial(_of_former, among=among, asked=asked))
    if view is None and troubles:
        said = "; ".join(troubles)
        raise Failed(f"the store does not know account {asked!r}, and billing could not be asked: {said}")
    return view


async def _looked_up(
    ledger: Ledger, among: Sequence[Installation], asked: str
) -> tuple[ExplainView | None, Sequence[str]]:
    """The view of an account that was just read from billing, and why billings could not be asked."""
    troubles: list[str] = []
    for installation in among:
        try:
            account = await _account(installation, asked)
        except PlatformError as error:
            troubles.append(str(error))
            continue
        if account is not None:
            platforms = installation.billing.platforms
            await asyncio.gather(*(installation.gatherer.read_platform(each) for each in platforms))
            await installation.gatherer.read_details([account.i_account])
            return await ledger.run(partial(_of_account, installation=installation, account=account)), troubles
    return None, troubles


async def _account(installation: Installation, asked: str) -> Account | None:
    """The account that was asked for, as billing says; `None` if it has none such."""
    source, number = installation.billing.source, asked_number(asked)
    try:
        return await (source.find(asked) if number is None else source.account(number))
    except HalfRead as half:
        return half.account


def _of_account(store: Store, *, installation: Installation, account: Account) -> ExplainView | None:
    """The view of an account that was just read; one that is no subscriber is not kept, so that it is not found."""
    if not account.billing_model.is_real:
        stored = StoredAccount(
            account,
            details_due=False,
            details_at=SystemClock().now(),
            seen_at=None,
            missing_since=None,
            unreadable=None,
            half_read=None,
            not_given_since=None,
        )
        return explain_view(store, installation.billing, stored, installation.fleet.house, SystemClock().now())
    return _from_store(store, among=[installation], asked=f"i_account:{account.i_account}")


def _from_store(store: Store, *, among: Sequence[Installation], asked: str) -> ExplainView | None:
    found = find(store, {each.billing.name: each.billing for each in among}, asked)
    return None if found is None else _view(store, among, found[0].name, found[1])


def _of_former(store: Store, *, among: Sequence[Installation], asked: str) -> ExplainView | None:
    """The view of the account that was called so before."""
    found = formerly(store, [each.billing.name for each in among], asked)
    return None if found is None else _view(store, among, *found)


def _view(store: Store, among: Sequence[Installation], billing: str, stored: StoredAccount) -> ExplainView:
    installation = next(each for each in among if each.billing.name == billing)
    return explain_view(store, installation.billing, stored, installation.fleet.house, SystemClock().now())
