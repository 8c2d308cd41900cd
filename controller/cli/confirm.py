"""Whether what somebody approves is still what is to be done: both sides are read for it (promise P5).

Rules of this module:

1. It is read into a copy of the store: a daemon may be at work on the store itself.
2. What cannot be read is taken to be as it was: each change is looked at anew before it is made.
3. Only what was approved has to be as it was. That more is to be done by now is no matter: that was not approved.
"""

from collections.abc import Mapping, Sequence
from functools import partial

from controller.cli.printing import tell
from controller.cli.putting_together import assembled
from controller.cli.session import private_copy
from controller.config import Config
from controller.decisions import is_due, is_outdated, waiting
from controller.fleet import Fleet
from controller.store import HeldChange, Store
from controller.store.ledger import Ledger
from controller.targets import Platform

_Held = Mapping[str, Sequence[HeldChange]]


async def is_passed(config: Config, plan: str) -> bool:
    """Whether a change that is held under the hash is not to be made any more."""
    ledger = Ledger(lambda: private_copy(config.store.path), threaded=False)
    async with assembled(config, ledger) as application:
        every = [platform for each in application.installations for platform in each.billing.platforms]
        if await ledger.run(partial(is_outdated, platforms=every, plan=plan)):
            return True
        held = await ledger.run(partial(waiting, platforms=every, plan=plan))
        for each in application.installations:
            meant = [platform for platform in each.billing.platforms if platform.name in held]
            if meant:
                await _read(each.fleet, meant, each.billing.name)
        return not await ledger.run(partial(_are_due, platforms=every, held=held))


async def _read(fleet: Fleet, platforms: Sequence[Platform], billing: str) -> None:
    resting = await fleet.resting()
    platforms = [each for each in platforms if each.name not in resting]
    snapshot, read = await fleet.read(platforms)
    unread = [*([billing] if snapshot is None else []), *(each.name for each in platforms if each not in read)]
    if unread:
        tell(f"{', '.join(unread)} cannot be read now: each change is looked at anew before it is made")


def _are_due(store: Store, *, platforms: Sequence[Platform], held: _Held) -> bool:
    return all(is_due(store, platform, each) for platform in platforms for each in held.get(platform.name, ()))
