"""Ministra behind the `Driver` protocol (Ministra contract).

Rules of this module:

1. A user is written through its login only: account numbers may be shared, and a write by number hits all who share it.
   The login is also all that tells one user from another, and can change hands: a change begins by reading whose it is.
2. Nothing is written that is so already: a package that changes restarts the viewer's box, for every call anew.
3. The plan before the add-ons, which are changed in one call. What turns the service off goes first, what turns it on
   goes last.
4. The platform takes nonsense in silence, an unknown plan for its default one. What can be checked is checked before,
   and what was written is read back: what does not stay is `Rejected`, so that it is not written over and over.
"""

from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import replace

from desired_state.account import Contact, Secret
from desired_state.catalog import Offer, Package
from desired_state.desired import Problem
from desired_state.subscriber import SPEC_FIELDS, Observation, Owner, SubscriberSpec
from platforms.devices import plain_device
from platforms.driver import (
    FeedPage,
    PlatformError,
    Reference,
    Rejected,
    Taken,
    Transient,
    Unsupported,
)
from platforms.fitting import cannot_hold, shortfalls
from platforms.listing import Listed
from platforms.ministra.addons import Addons
from platforms.ministra.client import Client
from platforms.ministra.kind import MINISTRA
from platforms.ministra.plans import Choice, choice, objections, wished_addons
from platforms.ministra.users import Users
from platforms.ministra.wire import Form, JsonObject, Wire
from platforms.transport import Clock

AT_A_TIME = 500
"""Users that are understood before anybody else gets a turn: the platform shows all of them at once."""


