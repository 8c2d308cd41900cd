"""What a person has done to the store, with or without a running daemon: `requeue`."""

from pathlib import Path

from controller.cli.codes import Code, Failed
from controller.cli.printing import say, tell
from controller.cli.session import configured, opened
from controller.clock import SystemClock
from controller.config import Config
from controller.store import Store
from controller.views.explain import Ambiguous, among


def requeue_account(path: Path, asked: str, billing: str | None, *, secrets: bool) -> Code:
    """Have one account looked at before all others; with `secrets`, its passwords and PINs are written anew."""
    config = configured(path)
    with opened(config) as store:
        try:
            found = among(store, [block.name for block in config.billing if billing in (None, block.name)], asked)
        except Ambiguous as error:
            raise Failed(str(error)) from None
        if found is None:
            tell(f"the store knows no account {asked!r}")
            return Code.UNKNOWN_ACCOUNT
        name, stored = found
        with store.transaction():
            _requeue(store, config, name, stored.account.i_account, secrets=secrets)
    say(f"account {stored.account.id} (i_account {stored.account.i_account}) is looked at next")
    return Code.OK


def _requeue(store: Store, config: Config, billing: str, i_account: int, *, secrets: bool) -> None:
    block = next(each for each in config.billing if each.name == billing)
    for name in config.platforms:
        if config.billing_of(name).name != billing:
            continue
        store.subscribers(name).try_again(i_account)
        if secrets:
            store.records(name, block.environment).forget_secrets(i_account)
    store.operator.requeue(billing, i_account, SystemClock().now())
