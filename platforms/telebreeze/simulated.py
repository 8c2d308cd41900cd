"""What the simulated Telebreeze holds and enforces, without HTTP.

Rules of this module:

1. Names are the declared contract's, spelt out here: the driver's dialect is not used, so that a mistake in it shows.
2. Ids are drawn, so that their order says nothing about age. A write counts at once for what must be unique; reads
   show the state as it was `read_lag` seconds ago.
"""

from bisect import bisect_left, insort
from collections.abc import Callable, Iterable, Mapping

from platforms.lag import RecentWrites
from platforms.simulation import Draw
from platforms.transport import Clock

Customer = Mapping[str, object]

_TEXTS = (
    *("firstName", "lastName", "email", "phone", "country", "state", "city", "address", "zip"),
    *("username", "password", "notes"),
)
_DEFAULTS: Customer = {
    **dict.fromkeys(_TEXTS, ""),
    "externalId": "",
    "status": "active",
    "authMethod": "all",
    "devices": [],
    "maxConcurrentConnections": 0,
    "packages": [],
}


class Refused(Exception):
    """A request the platform turns down, as a status and a body."""

    def __init__(self, status: int, body: Mapping[str, object]) -> None:
        super().__init__(status)
        self.status = status
        self.body = body


class Operator:
    """One operator's customers and packages. `customers` is the truth, passwords included.

    `has_elsewhere` says of a device whether another operator has it, where devices are registered for all together.
    """

    def __init__(self, clock: Clock, draw: Draw, packages: Iterable[str], read_lag: float = 0) -> None:
        self.packages = tuple(packages)
        self.read_lag = read_lag
        self.customers: dict[str, Customer] = {}
        self.has_elsewhere: Callable[[str], bool] = lambda _: False
        self._clock = clock
        self._draw = draw
        self._order: list[str] = []
        self._taken: dict[tuple[str, str], str] = {}
        self._recent = RecentWrites[Customer](clock)

    def page(self, offset: int, limit: int, external_id: str = "") -> tuple[list[Customer], int]:
        """Some customers as reads show them, ordered by id, and how many there are."""
        past = self._recent.past(self.read_lag)
        if external_id:
            holder = self._taken.get(("externalId", external_id), "")
            found = [row for row in map(self.visible, {holder, *past}) if row and row["externalId"] == external_id]
            return found[offset : offset + limit], len(found)
        ids = self._order if not past else sorted(each for each in {*self._order, *past} if self.visible(each))
        rows = [row for row in map(self.visible, ids[offset : offset + limit]) if row]
        return rows, len(ids)

    def visible(self, customer_id: str) -> Customer | None:
        """A customer as reads show it: without its password."""
        past = self._recent.past(self.read_lag)
        row = past[customer_id] if customer_id in past else self.customers.get(customer_id)
        return row and {name: value for name, value in row.items() if name != "password"}

    def create(self, fields: Customer) -> Customer:
        """Make a customer; raises `Refused`."""
        customer_id = self._new_id()
        written = self._checked(customer_id, {**_DEFAULTS, **_valid(fields, self.packages)})
        insort(self._order, customer_id)
        return self._write(customer_id, {"id": customer_id, **written, "balance": "0.00", "createdAt": self._now()})

    def change(self, customer_id: str, fields: Customer) -> Customer:
        """Change some fields; raises `Refused`."""
        held = self._held(customer_id)
        return self._write(customer_id, self._checked(customer_id, {**held, **_valid(fields, self.packages)}))

    def delete(self, customer_id: str) -> None:
        """Remove a customer; raises `Refused`."""
        held = self._held(customer_id)
        self._remember(customer_id)
        del self._order[bisect_left(self._order, customer_id)]
        self._release(customer_id, held)
        del self.customers[customer_id]

    def _held(self, customer_id: str) -> Customer:
        if customer_id not in self.customers:
            raise Refused(404, {"message": "Customer not found"})
        return self.customers[customer_id]

    def _checked(self, customer_id: str, row: Customer) -> Customer:
        for field, value in _unique_values(row):
            is_elsewhere = field == "devices" and self.has_elsewhere(value)
            if is_elsewhere or self._taken.get((field, value), customer_id) != customer_id:
                raise Refused(409, {"message": f"{field} is already in use", "field": field})
        return row

    def _write(self, customer_id: str, row: Customer) -> Customer:
        self._remember(customer_id)
        self._release(customer_id, self.customers.get(customer_id, {}))
        self.customers[customer_id] = {**row, "updatedAt": self._now()}
        self._taken.update(dict.fromkeys(_unique_values(row), customer_id))
        return {name: value for name, value in self.customers[customer_id].items() if name != "password"}

    def _release(self, customer_id: str, row: Customer) -> None:
        for unique in _unique_values(row):
            self._taken.pop(unique, None)

    def _remember(self, customer_id: str) -> None:
        self._recent.remember(customer_id, self.customers.get(customer_id), self.read_lag)

    def _new_id(self) -> str:
        customer_id = f"{int(self._draw() * 16**12):012x}"
        while customer_id in self.customers:
            customer_id = f"{(int(customer_id, 16) + 1) % 16**12:012x}"
        return customer_id

    def _now(self) -> str:
        return self._clock.now().isoformat().replace("+00:00", "Z")


def devices_of(row: Customer) -> list[str]:
    """The device ids of a customer."""
    devices = row.get("devices")
    return [str(device["deviceId"]) for device in devices] if isinstance(devices, list) else []


def _unique_values(row: Customer) -> list[tuple[str, str]]:
    username = str(row.get("username") or "").lower()
    values = [("externalId", str(row.get("externalId") or "")), ("username", username)]
    return [pair for pair in values if pair[1]] + [("devices", device) for device in devices_of(row)]


def _valid(fields: Customer, packages: tuple[str, ...]) -> Customer:
    """The fields as they are, or `Refused` with a text for each that is wrong."""
    errors = {name: text for name, value in fields.items() if (text := _objection(name, value, packages))}
    if errors:
        raise Refused(422, {"message": "Validation failed", "errors": errors})
    return fields


def _objection(name: str, value: object, packages: tuple[str, ...]) -> str:
    wrong = {
        "externalId": "must be a text of 1 to 64 characters",
        "status": "must be active or disabled",
        "authMethod": "must be login, device or all",
        "devices": "must be a list of objects with a deviceId",
        "maxConcurrentConnections": "must be a number, 0 or more",
        "packages": f"unknown package in {value}",
        "notes": "must be a text of at most 255 characters",
        **dict.fromkeys(_TEXTS[:-1], "must be a text"),
    }
    if name not in wrong:
        return "is read only or unknown"
    return "" if _is_valid(name, value, packages) else wrong[name]


def _is_valid(name: str, value: object, packages: tuple[str, ...]) -> bool:
    match name:
        case "status":
            return value in ("active", "disabled")
        case "authMethod":
            return value in ("login", "device", "all")
        case "maxConcurrentConnections":
            return isinstance(value, int) and not isinstance(value, bool) and value >= 0
        case "packages":
            return isinstance(value, list) and all(package in packages for package in value)
        case "devices":
            return isinstance(value, list) and all(_is_device(device) for device in value)
    longest = {"externalId": 64, "notes": 255}.get(name, 1000)
    return isinstance(value, str) and len(value) <= longest and (name != "externalId" or value != "")


def _is_device(value: object) -> bool:
    return isinstance(value, Mapping) and isinstance(value.get("deviceId"), str) and bool(value["deviceId"])


def invalid(field: str, text: str) -> Refused:
    """A value the platform does not accept."""
    return Refused(422, {"message": "Validation failed", "errors": {field: text}})
