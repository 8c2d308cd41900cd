"""Conflicts that may be false: what the other side wishes may have changed without our hearing of it.

Rules of this module:

1. A conflict with another account is believed when that account was read anew for it. An event that says who gives
   something up may be late or lost, while the one that says who gets it has come.
2. A rival is read once for a pair of wishes: again only when one of the two wishes something else.
3. Where billing could not be asked, the conflict stands, and the next look or pass asks again.
4. What has been asked is forgotten with the process: then each conflict costs one reading more.
"""

from collections.abc import Collection
from functools import partial

from controller.fresh import FreshReader
from controller.judgement import Comparison
from controller.store import Store
from controller.store.ledger import Ledger
from desired_state.subscriber import SubscriberKey
from platforms.driver import PlatformError

Wishes = tuple[bytes, bytes | None]
"""The fingerprints of what a subscriber wishes and of what its rival does; `None` where that is not known."""


class Rivals:
    """Who has been asked about whom, on the platforms of one billing source."""

    def __init__(self, fresh: FreshReader, ledger: Ledger) -> None:
        self._fresh = fresh
        self._ledger = ledger
        self._asked: dict[SubscriberKey, dict[int, Wishes]] = {}

    async def ask(self, comparison: Comparison) -> bool:
        """Read anew with whom the subscriber is in conflict, where that is due; says whether anybody was read."""
        if not comparison.turn.rivals:
            self._asked.pop(comparison.subscriber.desired.key, None)
            return False
        read: list[int] = []
        for rival in await self._ledger.run(partial(self.unsure, comparison=comparison)):
            try:
                await self._fresh.read(rival)
            except PlatformError:
                continue
            read.append(rival)
        await self._ledger.run(partial(self.note, comparison=comparison, read=read))
        return bool(read)

    def unsure(self, store: Store, *, comparison: Comparison) -> tuple[int, ...]:
        """The rivals that have not been read for these very wishes."""
        asked = self._asked.get(comparison.subscriber.desired.key, {})
        return tuple(rival for rival in comparison.turn.rivals if asked.get(rival) != _wishes(store, comparison, rival))

    def note(self, store: Store, *, comparison: Comparison, read: Collection[int]) -> None:
        """Remember whose accounts have just been read for the comparison; of those that are no rivals, nothing."""
        key = comparison.subscriber.desired.key
        known = self._asked.pop(key, {})
        asked = {rival: known[rival] for rival in comparison.turn.rivals if rival in known and rival not in read}
        asked |= {rival: _wishes(store, comparison, rival) for rival in comparison.turn.rivals if rival in read}
        if asked:
            self._asked[key] = asked


def _wishes(store: Store, comparison: Comparison, rival: int) -> Wishes:
    other = store.subscribers(comparison.subscriber.desired.key.platform).get(rival)
    return comparison.subscriber.desired_fp, other.desired_fp if other is not None else None
