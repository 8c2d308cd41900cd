"""Removing what a run has made.

Rules of this module:

1. A record is removed if it bears a name that was free when the run took it, or the mark of an owner that the run drew:
   nobody else's can.
2. Removed is what was shown once, and what neither a look by name nor the list shows any more. What cannot be removed
   is told by its name.
"""

from collections.abc import Iterator, Mapping

from desired_state.subscriber import Observation
from platforms.conformance.bench import Setting, Trail
from platforms.conformance.verdicts import sentence_of
from platforms.driver import Reference
from platforms.listing import understood

_ROUNDS = 3


async def removed(setting: Setting, trail: Trail) -> list[str]:
    """Remove everything; a sentence for each record that is left, or may be."""
    search = _Search(setting, trail)
    found = await search.records()
    for _ in range(_ROUNDS):
        if not found and not search.trouble:
            break
        for observed in found:
            await search.delete(observed)
        found = await search.records()
    left = [_left(setting.driver.name, observed, search.refusals) for observed in found]
    return [*left, *_unknown(setting.driver.name, trail, search.trouble)]


def _left(platform: str, observed: Observation, refusals: Mapping[str, str]) -> str:
    why = refusals.get(observed.record_id, "its delete succeeds without effect")
    return f"record {observed.external_id!r} is left on platform {platform!r} ({why}); remove it there"


def _unknown(platform: str, trail: Trail, trouble: str) -> Iterator[str]:
    if trouble:
        names = ", ".join(repr(name) for name in trail.names)
        yield f"whether records are left on platform {platform!r} cannot be told ({trouble}); look there for {names}"
    elif trail.unseen:
        names = ", ".join(repr(name) for name in sorted(trail.unseen))
        yield f"platform {platform!r} never showed records that were made there, so they may be left: {names}"


class _Search:
    """Looks for the records of a run. `trouble` is what the last look failed at, `refusals` what deletes did, by id."""

    def __init__(self, setting: Setting, trail: Trail) -> None:
        self._setting = setting
        self._trail = trail
        self.trouble = ""
        self.refusals: dict[str, str] = {}

    async def records(self) -> list[Observation]:
        """All that are shown by name or in the list, after the platform had its time to show them."""
        await self._setting.clock.sleep(self._setting.driver.capabilities.read_lag.total_seconds())
        self.trouble = ""
        found: dict[str, Observation] = {}
        for name in self._trail.names:
            await self._look(name, found)
        try:
            async for observed in understood(self._setting.driver.list()):
                if observed.external_id in self._trail.names or observed.owner in self._trail.owners:
                    found[observed.record_id] = observed
        except Exception as error:  # whatever a driver does wrong, what it showed is to be removed
            self.trouble = sentence_of(error)
        self._trail.unseen -= {observed.external_id for observed in found.values()}
        return list(found.values())

    async def delete(self, observed: Observation) -> None:
        """Remove one."""
        self.refusals.pop(observed.record_id, None)
        try:
            await self._setting.driver.delete(observed)
        except Exception as error:  # the others are to be removed all the same
            self.refusals[observed.record_id] = sentence_of(error)

    async def _look(self, name: str, found: dict[str, Observation]) -> None:
        try:
            observed = await self._setting.driver.observe(Reference(name))
        except Exception as error:  # the others are to be looked for all the same
            self.trouble = sentence_of(error)
            return
        if observed is not None and observed.external_id == name:
            found[observed.record_id] = observed
