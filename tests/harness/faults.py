"""The faults: what they do, and at which crossings they can strike.

Rules of this module:

1. A fault does what the world does, no more: the simulators, the database file and the clock suffer it, never an object
   of the product.
2. Where a fault itself makes an account go off or on again (somebody switches a record off, billing says for an
   instant that the account is blocked), the chronicle is told (`excuse`), and that much may happen besides, no more.
"""

import sqlite3  # noqa: TID251  what SQLite raises
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial
from typing import Any, NoReturn
from xml.etree.ElementTree import Element, tostring

import httpx
import msgspec
from defusedxml.ElementTree import fromstring

from tests.harness import hands
from tests.harness.crossings import Answer, Crossing, Fault, Kind
from tests.harness.site import Site
from tests.loop.platforms import cable

Before = Callable[[Site, Crossing], Answer]

FEED = frozenset({Kind.FEED_READ})
BOOKING = frozenset({Kind.BOOKING})
READS = frozenset({Kind.BILLING_READ, Kind.PLATFORM_READ}) | FEED
PLATFORM = frozenset({Kind.PLATFORM_READ, Kind.PLATFORM_WRITE})
WIRES = READS | PLATFORM | BOOKING
BEGIN = frozenset({Kind.BEGIN})
COMMIT = frozenset({Kind.COMMIT})
TICK = frozenset({Kind.TICK})
EVENT = frozenset({Kind.EVENT})
CLOCK = TICK | WIRES

_INTERNAL = b'{"faultcode": "Server.Internal.error", "faultstring": "Something went wrong"}'
_ALMOST_SETTLED, _LAG = 55.0, 90.0  # seconds
_SLOW, _TOO_SLOW = 8.0, 35.0  # seconds; the longest time-out is 30
_OUTAGE, _LONG_OUTAGE = 45.0, 2400.0  # seconds; the longer one outlasts a pass
_LISTS = ("/Account/get_account_list", "GET /api/dashboard/customers")
_PAGE = b"<!DOCTYPE html><html><body>Please wait</body></html>"


# -- on the wires


def _refuse(_site: Site, _crossing: Crossing) -> Answer:
    raise httpx.ConnectError("nobody listens there (on purpose)")


def _lose(_site: Site, _crossing: Crossing, _answer: Answer) -> Answer:
    raise httpx.ReadError("the connection broke before the answer (on purpose)")


def _be_slow(site: Site, _crossing: Crossing, answer: Answer) -> Answer:
    site.world.advance(_SLOW)
    return answer


def _be_too_slow(site: Site, _crossing: Crossing, _answer: Answer) -> Answer:
    site.world.advance(_TOO_SLOW)
    raise TimeoutError


def _answer(status: int, content: bytes = b"", headers: Mapping[str, str] | None = None) -> Before:
    return lambda _site, _crossing: httpx.Response(status, headers=headers, content=content)