class MinistraDriver:
    """One Ministra portal."""

    capabilities = MINISTRA.capabilities

    def __init__(self, client: Client, wire: Wire, clock: Clock) -> None:
        self.name = wire.platform
        self._client = client
        self._wire = wire
        self._clock = clock
        self._users = Users(client, wire)
        self._addons = Addons(client, wire)

    def normalize(self, spec: SubscriberSpec) -> SubscriberSpec:
        """Lists sorted, texts trimmed, one field for the name; no login, which is the name of the record."""
        return replace(
            spec,
            packages=_distinct(spec.packages),
            auth=None if spec.auth in self.capabilities.auths else spec.auth,
            device_ids=spec.device_ids and _distinct(tuple(plain_device(device) for device in spec.device_ids)),
            login=None,
            pin=spec.pin if spec.pin is not None and spec.pin.fingerprint else None,
            max_connections=spec.max_connections or None,
            contact=spec.contact and _as_held(spec.contact),
            note=spec.note and spec.note.strip(),
            account_number=spec.account_number and spec.account_number.strip(),
        )

    def problems(self, external_id: str, spec: SubscriberSpec, offer: Offer) -> tuple[Problem, ...]:
        """What follows from the capabilities; packages that are not one plan with its add-ons, or cannot be set."""
        found = shortfalls(self.name, self.capabilities, external_id, spec)
        if spec.packages is None or not offer.packages:
            return found
        wrong = [Problem("package", self._about_packages(text)) for text in objections(spec.packages, offer.packages)]
        addons = wished_addons(spec.packages, offer.packages)
        if addons and spec.account_number is not None and self._wire.address_of(spec) is None:
            wrong.append(cannot_hold(self.name, _unaddressable(addons, spec.account_number)))
        return (*found, *wrong)

    async def list(self) -> AsyncIterator[Sequence[Listed]]:
        """Every user, those without a login too, in the platform's order."""
        rows, read_at = await self._client.users()
        for start in range(0, len(rows), AT_A_TIME):
            yield [Listed.of(self._wire.observation(row, read_at)) for row in rows[start : start + AT_A_TIME]]

    async def observe(self, reference: Reference) -> Observation | None:
        """The user by its login. The name we gave it comes first: the id of a record that we renamed is outdated."""
        for login in dict.fromkeys((reference.external_id, (reference.record_id or "").lower())):
            read_at = self._clock.now()
            row = await self._users.find(login) if login else None
            if row is not None:
                return self._wire.observation(row, read_at)
        return None

    async def create(self, external_id: str, spec: SubscriberSpec) -> str:
        """One POST, and one PUT of add-ons where it has others than wished: those of a deleted user stay behind."""
        self._users.require_addressable(external_id)
        chosen = await self._choice(spec.packages or ())
        if chosen.addons and self._wire.address_of(spec) is None:
            raise Rejected(f"{self.name}: {_unaddressable(sorted(chosen.addons), spec.account_number or '')}")
        form = self._wire.creation(external_id, spec, chosen.plan)
        try:
            await self._client.create(form)
        except Taken as refused:
            return await self._own(external_id, spec, refused)
        row = await self._users.read_back(external_id, form)
        await self._addons.bring(row, chosen.addons)
        return self._wire.login(row)

    async def update(self, observed: Observation, after: SubscriberSpec) -> None:
        """One PUT of the user and one of its add-ons, each only if something differs.

        A user that is turned on, or whose MAC is needed to the end, takes a second PUT if its packages change too.
        """
        if not after.differs_from(observed.spec):
            return
        row = await self._users.same(observed)
        try:
            form, addons = await self._checked(row, observed, after)
        except PlatformError as error:
            is_cut = not after.enabled and await self._users.turn_off(row)  # whatever is wrong with the rest
            if is_cut and isinstance(error, Rejected):
                raise type(error)(f"{error.text}; the service was turned off all the same", error.field) from error
            raise
        first, last = (form, {}) if addons is None else self._wire.in_order(row, form)
        if first:
            row = await self._users.put(observed.external_id, first)
        if addons is not None:
            await self._addons.bring(row, addons)
        if last:
            await self._users.put(observed.external_id, last)
        if _is_to_lose(observed.spec.password, after.password):
            raise Rejected(
                f"{self.name} cannot take a password away; set another one", self._wire.dialect.user.password
            )

    async def delete(self, observed: Observation) -> None:
        """One DELETE, after one of the add-ons if there are any."""
        row = await self._users.find(observed.external_id)
        if row is None or self._users.owner(row) != observed.owner:
            return
        await self._addons.clear(row)
        await self._client.delete(observed.external_id)

    async def rename(self, observed: Observation, external_id: str) -> str:
        """One PUT of the login, which is also the platform's id."""
        self._users.require_addressable(external_id)
        row = await self._users.find(observed.external_id)
        if row is None or self._users.owner(row) != observed.owner:
            await self._users.same(replace(observed, external_id=external_id))  # renamed already, or gone
        else:
            await self._users.put(observed.external_id, {self._wire.dialect.user.login: external_id})
        return external_id

    async def packages(self) -> tuple[Package, ...]:
        """The tariff plans, then the packages that plans can hold."""
        return self._wire.offer(await self._client.tariffs(), await self._client.services())

    async def charges(self, cursor: str) -> FeedPage:
        """There is no feed of sales in its API v1."""
        raise Unsupported(f"platform {self.name!r} has no feed of what it sells")

    async def aclose(self) -> None:
        """Let go of connections."""
        await self._client.aclose()

    async def _checked(
        self, row: JsonObject, observed: Observation, after: SubscriberSpec
    ) -> tuple[Form, frozenset[str] | None]:
        """The fields to write, and the add-ons to have (`None`: as they are), as far as can be told before writing."""
        names = self._wire.dialect.user
        wish = _only_changes(observed.spec, after, is_on=self._wire.is_on(row))
        password = self._wire.password(wish.password, observed.spec.password)
        form = {**self._wire.change(row, wish), **password}
        if form.get(names.mac):
            await self._users.require_free(observed.external_id, form[names.mac])
        if wish.packages is None or wish.packages == self._wire.packages(row):
            return form, None
        chosen = await self._choice(wish.packages)
        if chosen.plan != self._wire.plan(row):
            form[names.tariff_plan] = chosen.plan
        return form, chosen.addons

    async def _choice(self, packages: tuple[str, ...]) -> Choice:
        """The plan and its add-ons, by what the platform offers at this moment: it would take any name for a plan."""
        tariffs = await self._client.tariffs()
        offered = self._wire.offer(tariffs, self._wire.within(tariffs))
        for text in objections(packages, offered):
            raise Rejected(self._about_packages(text), self._wire.dialect.user.tariff_plan)
        return choice(packages, offered)

    async def _own(self, external_id: str, spec: SubscriberSpec, refused: Taken) -> str:
        """The id of our own user, made by a call whose answer was lost."""
        row = await self._users.find(external_id)
        if row is None and refused.field == self._wire.dialect.user.login:
            raise Transient(f"{self.name} has a customer {external_id!r}, but does not show it yet")
        if row is None:
            raise refused
        if self._users.owner(row) is None or self._users.owner(row) != Owner.of(spec.note):
            raise Taken(f"{self.name} already has a customer {external_id!r} that is not ours", refused.field)
        return self._wire.login(row)

    def _about_packages(self, text: str) -> str:
        return f"the packages cannot be given on platform {self.name!r}: {text}; correct the catalog"


def _unaddressable(addons: Iterable[str], number: str) -> str:
    names = ", ".join(repr(name) for name in addons)
    return (
        f"the add-on packages {names} need a device, or an account number of less than 12 characters without a comma,"
        f" which {number!r} is not"
    )


def _only_changes(before: SubscriberSpec, after: SubscriberSpec, *, is_on: bool) -> SubscriberSpec:
    """The wish without what it leaves as it was observed: what others made of that since (`is_on`) stays."""
    same = {name: None for name in SPEC_FIELDS if getattr(after, name) == getattr(before, name) and name != "enabled"}
    return replace(after, enabled=is_on if after.enabled == before.enabled else after.enabled, **same)


def _is_to_lose(before: Secret | None, after: Secret | None) -> bool:
    return before is not None and bool(before.fingerprint) and after is not None and not after.fingerprint


def _as_held(contact: Contact) -> Contact:
    """What there is a field for: the whole name, in one, and the phone."""
    full_name = " ".join(f"{contact.first_name} {contact.last_name}".split())
    return Contact(first_name=full_name, phone=contact.phone.strip())


def _distinct(values: tuple[str, ...] | None) -> tuple[str, ...] | None:
    return None if values is None else tuple(sorted(set(values) - {""}))
