"""What the simulated SeaChange holds and enforces, without HTTP and XML.

Rules of this module:

1. A write counts at once for what must be unique and for revisions; reads show the state as it was `read_lag` seconds
   ago.
2. A customer is put whole: what is not given is cleared.
"""

from bisect import bisect_left, insort
from collections.abc import Iterable
from typing import Annotated, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from platforms.lag import RecentWrites
from platforms.transport import Clock

Ids = tuple[Annotated[str, Field(min_length=1)], ...]


class Customer(BaseModel):
    """A customer with everything, the PIN in clear text. `revision` and `switched_at` are the platform's to set.

    `switched_at`: since when it is enabled, or is not.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    id: Annotated[str, Field(min_length=1)]
    revision: int = 0
    enabled: bool = False
    first: str = ""
    last: str = ""
    email: str = ""
    phone: str = ""
    products: Annotated[Ids, Field(strict=False)] = ()
    cpes: Annotated[Ids, Field(strict=False)] = ()
    pin: str = ""
    note: Annotated[str, Field(max_length=255)] = ""
    switched_at: str = ""


class Sale(BaseModel):
    """What a customer bought from the platform."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    customer: str
    kind: Literal["vod", "ppv"]
    title: str = ""
    amount: str
    currency: str


class Purchase(NamedTuple):
    """A sale as the feed shows it; `sequence` counts all of them."""

    sequence: int
    at: str
    sale: Sale


class Refused(Exception):
    """A request the platform turns down: a status, a code and a text."""

    def __init__(self, status: int, code: str, text: str) -> None:
        super().__init__(status, code)
        self.status = status
        self.code = code
        self.text = text


class Platform:
    """All customers and purchases. `customers` is the truth; `products` are the ids on offer.

    `late` are the sequences of purchases that do not show yet, whatever those after them do.
    """

    def __init__(self, clock: Clock, products: Iterable[str]) -> None:
        self.read_lag = 0.0
        self.customers: dict[str, Customer] = {}
        self.purchases: list[Purchase] = []
        self.late: set[int] = set()
        self._products = frozenset(products)
        self._clock = clock
        self._order: list[str] = []
        self._holders: dict[str, str] = {}
        self._recent = RecentWrites[Customer](clock)

    def page(self, start: int, count: int) -> tuple[list[Customer], int]:
        """Some customers as reads show them, ordered by id, and how many there are."""
        past = self._recent.past(self.read_lag)
        ids = self._order if not past else sorted(each for each in {*self._order, *past} if self.visible(each))
        shown = map(self.visible, ids[start : start + count])
        return [customer for customer in shown if customer is not None], len(ids)

    def visible(self, customer_id: str) -> Customer | None:
        """A customer as reads show it."""
        past = self._recent.past(self.read_lag)
        return past[customer_id] if customer_id in past else self.customers.get(customer_id)

    def put(self, customer: Customer, if_match: str | None = None) -> tuple[Customer, bool]:
        """Store the customer as a whole; also whether it is new. Raises `Refused`.

        `if_match` is the revision that has to be in force.
        """
        held = self.customers.get(customer.id)
        if if_match is not None and (held is None or str(held.revision) != if_match):
            raise Refused(412, "StaleRevision", f"Revision {if_match} is not the current one")
        self._check(customer)
        self._remember(customer.id)
        if held is None:
            insort(self._order, customer.id)
        else:
            self._release(held)
        stays = held is not None and held.enabled == customer.enabled
        set_here = {
            "revision": 1 if held is None else held.revision + 1,
            "switched_at": held.switched_at if held is not None and stays else self._now(),
        }
        stored = customer.model_copy(update=set_here)
        self.customers[customer.id] = stored
        self._holders.update(dict.fromkeys(stored.cpes, stored.id))
        return stored, held is None

    def delete(self, customer_id: str) -> None:
        """Remove a customer; raises `Refused`."""
        if customer_id not in self.customers:
            raise not_found(customer_id)
        self._remember(customer_id)
        del self._order[bisect_left(self._order, customer_id)]
        self._release(self.customers.pop(customer_id))

    def sell(self, sale: Sale) -> Purchase:
        """Let a customer buy something; raises `Refused`."""
        if sale.customer not in self.customers:
            raise not_found(sale.customer)
        self.purchases.append(Purchase(len(self.purchases) + 1, self._now(), sale))
        return self.purchases[-1]

    def bought(self, since: int, count: int) -> list[Purchase]:
        """The purchases after a sequence that show."""
        return [each for each in self.purchases[since:] if each.sequence not in self.late][:count]

    def _check(self, customer: Customer) -> None:
        for cpe in customer.cpes:
            if self._holders.get(cpe, customer.id) != customer.id:
                raise Refused(409, "CpeInUse", f"Cpe {cpe} belongs to another customer")
        for product in customer.products:
            if product not in self._products:
                raise Refused(422, "UnknownProduct", f"There is no product {product}")

    def _now(self) -> str:
        return self._clock.now().isoformat().replace("+00:00", "Z")

    def _release(self, customer: Customer) -> None:
        for cpe in customer.cpes:
            self._holders.pop(cpe, None)

    def _remember(self, customer_id: str) -> None:
        self._recent.remember(customer_id, self.customers.get(customer_id), self.read_lag)


def not_found(customer_id: str) -> Refused:
    """There is no such customer."""
    return Refused(404, "NotFound", f"There is no customer {customer_id}")


def invalid(text: str) -> Refused:
    """The request is none that the platform understands."""
    return Refused(400, "InvalidDocument", text)
