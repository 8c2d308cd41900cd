"""What has to be true at the end, whatever happened.

Rules of this module:

1. What should be there is said by the demo's check and by billing's facts; the product is asked for nothing but what it
   says of itself (its states), and its database for what is still open.
"""

from collections.abc import Mapping, Sequence

from controller.demo.check import Memory, Record, Scene, differences
from tests.harness.chronicle import owner
from tests.harness.site import Site

_MADE_BY_THE_PLATFORM = {"id", "createdAt", "updatedAt", "switched_at", "revision", "events", "reboots", "binding"}


def shown(site: Site, platform: str, rows: Sequence[Record]) -> list[Record]:
    """The records by name, without what the platform gives them by itself."""
    words = site.chronicle.words[platform]
    own = _MADE_BY_THE_PLATFORM - {words.called}
    kept = [{name: row[name] for name in row if name not in own} for row in sorted(rows, key=words.name_of)]
    return [words.shown(row) for row in kept]


async def wrong_at_rest(site: Site) -> list[str]:
    """In what the platforms are not as billing's facts ask for, by a check that shares no code with the product."""
    return [text for platform in site.config.platforms for text in await _wrong_on(site, platform)]


async def _wrong_on(site: Site, platform: str) -> list[str]:
    words, foreign, rows = site.chronicle.words[platform], site.chronicle.foreign(platform), await site.dumped(platform)
    ours = frozenset(words.name_of(row) for row in rows if words.key_of(row) not in foreign)
    facts = await site.facts()
    scene = Scene(words, rows, Memory(foreign, ours), site.world.now())
    owners = {owner(words, row) for row in rows}
    routed = {fact.i_account for fact in facts if words.products & set(fact.products(site.world.now()))}
    population = len(routed | (owners - {0}))
    counted = sum((await site.status())["platforms"][platform]["accounts"].values())
    texts = [f"{platform}: {each}" for each in differences(facts, scene)]
    if counted != population:
        texts.append(f"{platform}: {counted} accounts are in some state, of {population}")
    return texts


async def left_open(site: Site) -> list[str]:
    """Intents that nobody has resolved."""
    store = await site.store()
    return [f"{count} intents are still open"] if (count := store.journal.count_open()) else []


async def states(site: Site) -> Mapping[str, Mapping[str, int]]:
    """How many accounts are in each state, by platform, as the product says."""
    platforms = (await site.status())["platforms"]
    return {name: {state: n for state, n in view["accounts"].items() if n} for name, view in platforms.items()}
