"""The independent check: does the platform show what billing's facts ask for?

Rules of this module:

1. It imports nothing of the product and shares no code with it: the expectations are written down here once more, from
   the contracts (PortaBilling 2.2 and 4, Telebreeze "Declared") and the demo's catalog, in plain words.
2. It looks at every account and at every record, and says every difference in a line a person can read.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import msgspec

Record = Mapping[str, object]
"""A customer as the platform's simulator dumps it."""

ENVIRONMENT = 3
REAL_ACCOUNTS = (-1, 1, 4)  # debit, credit, beneficiary; vouchers, aliases and internal accounts watch no television

ON = frozenset(
    {
        *(None, "customer_suspension_delayed", "customer_limiting_delayed", "customer_limited"),
        *("frozen", "screening", "quarantine"),
    }
)
OFF = frozenset(
    {
        *("blocked", "customer_blocked", "suspended", "customer_suspended", "customer_provisionally_terminated"),
        *("overdraft", "zero_balance", "credit_exceeded", "customer_has_no_available_funds", "customer_credit_exceed"),
        *("expired", "not_yet_active", "inactive"),
    }
)
CLOSED = "closed"

PACKAGES: Mapping[int, frozenset[str]] = {
    61: frozenset({"1"}),  # basic
    62: frozenset({"1", "4"}),  # basic, cinema
    86: frozenset({"2"}),  # sport
    87: frozenset({"3"}),  # kids
}
CONNECTIONS: Mapping[int, int] = {61: 2, 62: 4}


class AddOn(msgspec.Struct, frozen=True):
    """An add-on of an account; texts in UTC, no end = open."""

    i_product: int
    begins: str = msgspec.field(name="from")
    ends: str | None = msgspec.field(name="to")


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """The facts of one account, as billing's simulator dumps them."""

    i_account: int
    id: str
    i_product: int
    billing_model: int
    status: str | None
    addons: tuple[AddOn, ...] = ()
    contact: Mapping[str, str] = {}
    custom_fields: Mapping[str, str | None] = {}

    @property
    def name(self) -> str:
        """What its record on the platform is called."""
        return f"{self.id}_{ENVIRONMENT}"

    @property
    def devices(self) -> list[str]:
        """Its devices as the platform should have them: MACs as 12 upper-case hex digits."""
        texts = re.split(r"[,;\s]+", self.custom_fields.get("TV MAC") or "")
        return sorted({text.replace(":", "").upper() for text in texts if text})

    def products(self, now: datetime) -> list[int]:
        """The main product and the add-ons that count now."""
        current = [each for each in self.addons if _instant(each.begins) <= now]
        return [self.i_product, *(each.i_product for each in current if each.ends is None or now < _instant(each.ends))]


@dataclass(frozen=True, slots=True)
class Memory:
    """What was there before: `foreign` the records that are not ours, by id; `ours` the names that had a record."""

    foreign: Mapping[str, Record] = field(default_factory=dict)
    ours: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Difference:
    """What is wrong with one record, which `record` names; `foreign` if it is not ours."""

    record: str
    text: str
    foreign: bool = False

    def __str__(self) -> str:
        return f"{self.record}: {self.text}"


def differences(
    accounts: Sequence[Account], records: Sequence[Record], memory: Memory, now: datetime
) -> list[Difference]:
    """Everything in which the platform is not as billing's facts ask for; empty if all is well."""
    return list(_Check(accounts, records, memory, now).run())


