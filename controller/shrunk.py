"""A list that lacks more than the brake lets anybody lose: believed only when a person says so (promises P2, P5).

Rules of this module:

1. The doubt names a hash of exactly whom the list lacks. Approved under it is that and nothing more: if others are
   missing as well, or some are back, it is another hash.
2. That only makes the list count as whole. What follows from it passes everything else: two lists and a look-up before
   an absence counts, and the brake.
3. A list of nobody of billing's is never believed.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from controller.orders import Person
from controller.store import Order, Store


class _Lost(msgspec.Struct, frozen=True):
    """Whom the last list of a target lacked."""

    hash: str
    count: int
    is_approved: bool = False


def note_lost(store: Store, target: str, lost: Sequence[object]) -> str | None:
    """How a person can have the list of a target believed that lacks these; `None` where one has."""
    digest = hashlib.blake2b(repr((target, *lost)).encode(), digest_size=8).hexdigest()
    known = _known(store, target)
    if known is not None and known.hash == digest and known.is_approved:
        return None
    _keep(store, target, _Lost(digest, len(lost)))
    return f"if they are gone for good: approve {digest}"


def approve_lost(store: Store, person: Person, billing_of: Mapping[str, str], plan: str) -> dict[str, int]:
    """Believe the lists that lack whom the hash names; returns how many those are, by target.

    `billing_of` has the billing source of every platform.
    """
    targets = dict.fromkeys((*billing_of, *billing_of.values()))
    found = {target: known for target in targets if (known := _known(store, target)) is not None}
    meant = {target: known for target, known in found.items() if known.hash == plan and not known.is_approved}
    for target, known in meant.items():
        _keep(store, target, msgspec.structs.replace(known, is_approved=True))
        text = f"{known.count} that the list of {target} lacked are gone"
        order = Order(action="approve", owner=person.name, at=person.at, target=target, plan=plan, text=text)
        store.operator.note([order])
    return {target: known.count for target, known in meant.items()}


def waiting_lost(store: Store, target: str) -> tuple[str, int] | None:
    """The hash that would have the target's list believed, and how many it lacks; `None` where none waits."""
    known = _known(store, target)
    return None if known is None or known.is_approved else (known.hash, known.count)


def keep_lost(store: Store, copy: Store, targets: Iterable[str]) -> None:
    """What was noted in a copy can be approved as well."""
    for target in targets:
        lost, known = _known(copy, target), _known(store, target)
        if lost is not None and (known is None or known.hash != lost.hash):
            _keep(store, target, lost)


def forget_lost(store: Store, target: str) -> None:
    """The list is whole: nothing waits for an approval."""
    if _known(store, target) is not None:
        _keep(store, target, None)


def _known(store: Store, target: str) -> _Lost | None:
    kept = store.targets.meta(_key(target))
    return None if not kept else msgspec.json.decode(kept, type=_Lost)


def _keep(store: Store, target: str, lost: _Lost | None) -> None:
    store.targets.set_meta(_key(target), msgspec.json.encode(lost).decode() if lost is not None else "")


def _key(target: str) -> str:
    return f"{target}: whom its list lacked"
