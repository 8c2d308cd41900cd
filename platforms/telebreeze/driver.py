"""Telebreeze behind the `Driver` protocol (Telebreeze contract, Declared)."""

from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import fields, replace
from functools import partial
from operator import attrgetter

from desired_state.account import Contact
from desired_state.catalog import Offer, Package
from desired_state.desired import Problem
from desired_state.subscriber import Observation, Owner, SubscriberSpec
from platforms.devices import plain_device
from platforms.driver import FeedPage, Reference, Taken, Transient
from platforms.fitting import shortfalls
from platforms.listing import Listed
from platforms.paging import whole_list
from platforms.telebreeze.client import Client
from platforms.telebreeze.kind import TELEBREEZE
from platforms.telebreeze.wire import Wire
from platforms.transport import Clock


class TelebreezeDriver:
    """One Telebreeze operator."""

    capabilities = TELEBREEZE.capabilities

    def __init__(self, client: Client, wire: Wire, clock: Clock) -> None:
        self.name = wire.platform
        self._client = client
        self._wire = wire
        self._clock = clock

    def normalize(self, spec: SubscriberSpec) -> SubscriberSpec:
        """Lists sorted, MACs as 12 upper-case hex digits, texts trimmed."""
        return replace(
            spec,
            packages=_distinct(spec.packages),
            auth=spec.auth and str(spec.auth),
            device_ids=spec.device_ids and _distinct(tuple(plain_device(device) for device in spec.device_ids)),
            login=spec.login and spec.login.strip(),
            pin=spec.pin if spec.pin is not None and spec.pin.fingerprint else None,
            contact=spec.contact and _trimmed(spec.contact),
            note=spec.note and spec.note.strip(),
            account_number=None,
        )

    def problems(self, external_id: str, spec: SubscriberSpec, offer: Offer) -> tuple[Problem, ...]:
        """What follows from the capabilities: Telebreeze has no further rules."""
        return shortfalls(self.name, self.capabilities, external_id, spec)

    async def list(self) -> AsyncIterator[Sequence[Listed]]:
        """Every customer, in the platform's order."""
        async for page in whole_list(self._client.customers, attrgetter("record_id"), f"the list of {self.name}"):
            yield page.rows

    async def observe(self, reference: Reference) -> Observation | None:
        """The customer by its id; by the name we gave it where the id is not known or not there."""
        if reference.record_id is not None:
            read_at = self._clock.now()
            row = await self._client.customer(reference.record_id)
            if row is not None:
                return self._wire.observation(row, read_at)
        return await self._find(reference.external_id)

    async def create(self, external_id: str, spec: SubscriberSpec) -> str:
        """One POST; where it is refused as a double, the customer of that name counts if its note names our owner."""
        try:
            return self._wire.record_id(await self._client.create(self._wire.creation(external_id, spec)))
        except Taken as refused:
            return await self._own(external_id, spec, refused)

    async def update(self, observed: Observation, after: SubscriberSpec) -> None:
        """One PATCH with what differs; none if nothing does."""
        payload = self._wire.change(observed.spec, after)
        if payload:
            await self._client.change(observed.record_id, payload)

    async def delete(self, observed: Observation) -> None:
        """One DELETE."""
        await self._client.delete(observed.record_id)

    async def rename(self, observed: Observation, external_id: str) -> str:
        """One PATCH of the external id."""
        await self._client.change(observed.record_id, self._wire.renaming(external_id))
        return observed.record_id

    async def packages(self) -> tuple[Package, ...]:
        """All packages, in the platform's order."""
        listing = whole_list(self._client.packages, self._wire.package_id, f"the packages of {self.name}")
        return tuple([self._wire.package(row) async for page in listing for row in page.rows])

    async def charges(self, cursor: str) -> FeedPage:
        """A page of the transactions."""
        rows, following = await self._client.transactions(cursor)
        return FeedPage(tuple(self._wire.sale(row) for row in rows), following)

    async def aclose(self) -> None:
        """Let go of connections."""
        await self._client.aclose()

    async def _own(self, external_id: str, spec: SubscriberSpec, refused: Taken) -> str:
        """The id of our own customer, made by a call whose answer was lost: any value of it may be called a double."""
        existing = await self._find(external_id)
        if existing is None and refused.field == self._wire.dialect.customer.external_id:
            raise Transient(f"{self.name} has a customer {external_id!r}, but does not show it yet")
        if existing is None:
            raise refused
        if existing.owner is None or existing.owner != Owner.of(spec.note):
            text = f"{self.name} already has a customer {external_id!r} that is not ours; rename or remove it there"
            raise Taken(text, refused.field)
        return existing.record_id

    async def _find(self, external_id: str) -> Observation | None:
        """The customer of exactly that name: the platform's filter is not relied upon."""
        if not external_id:
            return None
        fetch = partial(self._client.find, external_id)
        search = whole_list(fetch, self._wire.record_id, f"the search for {external_id!r} on {self.name}")
        async with aclosing(search):
            async for page in search:
                for row in page.rows:
                    observation = self._wire.observation(row, page.read_at)
                    if observation.external_id == external_id:
                        return observation
        return None


def _distinct(values: tuple[str, ...] | None) -> tuple[str, ...] | None:
    return None if values is None else tuple(sorted(set(values) - {""}))


def _trimmed(contact: Contact) -> Contact:
    return Contact(**{field.name: getattr(contact, field.name).strip() for field in fields(contact)})
