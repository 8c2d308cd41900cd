"""What the configuration has to know of a kind of platform; `dialects.py` has what an operator can override,
`registry.py` how its driver is made."""

from dataclasses import dataclass

from platforms.capabilities import Capabilities


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of platform: what it can do, the credentials it needs.

    `operations` are the names of all its requests in metrics, so that their counters exist at 0. `customer_id` is the
    usual pattern of the names of its records.
    """

    capabilities: Capabilities
    credentials: tuple[str, ...]
    operations: tuple[str, ...]
    customer_id: str = "{id}_{i_env}"
