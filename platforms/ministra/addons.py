"""The add-on packages of one user: written by another address than the rest, and only when they differ.

Rules of this module:

1. An address may find several users (a MAC can be stored twice, an account number too), and a write hits them all. So
   it is read first: nothing is written unless it finds exactly the user meant.
2. All changes of a user go in one call, since every call restarts the box. That the call answers "nothing changed" is
   no error; what is on afterwards is read.
"""

from desired_state.desired import mask_device
from platforms.devices import is_mac, plain_device
from platforms.driver import Rejected, Transient
from platforms.ministra.client import Client
from platforms.ministra.wire import JsonObject, Wire


class Addons:
    """Reads and changes add-ons."""

    def __init__(self, client: Client, wire: Wire) -> None:
        self._client = client
        self._wire = wire

    async def bring(self, row: JsonObject, wanted: frozenset[str]) -> None:
        """Let a user, as it was just read, have these add-ons; calls nobody if it has them.

        Raises `Rejected` where the platform cannot be told, or does not turn them on.
        """
        held = self._wire.addons(row)
        if held == wanted:
            return
        address = await self._address(row)
        await self._client.change_addons(address, wanted - held, held - wanted)
        (element, *_) = await self._client.addons(address) or [{}]
        wrong = sorted(self._wire.shown_addons(element) ^ wanted)
        if wrong:
            names = ", ".join(repr(name) for name in wrong)
            raise Rejected(
                f"{self._wire.platform} did not turn {names} on or off as it was told; is it optional in the plan?",
                self._wire.dialect.user.subscribed,
            )

    async def clear(self, row: JsonObject) -> None:
        """Remove the add-ons of a user that is to be deleted; otherwise the next of that login inherits them.

        Where they cannot be addressed they stay: it matters more that the user goes, and who makes one of that login
        anew looks what it inherited.
        """
        if not self._wire.addons(row):
            return
        try:
            address = await self._address(row)
        except Rejected:
            return
        await self._client.clear_addons(address)

    async def _address(self, row: JsonObject) -> str:
        """What finds exactly this user."""
        platform, address = self._wire.platform, self._wire.addon_address(row)
        if address is None:
            raise Rejected(
                f"{platform} finds the add-on packages of {self._wire.login(row)!r} neither by a MAC address nor by an"
                " account number of less than 12 characters; give the account a device",
                self._wire.dialect.user.subscribed,
            )
        elements = await self._client.addons(address)
        shown = mask_device(plain_device(address)) if is_mac(address) else repr(address)
        if len(elements) > 1:
            raise Rejected(
                f"{len(elements)} customers of {platform} share {shown}, by which it finds add-on"
                " packages; give each a device, or an account number, of its own",
                self._wire.dialect.user.subscribed,
            )
        if not elements or not self._wire.is_of(elements[0], row):
            raise Transient(f"{platform} shows other add-on packages under {shown} than those of the customer")
        return address