class _Check:
    def __init__(self, accounts: Sequence[Account], records: Sequence[Record], memory: Memory, now: datetime) -> None:
        self._accounts = [each for each in accounts if each.billing_model in REAL_ACCOUNTS and each.status != CLOSED]
        self._records = records
        self._memory = memory
        self._now = now
        self._foreign_names = {each["externalId"] for each in memory.foreign.values()}
        self._holders = self._device_holders()

    def run(self) -> Iterator[Difference]:
        yield from self._foreign()
        ours = [each for each in self._records if each["id"] not in self._memory.foreign]
        by_name = {str(each["externalId"]): each for each in ours}
        for account in self._accounts:
            if account.name not in self._foreign_names:
                yield from self._account(account, by_name.get(account.name))
        yield from self._surplus(ours)

    def _foreign(self) -> Iterator[Difference]:
        there = {each["id"]: each for each in self._records}
        for record_id, record in self._memory.foreign.items():
            if record_id not in there:
                yield Difference(record_id, "is gone, and was not ours", foreign=True)
            elif there[record_id] != record:
                altered = [name for name in record if there[record_id].get(name) != record[name]]
                yield Difference(record_id, f"was altered, and is not ours: {', '.join(altered)}", foreign=True)

    def _surplus(self, ours: Sequence[Record]) -> Iterator[Difference]:
        names = {account.name for account in self._accounts} - self._foreign_names
        seen: set[str] = set()
        for name in (str(each["externalId"]) for each in ours):
            if name not in names:
                yield Difference(name, "there is a record, but no account that should have one")
            elif name in seen:
                yield Difference(name, "there are several records of this name")
            seen.add(name)

    def _account(self, account: Account, record: Record | None) -> Iterator[Difference]:
        if account.status not in ON | OFF:
            if (record is not None) != (account.name in self._memory.ours):
                yield Difference(account.name, f"was to be left alone (status {account.status})")
        elif not self._should_have_record(account):
            if record is not None:
                yield Difference(account.name, f"there should be no record (status {account.status})")
        elif record is None:
            yield Difference(account.name, f"there is no record (status {account.status})")
        else:
            yield from self._fields(account, record)

    def _fields(self, account: Account, record: Record) -> Iterator[Difference]:
        for name, value in self._wanted(account).items():
            if _comparable(record.get(name)) != value:
                yield Difference(account.name, f"{name} is {record.get(name)!r}, should be {value!r}")
        if not re.search(rf"\b{account.i_account}\b", str(record["notes"])):
            yield Difference(account.name, f"notes do not name account {account.i_account}")

    def _should_have_record(self, account: Account) -> bool:
        """One that is off, or that has no television, keeps the record it had and gets none if it had none."""
        if account.name in self._memory.ours:
            return True
        return account.status in ON and self._has_television(account) and self._can_watch(account)

    def _has_television(self, account: Account) -> bool:
        return bool(self._packages(account))

    def _can_watch(self, account: Account) -> bool:
        """It has a device; of several accounts that name one device the first to get it keeps it, else the oldest."""
        owners = {self._holders[device] for device in account.devices}
        return owners == {account.i_account}

    def _device_holders(self) -> dict[str, int]:
        there = {str(each["externalId"]): _comparable(each.get("devices")) for each in self._records}
        contenders: dict[str, list[tuple[bool, int]]] = {}
        for account in self._accounts:
            for device in account.devices if self._has_television(account) else ():
                lacks_it = device not in str(there.get(account.name, ""))
                contenders.setdefault(device, []).append((lacks_it, account.i_account))
        return {device: min(named)[1] for device, named in contenders.items()}

    def _packages(self, account: Account) -> list[str]:
        return sorted(set().union(*(PACKAGES.get(product, ()) for product in account.products(self._now))))

    def _wanted(self, account: Account) -> dict[str, object]:
        if not self._has_television(account):
            return {"status": "disabled"}
        contact = account.contact
        lines = [contact.get(f"baddr{line}", "") for line in range(1, 6)]
        return {
            "status": "active" if account.status in ON else "disabled",
            "packages": self._packages(account),
            "devices": account.devices,
            "authMethod": "device",
            "maxConcurrentConnections": max(CONNECTIONS.get(each, 0) for each in account.products(self._now)),
            "firstName": contact.get("firstname", ""),
            "lastName": contact.get("lastname", ""),
            "email": contact.get("email", "").partition(",")[0],
            "phone": contact.get("phone1", ""),
            "address": ", ".join(line for line in lines if line),
            "city": contact.get("city", ""),
            "state": contact.get("state", ""),
            "zip": contact.get("zip", ""),
            "country": contact.get("country", ""),
        }


def _comparable(value: object) -> object:
    """Lists without regard to their order, devices as their ids."""
    if not isinstance(value, list):
        return value
    return sorted(str(each["deviceId"]) if isinstance(each, dict) else str(each) for each in value)


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
