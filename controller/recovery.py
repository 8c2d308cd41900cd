"""A database that was lost, or is an old copy: noticed, and nothing written until all has been read (promise P8).

Rules of this module:

1. Three things tell: the mark beside the store names another database; it knows of more calls than the database does;
   or a platform shows records with our marks to a database that never read it.
2. From then on the platform is only looked at, until one pass has read billing (proven complete) and the platform
   whole. Then records are bound as their marks say, and what is ambiguous waits for a person.
3. What an old copy remembers and nobody can read is not believed: secrets are written once more, under the brake, and
   who is missing in billing is counted from the beginning.
"""

from collections.abc import Sequence
from datetime import datetime

from controller.log import logger
from controller.mark import MarkError, mark_of, read_mark
from controller.store import Identity, Store
from controller.targets import Billing, Platform
from desired_state.policy import Policy, rebuilding, unambiguous


def take_stock(store: Store, billings: Sequence[Billing], now: datetime) -> None:
    """A process has started: see whether the database is the one that was here, and as far as it was."""
    loss = _loss(store)
    if loss is None:
        return
    text, epoch = loss
    store.recovery.raise_epoch(above=epoch)
    store.feeds.distrust()
    store.charges.distrust()
    for billing in billings:
        store.accounts(billing.name).forget_readings()
        store.absences(billing.name).begin_anew()
        for platform in billing.platforms:
            store.records(platform.name, platform.i_env).forget_all_secrets()
            store.recovery.begin(platform.name, text, now)
    _warn(text)


def _loss(store: Store) -> tuple[str, int] | None:
    """What is wrong with the database, and the epoch the mark knows."""
    try:
        mark = read_mark(store.path)
    except MarkError as error:
        logger("recovery").warning("whether the store was lost cannot be told", text=str(error))
        return None
    here = store.recovery.identity()
    if mark is None or _goes_as_far(here, mark):
        return None
    if mark.store != here.store:
        text = f"the database is another one than was here before ({mark_of(store.path)} knows of it): that was lost"
    else:
        text = f"the database is an old copy: {mark_of(store.path)} knows of {mark.steps} calls, it of {here.steps}"
    return f"{text}; nothing is written until billing and the platform have been read whole", mark.epoch


def _goes_as_far(here: Identity, mark: Identity) -> bool:
    return here.store == mark.store and here.epoch >= mark.epoch and here.steps >= mark.steps


def notice_marks(store: Store, platform: Platform, now: datetime) -> None:
    """The platform was read whole: see whether it was the first time, and yet shows records with our marks."""
    if store.targets.reading(platform.name).success_at is not None or store.recovery.rebuilding(platform.name):
        return
    count = store.records(platform.name, platform.i_env).owned()
    if not count:
        return
    text = (
        f"platform {platform.name!r} holds {count} records with our marks that this database knows nothing of:"
        " another one did, or the platform bore another name; nothing is written until billing and the platform have"
        " been read whole"
    )
    store.recovery.raise_epoch()
    store.recovery.begin(platform.name, text, now)
    _warn(text)


def conclude(store: Store, read: Sequence[Platform], *, is_billing_complete: bool) -> None:
    """A pass has read these platforms: those are rebuilt that were read whole together with billing."""
    for platform in read:
        recovery = store.recovery
        if recovery.rebuilding(platform.name) is None:
            recovery.look_again(platform.name)
        elif is_billing_complete and store.targets.reading(platform.name).complete:
            recovery.end(platform.name)
            recovery.find_ambiguous(platform.name)
            records = store.records(platform.name, platform.i_env)
            logger("recovery").info(
                "a platform is known again",
                platform=platform.name,
                ours=records.owned(),
                foreign=records.foreign(),
                ambiguous=len(recovery.ambiguous(platform.name)),
            )


def precautions(store: Store, platform: Platform) -> tuple[Policy, ...]:
    """What is held because of what this database does not know."""
    unread = store.targets.reading(platform.name).success_at is None
    text = store.recovery.rebuilding(platform.name) or (_UNREAD.format(platform.name) if unread else None)
    return rebuilding(platform.name, text), unambiguous(platform.name, store.recovery.ambiguous(platform.name))


_UNREAD = "platform {!r} has not been read whole yet; nothing is written to it before"


def _warn(text: str) -> None:
    logger("recovery").warning("the store was lost or is an old copy", text=text)
