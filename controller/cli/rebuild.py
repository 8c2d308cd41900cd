"""`rebuild`: a new store instead of a damaged one, from billing and the platforms; nothing is written to a platform."""

import asyncio
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from controller.cli.codes import Code, Failed
from controller.cli.plan import troubles_of
from controller.cli.printing import say, tell
from controller.cli.putting_together import assembled
from controller.cli.session import configured
from controller.cli.work import execute
from controller.clock import SystemClock
from controller.config import Config
from controller.lock import performing
from controller.loop import Installation
from controller.store import Store, StoreDamaged, StoreError, examine, put_aside
from controller.store.ledger import Ledger
from controller.targets import Billing, Platform
from desired_state.account import BillingSnapshot


def rebuild_store(path: Path, *, even_if_sound: bool) -> Code:
    """Put the store aside and read everything anew; one that is in order only if that is asked for."""
    config = configured(path)
    try:
        with performing(config.store.path):
            _make_room(config.store.path, even_if_sound=even_if_sound)
            return execute(_rebuild(config))
    except StoreError as error:
        raise Failed(str(error)) from error


def _make_room(path: Path, *, even_if_sound: bool) -> None:
    if not path.exists():
        return
    damage = examine(path)
    if damage is None and not even_if_sound:
        raise Failed(
            f"the store {path} is in order, nothing was changed; rebuild --yes puts it aside all the same: what it"
            " remembers of passwords, past changes, decisions and pauses is then no longer known"
        )
    if damage is not None:
        tell(str(damage).partition("; ")[0])
    suffix = f"{_word(damage)}-{SystemClock().now():%Y%m%dT%H%M%SZ}"
    say(f"the old store is kept as {put_aside(path, suffix)}")


def _word(damage: StoreDamaged | None) -> str:
    return "replaced" if damage is None else "damaged"


async def _rebuild(config: Config) -> Code:
    ledger = Ledger(lambda: Store.open(config.store.path), threaded=True)
    async with assembled(config, ledger) as application:
        await application.loop.begin()
        readings = await asyncio.gather(
            *(each.fleet.read(each.billing.platforms) for each in application.installations)
        )
        billings = [installation.billing for installation in application.installations]
        for line in await ledger.run(partial(_found, billings=billings)):
            say(line)
        is_whole = all(_is_whole(*pair) for pair in zip(application.installations, readings, strict=True))
        targets = [name for billing in billings for name in (billing.name, *(each.name for each in billing.platforms))]
        for trouble in await ledger.run(partial(troubles_of, targets=targets)):
            tell(trouble)
        say(_NEXT if is_whole else _NOT_WHOLE)
        return Code.OK if is_whole else Code.ERROR


def _is_whole(installation: Installation, reading: tuple[BillingSnapshot | None, list[Platform]]) -> bool:
    snapshot, read = reading
    is_proven = snapshot is not None and snapshot.complete
    return is_proven and len(read) == len(installation.billing.platforms)


def _found(store: Store, *, billings: Sequence[Billing]) -> list[str]:
    return [line for billing in billings for line in _lines(store, billing)]


def _lines(store: Store, billing: Billing) -> Iterator[str]:
    """What was found again of a billing source and its platforms."""
    yield f"{billing.name}: {store.targets.reading(billing.name).accounts} accounts"
    for platform in billing.platforms:
        records = store.records(platform.name, platform.i_env)
        ambiguous = store.recovery.ambiguous(platform.name)
        counts = f"{records.owned()} records bound by their marks, {records.foreign()} of other people"
        yield f"{platform.name}: {counts}, {len(ambiguous)} ambiguous accounts"
        yield from (f"  {text}" for text in ambiguous.values())


_NEXT = (
    "next: look at plan, pause again what was paused (pauses, approvals and rejections are forgotten), then start the"
    " daemon again; passwords are written once more, under the brake, and ambiguous accounts wait for a person"
)
_NOT_WHOLE = (
    "not everything could be read; the daemon goes on with it, and writes nothing to a platform before it and billing"
    " have been read whole"
)
