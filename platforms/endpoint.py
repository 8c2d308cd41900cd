"""Where a server is, for the configuration to say and for the transport to keep to."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where a server is and how it may be used. `target` names it in metrics and sentences.

    `verify` is whether its certificate is checked, or the file of the CA to check it by. `None`: the rate has no limit.
    `heeds_pauses`: nothing is sent while the server wishes to be left alone. Times are in seconds.
    """

    target: str
    url: str
    max_concurrency: int = 8
    requests_per_second: float | None = None
    timeout_seconds: float = 10
    verify: bool | str = True
    heeds_pauses: bool = True