def _cut_off(_site: Site, _crossing: Crossing, answer: Answer) -> Answer:
    assert answer is not None
    return httpx.Response(
        answer.status_code, headers=answer.headers, content=answer.content[: len(answer.content) // 2]
    )


def _go_down(site: Site, crossing: Crossing) -> Answer:
    site.down[crossing.target] = site.world.monotonic() + _LONG_OUTAGE
    return None


def _empty(_site: Site, _crossing: Crossing, answer: Answer) -> Answer:
    """The answer of a server that has lost its data, and knows nothing of it."""
    assert answer is not None
    shown = msgspec.json.decode(answer.content, type=dict[str, object])
    nothing: dict[str, object] = {name: [] if isinstance(value, list) else 0 for name, value in shown.items()}
    return httpx.Response(answer.status_code, json=nothing)


def _is_list(crossing: Crossing) -> bool:
    return crossing.operation.endswith(_LISTS)


def _has_past(crossing: Crossing) -> bool:
    return bool(crossing.past)


def _show_past(_site: Site, crossing: Crossing, answer: Answer) -> Answer:
    assert answer is not None
    return next((each for each in crossing.past if each.content != answer.content), answer)


# -- with money


def _answer_instead(status: int, content: bytes) -> Callable[[Site, Crossing, Answer], Answer]:
    return lambda _site, _crossing, _answer: httpx.Response(status, content=content)


def _lose_and_show_late(site: Site, _crossing: Crossing, _answer: Answer) -> Answer:
    """It is booked, nobody is told so, and for a while billing's list does not show it."""
    site.billing.switch(xdr_lag=_ALMOST_SETTLED)
    raise httpx.ReadError("the connection broke before the answer (on purpose)")


def _show_feed_again(site: Site, crossing: Crossing, answer: Answer) -> Answer:
    """The answer to an older question about the same feed."""
    return site.tap.feeds[crossing.target][-2:][0] if answer is not None else None


def _reverse(_site: Site, crossing: Crossing, answer: Answer) -> Answer:
    """The latest first."""
    assert answer is not None
    if crossing.target == "tv":
        shown = msgspec.json.decode(answer.content, type=dict[str, Any])
        return httpx.Response(answer.status_code, json={**shown, "rows": shown["rows"][::-1]})
    root: Element = fromstring(answer.content, forbid_dtd=True)
    root[:] = root[::-1]
    return httpx.Response(answer.status_code, content=tostring(root))


def _show_late(site: Site, crossing: Crossing) -> Answer:
    """Telebreeze shows its sales late from now on; SeaChange shows the last but one after the last."""
    if crossing.target == "tv":
        site.platform.feed_lag = _LAG
    else:
        platform = cable(site).platform
        platform.late.add(len(platform.purchases) - 1)
    return None


def _show_no_later(site: Site, crossing: Crossing, answer: Answer) -> Answer:
    if crossing.target == "cable":
        cable(site).platform.late.clear()
    return answer


# -- the process


def _die(site: Site, _crossing: Crossing) -> NoReturn:
    site.die()


def _die_after(site: Site, _crossing: Crossing, _answer: Answer) -> NoReturn:
    site.die()


# -- the store


def _changes(crossing: Crossing) -> bool:
    return crossing.changes


def _fail_store(code: int, text: str, seconds: float = 0.0) -> Before:
    def fail(site: Site, _crossing: Crossing) -> Answer:
        error = sqlite3.OperationalError(text)
        error.sqlite_errorcode = code
        site.store_fails(error, seconds)
        raise error

    return fail


def _restore(site: Site, _crossing: Crossing, *, ticks_ago: int) -> NoReturn:
    """The process is killed, and the next finds the database as it was so many ticks ago, or at the first tick."""
    site.die(then=partial(site.restore, ticks_ago))


def _lose_database(site: Site, _crossing: Crossing, *, but: str) -> NoReturn:
    """The process is killed, and the next finds none of the database's files `but` these."""
    site.die(then=partial(site.lose_files, but))


# -- time and chance


def _jump(site: Site, _crossing: Crossing, *, hours: float) -> Answer:
    if hours < 0:
        site.market.unsure_before(site.world.now())
    site.world.jump(timedelta(hours=hours))
    return None


def _skip(site: Site, _crossing: Crossing) -> Answer:
    site.skips_next = True
    return None


def _reorder(site: Site, _crossing: Crossing) -> Answer:
    """From now on billing lists its accounts the other way round."""
    site.billing.installation.order.reverse()
    return None


# -- other people


def _edit(site: Site, crossing: Crossing) -> Answer:
    hands.edit(site, crossing.target)
    return None


def _switch_off(site: Site, crossing: Crossing) -> Answer:
    hands.switch_off(site, crossing.target)
    return None


def _block(site: Site, _crossing: Crossing) -> Answer:
    site.flicker("block")
    return None


def _unblock(site: Site, _crossing: Crossing, answer: Answer) -> Answer:
    site.flicker("unblock")
    return answer


FULL = (sqlite3.SQLITE_FULL, "database or disk is full")
BUSY = (sqlite3.SQLITE_BUSY, "database is locked")

ALL: Mapping[str, Fault] = {
    fault.name: fault
    for fault in (
        Fault("refused", WIRES, before=_refuse, confined=True),
        Fault("lost_answer", WIRES, after=_lose, confined=True),
        Fault("slow", WIRES, after=_be_slow, confined=True),
        Fault("timeout", WIRES, after=_be_too_slow, confined=True),
        Fault("unavailable", WIRES, before=_answer(503), confined=True),
        Fault("throttled", WIRES, before=_answer(429, headers={"retry-after": "20"}), confined=True),
        Fault("html", WIRES, before=_answer(200, _PAGE, {"content-type": "text/html"}), confined=True),
        Fault("cut_off", WIRES, after=_cut_off, confined=True),
        Fault("emptied", READS, after=_empty, fits=_is_list),
        Fault("past", READS, after=_show_past, fits=_has_past, confined=True),
        Fault("down_for_a_while", WIRES, before=_go_down, confined=True),
        Fault("edited", PLATFORM, before=_edit, confined=True),
        Fault("switched_off", PLATFORM, before=_switch_off, confined=True),
        Fault("kill_before_call", WIRES, before=_die),
        Fault("kill_after_call", WIRES, after=_die_after),
        Fault("kill_before_commit", COMMIT, before=_die, fits=_changes),
        Fault("kill_after_commit", COMMIT, after=_die_after, fits=_changes),
        Fault("cancel", frozenset({Kind.TURN})),
        Fault("disk_full", COMMIT, before=_fail_store(*FULL), fits=_changes),
        Fault("disk_full_for_a_while", COMMIT, before=_fail_store(*FULL, _OUTAGE), fits=_changes),
        Fault("locked", BEGIN, before=_fail_store(*BUSY)),
        Fault("locked_for_a_while", BEGIN, before=_fail_store(*BUSY, _OUTAGE)),
        Fault("restored", TICK, before=partial(_restore, ticks_ago=1)),
        Fault("restored_as_it_began", TICK, before=partial(_restore, ticks_ago=999)),
        Fault("lost_database", TICK, before=partial(_lose_database, but="*.key *.mark")),
        Fault("lost_volume", TICK, before=partial(_lose_database, but="")),
        Fault("kill_before_tick", TICK, before=_die),
        Fault("lost_tick", TICK, before=_skip),
        Fault("clock_forward", CLOCK, before=partial(_jump, hours=2)),
        Fault("clock_back", CLOCK, before=partial(_jump, hours=-2)),
        Fault("lost_event", EVENT, before=_skip),
        Fault("kill_before_event", EVENT, before=_die),
        Fault("kill_after_event", EVENT, after=_die_after),
        Fault("reordered", TICK, before=_reorder),
        Fault("fault_in_the_middle", BOOKING, after=_answer_instead(500, _INTERNAL), confined=True),
        Fault("lost_and_late", BOOKING, after=_lose_and_show_late, confined=True),
        Fault("feed_again", FEED, after=_show_feed_again, confined=True),
        Fault("feed_reversed", FEED, after=_reverse, confined=True),
        Fault("feed_late", FEED, before=_show_late, after=_show_no_later, confined=True),
        Fault("flicker", frozenset({Kind.BILLING_READ}), before=_block, after=_unblock),
    )
}
