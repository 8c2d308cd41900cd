"""The faults: what they do, and at which crossings they can strike.

Rules of this module:

1. A fault does what the world does, no more: the simulators, the database file and the clock suffer it, never an object
   of the product.
2. `alters` names what the fault-free run cannot foretell then: the oracles that ask for it are relaxed for that fault
   alone, and `oracles.py` says to what.
"""

from collections.abc import Mapping
from typing import NoReturn

import httpx

from tests.harness.crossings import Answer, Crossing, Fault, Kind
from tests.harness.site import Site

READS = frozenset({Kind.BILLING_READ, Kind.PLATFORM_READ})
WRITES = frozenset({Kind.PLATFORM_WRITE})
WIRES = READS | WRITES
STORE = frozenset({Kind.COMMIT})


def _refuse(_site: Site, _crossing: Crossing) -> Answer:
    raise httpx.ConnectError("nobody listens there (on purpose)")


def _lose(_site: Site, _crossing: Crossing, _answer: Answer) -> Answer:
    raise httpx.ReadError("the connection broke before the answer (on purpose)")


def _die(site: Site, _crossing: Crossing) -> NoReturn:
    site.die()


def _die_after(site: Site, _crossing: Crossing, _answer: Answer) -> NoReturn:
    site.die()


def _changes(crossing: Crossing) -> bool:
    return crossing.changes


ALL: Mapping[str, Fault] = {
    fault.name: fault
    for fault in (
        Fault("refused", WIRES, before=_refuse),
        Fault("lost_answer", WIRES, after=_lose),
        Fault("kill_before_call", WIRES, before=_die),
        Fault("kill_after_call", WIRES, after=_die_after),
        Fault("kill_before_commit", STORE, before=_die, fits=_changes),
        Fault("kill_after_commit", STORE, after=_die_after, fits=_changes),
        Fault("cancel", frozenset({Kind.TURN})),
    )
}
