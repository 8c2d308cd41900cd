"""The accounts that count as gone from billing, as `status` shows them (promise P3)."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TypedDict

from controller.config import Config
from controller.store import Store

_SHOWN = 20


class AbsentView(TypedDict):
    """A record of an account that is gone: `text` says since when that is known, and what becomes of the record."""

    account: str
    i_account: int
    platform: str
    state: str
    text: str


class GoneView(TypedDict):
    """How many accounts with a record are gone, and the records of the first of them."""

    accounts: int
    first: list[AbsentView]


def gone_view(store: Store, config: Config) -> GoneView:
    """The accounts that are gone and still have a record, those that went first coming first."""
    platforms = {
        block.name: [name for name in config.platforms if config.billing_of(name).name == block.name]
        for block in config.billing
    }
    gone = {billing: store.absences(billing).proven(names) for billing, names in platforms.items()}
    return GoneView(accounts=sum(map(len, gone.values())), first=list(_first(store, platforms, gone)))


def gone_lines(view: GoneView) -> Iterator[str]:
    """The same for people."""
    if view["accounts"]:
        yield f"  {view['accounts']} accounts that have a record are absent from billing"
    for each in view["first"]:
        yield f"    {each['account']} (i_account {each['i_account']}) on {each['platform']}: {each['text']}"


def _first(
    store: Store, platforms: Mapping[str, Sequence[str]], gone: Mapping[str, Sequence[int]]
) -> Iterator[AbsentView]:
    for billing, i_accounts in gone.items():
        for i_account in i_accounts[:_SHOWN]:
            stored = store.accounts(billing).get(i_account)
            for name in platforms[billing]:
                known = store.subscribers(name).get(i_account)
                if stored is not None and known is not None and known.desired.because:
                    yield AbsentView(
                        account=stored.account.id,
                        i_account=i_account,
                        platform=name,
                        state=known.progress.state.value,
                        text=known.desired.because,
                    )
