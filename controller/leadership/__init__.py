"""Who may work on the store: one process at a time, the leader.

Rules of this module:

1. The daemon hands over its work; whoever decides about the lead runs it, and has ended it before another can lead.
2. A daemon that does not lead is a standby: it serves HTTP and keeps events, and calls nobody.

Of several replicas in Kubernetes one leads by a Lease: `by_lease.py` has it from end to end. Below it `elector.py` says
who leads and when, `mandate.py` what a leader may do and until when, `timing.py` what that is reckoned from, `lease.py`
what a Lease is, `client.py` the three calls on it, and `simulator.py` is an API server for the tests. What the store
does about it is in `store/fence.py`.
"""

from collections.abc import Callable, Coroutine
from typing import Protocol

Work = Callable[[], Coroutine[None, None, None]]


class Leadership(Protocol):
    """How a process comes to lead."""

    @property
    def is_given(self) -> bool:
        """Whether this process leads from beginning to end."""
        ...

    async def lead(self, work: Work) -> None:
        """Run `work` as long as this process leads; returns when it has returned by itself.

        Waits for the lead first. Where the lead is lost, `work` is cancelled and awaited at once, and run anew when the
        lead has been won again. May be cancelled at any time: then the lead is given up.
        """
        ...

    async def aclose(self) -> None:
        """Let go of connections."""
        ...


class Alone:
    """Leads from beginning to end: the store's lock file (`lock.py`), held by this process, keeps others away."""

    is_given = True

    async def lead(self, work: Work) -> None:
        """Run it."""
        await work()

    async def aclose(self) -> None:
        """There is nothing to let go of."""
