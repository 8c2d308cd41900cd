"""What only one record of a platform can have; `turns.py` says who has it when, where two accounts want the same."""

from collections.abc import Iterator
from typing import NamedTuple

from desired_state.desired import mask_device
from desired_state.subscriber import SubscriberSpec


class Value(NamedTuple):
    """Something that only one record of a platform can have: a `name`, a `device` or a `login` (casefolded)."""

    kind: str
    text: str

    @property
    def shown(self) -> str:
        """The value as people may see it: account ids in full, devices and logins without their middle."""
        text = self.text if self.kind == "name" else mask_device(self.text)
        return f"{self.kind} {text!r}"


def unique_values(spec: SubscriberSpec | None) -> Iterator[Value]:
    """The devices and the login of a record."""
    if spec is None:
        return
    for device in spec.device_ids or ():
        yield Value("device", device)
    if spec.login:
        yield Value("login", spec.login.casefold())
