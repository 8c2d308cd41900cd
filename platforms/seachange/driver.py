"""SeaChange behind the `Driver` protocol (SeaChange contract, Declared)."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

from desired_state.account import Contact
from desired_state.catalog import Offer, Package
from desired_state.desired import Problem
from desired_state.subscriber import Observation, Owner, SubscriberSpec
from platforms.devices import plain_device
from platforms.driver import FeedPage, Reference, Taken, Transient, Unsupported
from platforms.fitting import cannot_hold, shortfalls
from platforms.listing import Listed
from platforms.paging import whole_list
from platforms.seachange.client import Client
from platforms.seachange.kind import SEACHANGE
from platforms.seachange.markup import storable
from platforms.seachange.wire import Wire
from platforms.transport import Clock


class SeaChangeDriver:
    """One Traxis.Web. A customer's id is its name and its place: there is no other."""

    capabilities = SEACHANGE.capabilities

    def __init__(self, client: Client, wire: Wire, clock: Clock) -> None:
        self.name = wire.platform
        self._client = client
        self._wire = wire
        self._clock = clock

    def normalize(self, spec: SubscriberSpec) -> SubscriberSpec:
        """Lists sorted, MACs as 12 upper-case hex digits, texts as XML holds them; of the contact, what there is."""
        is_understood = spec.auth in self.capabilities.auths
        return replace(
            spec,
            packages=_distinct(spec.packages),
            auth=None if spec.auth is None or is_understood else str(spec.auth),
            device_ids=spec.device_ids and _distinct(tuple(plain_device(device) for device in spec.device_ids)),
            login=None,
            password=spec.password if spec.password is not None and spec.password.fingerprint else None,
            max_connections=spec.max_connections or None,
            contact=spec.contact and _held(spec.contact),
            note=spec.note and storable(spec.note),
            account_number=None,
        )

    def problems(self, external_id: str, spec: SubscriberSpec, offer: Offer) -> tuple[Problem, ...]:
        """What follows from the capabilities; names and devices that get lost in a path or in XML."""
        found = list(shortfalls(self.name, self.capabilities, external_id, spec))
        slash = self._wire.dialect.paths.slash
        if slash.casefold() in external_id.casefold():
            text = f"the customer id {external_id!r} has {slash!r} in it, which stands for '/' in a path"
            found.append(cannot_hold(self.name, text))
        if any(storable(device) != device for device in spec.device_ids or ()):
            found.append(cannot_hold(self.name, "a device id has a character that XML has no place for"))
        return tuple(found)

    async def list(self) -> AsyncIterator[Sequence[Listed]]:
        """Every customer, in the platform's order."""
        listing = whole_list(self._client.customers, self._wire.customer_id, f"the list of {self.name}")
        async for page in listing:
            yield [Listed.of(self._wire.observation(customer, page.read_at)) for customer in page.rows]

    async def observe(self, reference: Reference) -> Observation | None:
        """The customer by the id it had; by the name we gave it where there is no such."""
        for customer_id in dict.fromkeys(each for each in (reference.record_id, reference.external_id) if each):
            read_at = self._clock.now()
            customer = await self._client.customer(customer_id)
            if customer is not None:
                return self._wire.observation(customer, read_at)
        return None

    async def create(self, external_id: str, spec: SubscriberSpec) -> str:
        """One GET, since a PUT would replace whoever has the name; one PUT, unless the name is ours already."""
        existing = await self.observe(Reference(external_id))
        if existing is None:
            await self._client.put(external_id, self._wire.creation(external_id, spec), None)
        elif existing.owner is None or existing.owner != Owner.of(spec.note):
            text = f"{self.name} already has a customer {external_id!r} that is not ours; remove it there"
            raise Taken(text, self._wire.dialect.customer.id)
        return external_id

    async def update(self, observed: Observation, after: SubscriberSpec) -> None:
        """One GET and one PUT of the document as it is now, with what differs; none if nothing does."""
        if not self._wire.differing(observed.spec, after):
            return
        customer = await self._client.customer(observed.record_id)
        if customer is None:
            raise Transient(f"{self.name} has no such customer any more (customers.get)")
        changed = self._wire.change(customer, observed.spec, after)
        await self._client.put(observed.record_id, changed, self._wire.revision(customer))

    async def delete(self, observed: Observation) -> None:
        """One DELETE."""
        await self._client.delete(observed.record_id)

    async def rename(self, observed: Observation, external_id: str) -> str:
        """There is no such call: a customer of another id is another customer."""
        raise Unsupported(f"platform {self.name!r} cannot give customer {observed.external_id!r} another id")

    async def packages(self) -> tuple[Package, ...]:
        """All products, in the platform's order."""
        return tuple([self._wire.package(product) for product in await self._client.products()])

    async def charges(self, cursor: str) -> FeedPage:
        """A page of the purchases, beginning with some that were shown before: the cursor is the highest sequence."""
        seen = int(cursor) if cursor.isdecimal() else 0
        names = self._wire.dialect.feed
        since = max(0, seen - min(names.overlap, names.page_size // 2))
        purchases, last = await self._client.purchases(since)
        return FeedPage(tuple(self._wire.sale(each) for each in purchases), str(max(seen, last)))

    async def aclose(self) -> None:
        """Let go of connections."""
        await self._client.aclose()


def _distinct(values: tuple[str, ...] | None) -> tuple[str, ...] | None:
    return None if values is None else tuple(sorted(set(values) - {""}))


def _held(contact: Contact) -> Contact:
    return Contact(
        first_name=storable(contact.first_name),
        last_name=storable(contact.last_name),
        email=storable(contact.email),
        phone=storable(contact.phone),
    )
