"""Where the simulated installation sends its events, and how it behaves there (contract, sections 7.1 and 7.4)."""

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from controller.billing.simulator.events import Vocabulary


class Handler(BaseModel):
    """What both ways have in common; times in seconds. Not `enabled`: what happens meanwhile is lost.

    `duplicates` and `out_of_order` are the shares of events that are sent twice, and that a later one overtakes.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str
    enabled: bool = True
    vocabulary: Vocabulary = "mr115"
    numbers_as_text: bool = False
    with_environment: bool = True
    with_event_time: bool = True
    rate: float = Field(default=10, gt=0)
    duplicates: float = Field(default=0, ge=0, le=1)
    out_of_order: float = Field(default=0, ge=0, le=1)
    timeout: float = Field(default=300, gt=0)
    retry_seconds: tuple[float, ...] = Field(default=(5,), min_length=1)


class Espf(Handler):
    """`PUT /_sim/espf`: the installation itself sends. The pauses between tries are not known; the last one stays."""

    username: str = "espf"
    password: SecretStr = SecretStr("simulated-espf")


class Nsps(Handler):
    """`PUT /_sim/nsps`: the vendor's queue sends, with what it read of the account at that time.

    `without_trace` and `without_data` are the shares of requests that lack trace headers and `pb_data`; `stale` the
    share whose `pb_data` is what it was at the event before. The ladder of retries is compressed a thousandfold.
    """

    token: SecretStr = SecretStr("simulated-nsps")
    without_trace: float = Field(default=0.25, ge=0, le=1)
    without_data: float = Field(default=0.25, ge=0, le=1)
    stale: float = Field(default=0.25, ge=0, le=1)
    retry_seconds: tuple[float, ...] = Field(default=(0.06, 0.6, 3.6, 7.2, 14.4, 28.8, 57.6, 86.4), min_length=1)
