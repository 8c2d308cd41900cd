"""What no full pass can do without, in a process of its own: `python -m … ACCOUNTS STORE`.

Typed decode of the pages of both sides (as many fields as anybody would need, no checks), and a scan of the
fingerprints in the store. Making the pages is not counted.
"""

import json
import sqlite3
import sys
from collections.abc import Callable, Iterator
from time import perf_counter, process_time

import msgspec

from tests.benchmarks.population import FIRST, customer, row
from tests.benchmarks.processes import peak_mb


class _Row(msgspec.Struct, gc=False):
    i_account: int
    id: str
    i_customer: int
    i_product: int
    product_name: str
    bill_status: str
    blocked: str
    balance: float
    phone1: str
    activation_date: str | None = None
    expiration_date: str | None = None


class _Device(msgspec.Struct, gc=False):
    deviceId: str


class _Customer(msgspec.Struct, gc=False):
    id: str
    externalId: str
    status: str
    phone: str
    authMethod: str
    devices: list[_Device]
    packages: list[str]
    maxConcurrentConnections: int
    notes: str


class _Rows(msgspec.Struct):
    account_list: list[_Row]


class _Customers(msgspec.Struct):
    rows: list[_Customer]


_SCANS = (
    "SELECT i_account, row_fp FROM accounts ORDER BY billing, i_account",
    "SELECT record_id, listed_fp FROM records ORDER BY platform, record_id",
)


def _pages(accounts: int, size: int, one: Callable[[int], bytes], frame: bytes) -> Iterator[bytes]:
    for start in range(FIRST, FIRST + accounts, size):
        yield frame % b",".join(one(number) for number in range(start, min(start + size, FIRST + accounts)))


def main(accounts: str, store: str) -> None:
    """Measure it."""
    seconds, cpu = 0.0, 0.0

    def timed(work: Callable[[], object]) -> None:
        nonlocal seconds, cpu
        began, spent = perf_counter(), process_time()
        work()
        seconds += perf_counter() - began
        cpu += process_time() - spent

    rows, customers = msgspec.json.Decoder(_Rows), msgspec.json.Decoder(_Customers)
    for page in _pages(int(accounts), 1000, row, b'{"total":0,"account_list":[%s]}'):
        timed(lambda page=page: rows.decode(page))  # type: ignore[misc]
    for page in _pages(int(accounts), 500, customer, b'{"rows":[%s],"count":0}'):
        timed(lambda page=page: customers.decode(page))  # type: ignore[misc]
    with sqlite3.connect(f"file:{store}?mode=ro", uri=True) as database:
        for scan in _SCANS:
            timed(lambda scan=scan: sum(1 for _ in database.execute(scan)))  # type: ignore[misc]
    sys.stdout.write(json.dumps({"seconds": seconds, "cpu": cpu, "peak_mb": peak_mb("self")}))


if __name__ == "__main__":
    main(*sys.argv[1:])
