"""The lead by a Lease of Kubernetes, among replicas that share one store.

Rules of this module:

1. Whoever wins the lease works only after the store knows it for the leader (`store/fence.py`), and may write there for
   as long as the work lasts, and no longer.
2. Where the store cannot be used at present, that is waited for: another replica could use it no better.
"""

import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from controller.config.blocks import LeadershipBlock
from controller.leadership import Work
from controller.leadership.client import Cluster, Leases
from controller.leadership.elector import Elector
from controller.leadership.mandate import Mandate
from controller.leadership.timing import Timing
from controller.log import logger
from controller.store import StoreUnavailable
from controller.store.ledger import Ledger
from platforms.transport import Clock

_AGAIN = 1.0  # seconds


class Named(Clock, Protocol):
    """A clock that also makes names which nothing had before."""

    def request_id(self) -> str:
        """Such a name."""
        ...


@dataclass(frozen=True, slots=True)
class ByLease:
    """Leads while it holds the lease. To be closed by `aclose`."""

    elector: Elector
    leases: Leases
    ledger: Ledger
    clock: Clock
    is_given = False

    async def lead(self, work: Work) -> None:
        """Compete, and run the work under each mandate that is won, until it has returned by itself."""

        async def led(mandate: Mandate) -> None:
            try:
                await self._enter(mandate)
                await work()
            finally:
                self.ledger.led_by(None)

        await self.elector.run(led)

    async def aclose(self) -> None:
        """Close all connections."""
        await self.leases.aclose()

    async def _enter(self, mandate: Mandate) -> None:
        """Have the store know the leader."""
        while True:
            try:
                await self.ledger.run(lambda store: store.enter(mandate.fence), durable=True, is_anyones=True)
                self.ledger.led_by(mandate)
                return
            except StoreUnavailable as trouble:
                logger("leadership").warning("the store cannot be led yet", text=str(trouble))
                await self.clock.sleep(_AGAIN)


def by_lease(
    block: LeadershipBlock, longest_call: float, ledger: Ledger, world: Named, environment: Mapping[str, str]
) -> ByLease:
    """The lead as it is configured. Raises `NoCluster`."""
    timing = Timing(block.duration.total_seconds(), block.renew.total_seconds(), longest_call)
    cluster = Cluster.of(block.lease, block.namespace, block.url, block.service_account, environment)
    leases = Leases(cluster, world, timeout_seconds=timing.renew)
    identity = f"{socket.gethostname()}_{world.request_id()}"  # a container that starts again is another holder
    ledger.share()
    return ByLease(Elector(leases, identity, timing, world, logger("leadership")), leases, ledger, world)
