"""What has to be true at the end, whatever happened.

Rules of this module:

1. What should be there is said by the demo's check and by billing's facts; the product is asked for nothing but what it
   says of itself (its states), and its database for what is still open.
"""

import sqlite3  # noqa: TID251  the file, as another program reads it
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing

from controller.demo.check import CLOSED, Memory, Record, Scene, differences
from tests.harness.chronicle import MADE_BY_THE_PLATFORM, owner
from tests.harness.site import Site
from tests.loop.platforms import cable

_REMEMBERED = {"refused", "lost_answer", "slow", "kill_before_call", "kill_after_call", "kill_before_commit"}
_REMEMBERED |= {"kill_after_commit", "kill_after_event", "kill_before_tick", "cancel", "unavailable", "throttled"}
_REMEMBERED |= {"timeout", "html", "cut_off"}

_SECRETS = ("TV Password", "TV PIN")
_QUOTES = ('"', "'")


def shown(site: Site, platform: str, rows: Sequence[Record]) -> list[Record]:
    """The records by name, without what the platform gives them by itself."""
    words = site.chronicle.words[platform]
    own = MADE_BY_THE_PLATFORM - {words.called}
    kept = [{name: row[name] for name in row if name not in own} for row in sorted(rows, key=words.name_of)]
    return [words.shown(row) for row in kept]


async def wrong_at_rest(site: Site) -> list[str]:
    """In what the platforms are not as billing's facts ask for, by a check that shares no code with the product."""
    return [text for platform in site.config.platforms for text in await _wrong_on(site, platform)]


async def _wrong_on(site: Site, platform: str) -> list[str]:
    words, foreign, rows = site.chronicle.words[platform], site.chronicle.foreign(platform), site.dumped(platform)
    ours = frozenset(words.name_of(row) for row in rows if words.key_of(row) not in foreign)
    scene = Scene(words, rows, Memory(foreign, ours), site.world.now())
    texts = [f"{platform}: {each}" for each in differences(site.facts_now(), scene)]
    counted = sum((await site.status())["platforms"][platform]["accounts"].values())
    population = _population(site, platform, rows)
    if counted != population:
        texts.append(f"{platform}: {counted} accounts are in some state, of {population}")
    return texts


def wrong_in_the_books(site: Site) -> list[str]:
    """In what billing's books are not what was sold, and where feeds were not read to their ends."""
    found = site.market.wrong(site.billing.installation.transactions, site.config.store.path)
    return [*found, *_unread(site)]


def _unread(site: Site) -> Iterator[str]:
    """The feeds whose cursors are not behind all that was sold; where none was sold, there may be no cursor."""
    ends = {"tv": f"c-{len(site.platform.transactions):x}", "cable": str(_purchases(site))}
    with closing(sqlite3.connect(site.config.store.path)) as other:
        cursors = dict(other.execute("SELECT platform, cursor FROM feeds"))
    for platform, cursor in cursors.items():
        if cursor != ends[platform] and ends[platform] not in ("c-0", "0"):
            yield f"{platform}: the feed was read up to {cursor!r}, and ends at {ends[platform]!r}"


def _purchases(site: Site) -> int:
    return len(cable(site).platform.purchases) if "cable" in site.config.platforms else 0


def _population(site: Site, platform: str, rows: Sequence[Record]) -> int:
    """How many accounts are routed to a platform, or have a record there."""
    words, now = site.chronicle.words[platform], site.world.now()
    living = [fact for fact in site.facts_now() if fact.status != CLOSED]
    routed = {fact.i_account for fact in living if words.products & set(fact.products(now))}
    return len((routed | {owner(words, row) for row in rows}) - {0})


async def left_open(site: Site) -> list[str]:
    """Intents that nobody has resolved, and calls that the audit does not have."""
    count = (await site.store()).journal.count_open()
    missing = sorted(site.chronicle.intents - site.audited())
    open_ones = [f"{count} intents are still open"] if count else []
    return [*open_ones, f"the audit lacks intents {missing}"] if missing else open_ones


def in_vain(site: Site) -> list[str]:
    """Calls that changed nothing, where nothing struck after which one may have to be repeated."""
    return site.chronicle.in_vain if remembers(site) else []


def remembers(site: Site) -> bool:
    """Whether nothing struck that makes the reconciler forget what it knew, or see what is not there."""
    return {planned.fault.name for planned, _ in site.tap.struck} <= _REMEMBERED


def secrets_kept(site: Site) -> list[str]:
    """Passwords and PINs that are in the database in clear text (promise P10)."""
    with closing(sqlite3.connect(site.config.store.path)) as other:
        kept = "\n".join(other.iterdump())
    named = [(fact.i_account, name, fact.custom_fields.get(name)) for fact in site.facts_now() for name in _SECRETS]
    return [
        f"the database holds {name!r} of account {i_account}"
        for i_account, name, value in named
        if value and any(f"{quote}{value}{quote}" in kept for quote in _QUOTES)
    ]


async def states(site: Site) -> Mapping[str, Mapping[str, int]]:
    """How many accounts are in each state, by platform, as the product says."""
    platforms = (await site.status())["platforms"]
    return {name: {state: n for state, n in view["accounts"].items() if n} for name, view in platforms.items()}
