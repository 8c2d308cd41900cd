"""DiffSync comparing N records in memory, 1 % of which differ: `python … N`. In the peers' environment.

Prints the seconds of the comparison, and of making the models of both sides before it.
"""

import json
import sys
from time import perf_counter

from diffsync import Adapter, DiffSyncModel


class Subscriber(DiffSyncModel):  # type: ignore[misc]
    """As much as a record on a platform says."""

    _modelname = "subscriber"
    _identifiers = ("i_account",)
    _attributes = ("enabled", "packages", "devices", "phone", "max_connections")

    i_account: int
    enabled: bool
    packages: list[str]
    devices: list[str]
    phone: str
    max_connections: int


class Side(Adapter):  # type: ignore[misc]
    """One of both sides."""

    subscriber = Subscriber
    top_level = ("subscriber",)


def _side(records: int, differing: int) -> Side:
    side = Side()
    for number in range(records):
        phone = f"+420555{number + (differing and number % differing == 0)}"
        side.add(
            Subscriber(
                i_account=number,
                enabled=True,
                packages=["basic", "kids"],
                devices=[f"02{number:010X}"],
                phone=phone,
                max_connections=2,
            )
        )
    return side


def main(records: int) -> None:
    """Compare."""
    began = perf_counter()
    wished, held = _side(records, 0), _side(records, 100)
    made = perf_counter()
    diff = held.diff_from(wished)
    told = {"seconds": perf_counter() - made, "making": made - began, "changes": diff.summary()["update"]}
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main(int(sys.argv[1]))
