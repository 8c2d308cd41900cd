"""Users of the platform, each by its login: found, written, and read back.

Rules of this module:

1. The answer about a login is believed only if it shows this login, whatever its case. The platform's database takes
   some different texts for the same.
2. What was written has to read back. What does not is `Rejected`, with the names of the fields. A user who fell to the
   default plan is turned off first: nobody is to watch what he did not order.
"""

from desired_state.desired import mask_device
from desired_state.subscriber import Observation, Owner
from platforms.devices import plain_device
from platforms.driver import PlatformError, Rejected, Taken, Transient
from platforms.ministra.addressing import is_addressable
from platforms.ministra.client import Client
from platforms.ministra.wire import Form, JsonObject, Wire


class Users:
    """Reads and writes users."""

    def __init__(self, client: Client, wire: Wire) -> None:
        self._client = client
        self._wire = wire

    async def find(self, login: str) -> JsonObject | None:
        """The user of that login; `None` if the platform says that there is none. `Rejected` if it cannot be asked."""
        self.require_addressable(login)
        row = await self._client.user(login)
        if row is not None and self._wire.login(row).lower() != login.lower():
            raise Rejected(
                f"{self._wire.platform} takes the login {login!r} for that of another customer",
                self._wire.dialect.user.login,
            )
        return row

    async def same(self, observed: Observation) -> JsonObject:
        """The user that was observed, as it is now; `Transient` if there is none of that login and owner any more."""
        row = await self.find(observed.external_id)
        if row is None or self.owner(row) != observed.owner:
            raise self._gone()
        return row

    async def put(self, login: str, form: Form) -> JsonObject:
        """Change fields of a user, and return it as it reads back."""
        await self._client.change(login, form)
        return await self.read_back(form.get(self._wire.dialect.user.login, login), form)

    async def read_back(self, login: str, form: Form) -> JsonObject:
        """The user after a write of this form; `Rejected` if a field did not stay."""
        names = self._wire.dialect.user
        row = await self.find(login)
        if row is None:
            raise self._gone()
        unkept = self._wire.unkept(form, row)
        if names.tariff_plan in unkept:
            await self.turn_off(row)
            raise Rejected(
                f"{self._wire.platform} does not know the tariff plan {form[names.tariff_plan]!r} and gave"
                f" {self._wire.plan(row)!r} instead; the service is off until the plan is there",
                names.tariff_plan,
            )
        if unkept:
            raise Rejected(f"{self._wire.platform} did not keep {', '.join(unkept)} as it was sent", unkept[0])
        return row

    async def turn_off(self, row: JsonObject) -> bool:
        """Take the service from a user, as it was just read, and nothing else; says whether it had any."""
        is_on = self._wire.is_on(row)
        if is_on:
            off = {self._wire.dialect.user.status: self._wire.dialect.status.off}
            await self._client.change(self._wire.login(row), off)
        return is_on

    async def require_free(self, login: str, mac: str) -> None:
        """Raise `Taken` if somebody else has the MAC: a change of a user is not tested for it by the platform."""
        owners = [self._wire.login(row) for row in await self._client.owners(mac)]
        if any(owner.lower() != login.lower() for owner in owners):
            device = mask_device(plain_device(mac))
            raise Taken(
                f"another customer of {self._wire.platform} has the device {device}", self._wire.dialect.user.mac
            )

    def require_addressable(self, login: str) -> None:
        """Raise `Rejected` for a login that no path can name."""
        if not is_addressable(login):
            raise Rejected(f"{self._wire.platform} cannot address a customer {login!r}", self._wire.dialect.user.login)

    def owner(self, row: JsonObject) -> Owner | None:
        """Whom the user's comment names."""
        return Owner.of(self._wire.comment(row))

    def _gone(self) -> PlatformError:
        return Transient(f"{self._wire.platform} has no such customer any more")
