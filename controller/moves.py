"""Accounts that move from one platform to another, by a change of the catalog or of their product.

Rules of this module:

1. The new record is made, and on, before the old one is turned off or removed: nobody is left without service.
2. The reverse, where the new platform refuses a device, login or name that none of its own records has: then it is
   bound to the old platform, which lets go first. One refusal proves nothing; the platform's list has come by since.
3. Where the service ended for another reason than a move, nothing is waited for.
"""

from collections.abc import Iterable

from controller.store import TAKEN, Store
from controller.targets import Billing, Platform
from desired_state.plan import Change, key_of
from desired_state.subscriber import SubscriberKey

_REFUSALS = 2  # in a row, with a list in between


def arrivals(store: Store, billing: Billing, changes: Iterable[Change]) -> dict[SubscriberKey, str]:
    """Which of the changes are about accounts that have moved and not arrived yet, with a sentence each."""
    platforms = {platform.name: platform for platform in billing.platforms}
    found = {}
    for change in changes:
        key, names = key_of(change), change.desired.moved_to
        waits = [name for name in names if not _has_arrived(store, platforms[name], key.i_account)]
        if waits:
            there = ", ".join(map(repr, waits))
            found[key] = (
                f"the account has moved to platform {there}, where its record is not on yet; what it has on platform"
                f" {key.platform!r} stays until then"
            )
    return found


def concerned_elsewhere(store: Store, billing: Billing, here: Platform, i_account: int) -> tuple[str, ...]:
    """On which other platforms the account may go on, now that something was done for it here."""
    return tuple(
        platform.name
        for platform in billing.platforms
        if platform.name != here.name and _waits(store, platform, here.name, i_account)
    )


def _has_arrived(store: Store, platform: Platform, i_account: int) -> bool:
    record = store.records(platform.name, platform.i_env).of_account(i_account, "")
    if record is not None and record.i_account == i_account and record.observation.spec.enabled:
        return True
    return not platform.observe_only and is_bound_elsewhere(store, platform.name, i_account)


def is_bound_elsewhere(store: Store, platform: str, i_account: int) -> bool:
    """Whether the platform goes on refusing what the account wishes, though none of its records is seen to have it."""
    subscriber = store.subscribers(platform).get(i_account)
    if subscriber is None:
        return False
    return subscriber.progress.held_by == TAKEN and subscriber.progress.failures >= _REFUSALS


def _waits(store: Store, platform: Platform, here: str, i_account: int) -> bool:
    """Whether it stays there for the sake of what was done here, or was refused there for what was here."""
    subscriber = store.subscribers(platform.name).get(i_account)
    if subscriber is None:
        return False
    return here in subscriber.desired.moved_to or subscriber.progress.held_by == TAKEN
