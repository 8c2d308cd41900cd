"""Names, owners and wishes to try a platform with: drawn so that nobody else has them, and fitted to what it can hold.

Rules of this module:

1. Everything is drawn anew for each run. Devices are MACs of the locally administered range, which no maker gives to a
   box; owners are accounts with numbers that no billing reaches.
2. A wish asks for all that the capabilities allow, and for nothing that they rule out.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from desired_state.account import Contact, Secret
from desired_state.catalog import Offer, Package
from desired_state.subscriber import Owner, SubscriberSpec
from platforms.capabilities import Capabilities
from platforms.simulation import Draw

_BEYOND_BILLING = 10**15
_FORMS = ("conformance-{}-{}", "conformance_{}_{}", "conformance{}{}", "c{}{}", "{}{}")
_ADDRESS = {"country": "Nowhere", "state": "None", "city": "Testing", "address": "1 Example Street", "zip": "00000"}


@dataclass(frozen=True, slots=True)
class Samples:
    """Draws for one platform. `selection` is what its offer has to choose from."""

    able: Capabilities
    draw: Draw
    selection: "Selection"

    def owner(self, i_env: int) -> Owner:
        """An account that no billing has."""
        return Owner(i_env, _BEYOND_BILLING + int(self.draw() * _BEYOND_BILLING))

    def device(self) -> str:
        """A MAC, spelt in pairs."""
        digits = f"02{self._hex(10)}"
        return ":".join(digits[place : place + 2] for place in range(0, 12, 2)).upper()

    def login(self) -> str:
        """A login that is as long as it may be, up to 13 characters."""
        return f"c{self._hex(12)}"[: self.able.login_length]

    def password(self) -> Secret:
        """A password."""
        return Secret(self._hex(12), self._hex(12))

    def wish(self, owner: Owner, *, enabled: bool = True, packages: tuple[str, ...] | None = None) -> SubscriberSpec:
        """All that the platform can hold for this owner, not normalized; all its packages where none are given."""
        able = self.able
        has_login = able.auths != {"device"}
        most = 2 if able.max_devices is None else min(2, able.max_devices)
        return SubscriberSpec(
            enabled=enabled,
            packages=self.selection.full if packages is None else packages,
            auth=next((auth for auth in ("all", "device", "login") if auth in able.auths), None),
            device_ids=tuple(self.device() for _ in range(most)) if able.auths != {"login"} else None,
            login=self.login() if has_login and not able.login_is_name else None,
            password=self.password() if has_login and able.has_password else None,
            pin=Secret(self._hex(12), f"{int(self.draw() * 10000):04}") if able.has_pin else None,
            max_connections=1 + int(self.draw() * 3) if able.has_connection_limit else None,
            contact=self._contact(),
            note=owner.note,
            account_number=f"c{self._hex(8)}",
        )

    def _contact(self) -> Contact:
        drawn = self._hex(6)
        names = {"first_name": f"Conformance{drawn}", "last_name": "Check"}
        phone = f"555{int(drawn, 16) % 10**7:07}"
        return Contact(**names, email=f"conformance-{drawn}@example.net", phone=phone, **_ADDRESS)

    def _hex(self, digits: int) -> str:
        return f"{int(self.draw() * 16**digits):0{digits}x}"


@dataclass(frozen=True, slots=True)
class Selection:
    """Two sets of packages that a record may have: `full`, and `less` where the offer has room for a difference."""

    full: tuple[str, ...]
    less: tuple[str, ...]

    @staticmethod
    def of(offer: Offer) -> "Selection":
        """Out of an offer: a plan with its optional add-ons, where there are plans; else up to two packages."""
        known = [each for each in offer.packages if offer.resolve(each.id) == each.id]
        plans = sorted((each for each in known if each.role == "plan"), key=lambda plan: -len(plan.optional))
        if plans:
            return _of_plans(plans, {each.id for each in known if each.role == "addon"})
        ids = list(dict.fromkeys(each.id for each in known if each.role == "package"))[:2]
        return Selection(tuple(sorted(ids)), tuple(ids[:-1]))


def _of_plans(plans: Sequence[Package], addons: set[str]) -> Selection:
    full = {plans[0].id, *(addon for addon in plans[0].optional if addon in addons)}
    less = plans[0] if len(full) > 1 else plans[-1]
    return Selection(tuple(sorted(full)), (less.id,))


def names(token: float, number: int) -> Iterator[str]:
    """Names for the record of that number, the usual one first, those for platforms that take few characters last.

    `token` is drawn once for a run, so that its records can be told to belong together.
    """
    for form in _FORMS:
        for digits in (f"{int(token * 16**12):012x}", f"{int(token * 10**12):012}", f"{int(token * 16**6):06x}"):
            yield form.format(digits, number)
