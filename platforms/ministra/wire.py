"""A user's row <-> `SubscriberSpec` and `Observation`. Pure.

Rules of this module:

1. Reading is tolerant of what does not matter (missing or null texts are empty, numbers may be texts, unknown keys are
   ignored) and strict in what does: a user without a status is never believed, it is `Transient`.
2. A user without a login is a box that registered itself: nobody's, and shown under its MAC, so that the list stays
   whole. A status other than the dialect's "on" is off.
3. Writing speaks the platform's words: a form holds texts, and of a change only those that differ from the row. A
   password is in it only if it has a value, because an empty one would be ignored.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from desired_state.account import Contact, Secret
from desired_state.catalog import Package
from desired_state.desired import mask_device
from desired_state.subscriber import Observation, SubscriberSpec
from platforms.devices import is_mac, plain_device
from platforms.driver import PlatformError, Rejected, Taken, Transient
from platforms.ministra.addressing import addon_address, spelt
from platforms.ministra.dialect import Dialect

JsonObject = Mapping[str, object]
Form = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Wire:
    """The translation in one dialect; `platform` names the instance in sentences."""

    platform: str
    dialect: Dialect

    def observation(self, row: JsonObject, read_at: datetime) -> Observation:
        """What a user's row shows; `read_at` is when reading it began."""
        login = self.login(row)
        return Observation(login.lower(), login or self.mac(row), self._spec(row), read_at)

    def login(self, row: JsonObject) -> str:
        """The login as the platform shows it."""
        return _text(row.get(self.dialect.user.login))

    def mac(self, row: JsonObject) -> str:
        """The MAC as it is stored, whatever its spelling."""
        return _text(row.get(self.dialect.user.mac))

    def plan(self, row: JsonObject) -> str:
        """The tariff plan the user has."""
        return _text(row.get(self.dialect.user.tariff_plan))

    def addons(self, row: JsonObject) -> frozenset[str]:
        """The optional packages that are on."""
        return _texts(row.get(self.dialect.user.subscribed))

    def comment(self, row: JsonObject) -> str:
        """The free text, where the mark of ownership is."""
        return _text(row.get(self.dialect.user.comment))

    def account_number(self, row: JsonObject) -> str:
        """The account number, which several users may share."""
        return _text(row.get(self.dialect.user.account_number))

    def shown_addons(self, element: JsonObject) -> frozenset[str]:
        """The add-ons in an element of the answer about add-ons."""
        return _texts(element.get(self.dialect.subscription.subscribed))

    def is_of(self, element: JsonObject, row: JsonObject) -> bool:
        """Whether an element of the answer about add-ons can be this user's: it shows no login."""
        same_mac = _text(element.get(self.dialect.subscription.mac)) == self.mac(row)
        return same_mac and self.shown_addons(element) == self.addons(row)

    def packages(self, row: JsonObject) -> tuple[str, ...]:
        """The plan and the add-ons, as a spec holds them."""
        return tuple(sorted({self.plan(row), *self.addons(row)} - {""}))

    def addon_address(self, row: JsonObject) -> str | None:
        """What the user's add-ons are found by; `None` if by nothing."""
        return addon_address(self.mac(row), self.account_number(row))

    def address_of(self, spec: SubscriberSpec) -> str | None:
        """What the add-ons of such a user would be found by."""
        macs = [spelt(device) for device in spec.device_ids or () if is_mac(device)]
        return addon_address(macs[0] if macs else "", spec.account_number or "")

    def is_on(self, row: JsonObject) -> bool:
        """Whether the service is on."""
        status = _text(row.get(self.dialect.user.status))
        if not status:
            raise Transient(
                f"platform {self.platform!r} answered a user without {self.dialect.user.status!r}; if its API names"
                " that field otherwise, set it under dialect in the configuration"
            )
        return status == self.dialect.status.on

    def creation(self, login: str, spec: SubscriberSpec, plan: str) -> Form:
        """The form that makes the user, add-ons apart."""
        names = self.dialect.user
        return {names.login: login, names.tariff_plan: plan, **self.managed(spec), **self.password(spec.password, None)}

    def change(self, row: JsonObject, spec: SubscriberSpec) -> Form:
        """What of the spec differs from the row, packages and password apart."""
        return {name: value for name, value in self.managed(spec).items() if _text(row.get(name)) != value}

    def in_order(self, row: JsonObject, form: Form) -> tuple[Form, Form]:
        """What of a change goes before the add-ons, and what after them: what turns the service on.

        So does letting go of the device where the add-ons are found by nothing else.
        """
        names = self.dialect.user
        number = form.get(names.account_number, self.account_number(row))
        late = {names.status} if form.get(names.status) == self.dialect.status.on else set()
        if form.get(names.mac) == "" and addon_address("", number) is None and self.addon_address(row) is not None:
            late.add(names.mac)
        first = {name: value for name, value in form.items() if name not in late}
        return first, {name: form[name] for name in form if name in late}

    def managed(self, spec: SubscriberSpec) -> Form:
        """Every field of the spec that has a value and can be read back, packages apart.

        Raises `Rejected` for what is not one MAC: the platform would store it.
        """
        names, contact = self.dialect.user, spec.contact
        form = {
            names.status: self.dialect.status.on if spec.enabled else self.dialect.status.off,
            names.full_name: None if contact is None else contact.first_name,
            names.phone: None if contact is None else contact.phone,
            names.account_number: spec.account_number,
            names.mac: None if spec.device_ids is None else self._mac_of(spec.device_ids),
            names.comment: spec.note,
        }
        return {name: value for name, value in form.items() if value is not None}

    def password(self, after: Secret | None, before: Secret | None) -> Form:
        """The password, if it is another one and at hand."""
        is_other = after is not None and after != before and after.fingerprint
        return {self.dialect.user.password: after.value} if after is not None and is_other and after.value else {}

    def unkept(self, form: Form, row: JsonObject) -> tuple[str, ...]:
        """The fields that do not read back as they were sent."""
        names = self.dialect.user
        sent = {name: value for name, value in form.items() if name != names.password}
        shown = {name: _text(row.get(name)) for name in sent}
        if names.login in sent:
            sent[names.login], shown[names.login] = sent[names.login].lower(), shown[names.login].lower()
        return tuple(name for name in sent if sent[name] != shown[name])

    def offer(self, tariffs: Iterable[JsonObject], services: Iterable[JsonObject]) -> tuple[Package, ...]:
        """What is on offer; what has no external id cannot be given to anybody, and is left out."""
        names = self.dialect.plan
        plans = [self._package(each, "plan", self._optional(each.get(names.packages))) for each in tariffs]
        found = (*plans, *(self._package(each, "addon") for each in services))
        return tuple(package for package in found if package.id)

    def within(self, tariffs: Iterable[JsonObject]) -> list[JsonObject]:
        """The packages that plans hold, optional or not."""
        return [each for plan in tariffs for each in _objects(plan.get(self.dialect.plan.packages))]

    def refusal(self, error: str, operation: str, form: Mapping[str, str | list[str]]) -> PlatformError:
        """What an error means that a write was answered with.

        The platform's text may quote personal data and is left out; so are our values, but for logins and devices.
        """
        names, known = self.dialect.user, self.dialect.error
        said = f"{self.platform} refused {operation}"
        if says(error, known.no_account):
            return Transient(f"{self.platform} has no such customer any more ({operation})")
        if says(error, known.login_taken):
            return Taken(f"{said}: another customer has the login {form.get(names.login)!r}", names.login)
        device = mask_device(plain_device(str(form.get(names.mac, ""))))
        if says(error, known.mac_taken):
            return Taken(f"{said}: another customer has the device {device}", names.mac)
        if says(error, known.mac_invalid):
            return Rejected(f"{said}: it does not take {device} for a MAC address", names.mac)
        if any(says(error, text) for text in known.refused):
            return Rejected(f"{said}: something is missing in the call; check the dialect in the configuration")
        return Transient(f"{self.platform} answered {operation} with an error that is not documented")

    def _spec(self, row: JsonObject) -> SubscriberSpec:
        names, mac = self.dialect.user, self.mac(row)
        return SubscriberSpec(
            enabled=self.is_on(row),
            packages=self.packages(row),
            device_ids=(plain_device(mac),) if mac else (),
            contact=Contact(first_name=_text(row.get(names.full_name)), phone=_text(row.get(names.phone))),
            note=self.comment(row),
            account_number=self.account_number(row),
        )

    def _mac_of(self, devices: tuple[str, ...]) -> str:
        """The only device, spelt as the platform does, which stores whatever it is sent."""
        if len(devices) > 1 or not all(is_mac(device) for device in devices):
            masked = ", ".join(mask_device(device) for device in devices)
            raise Rejected(f"{self.platform} holds one MAC address, and not {masked}", self.dialect.user.mac)
        return spelt(devices[0]) if devices else ""

    def _package(self, row: JsonObject, role: Literal["plan", "addon"], optional: tuple[str, ...] = ()) -> Package:
        external_id = _text(row.get(self.dialect.plan.external_id))
        return Package(external_id, external_id, _text(row.get(self.dialect.plan.name)), role, optional)

    def _optional(self, packages: object) -> tuple[str, ...]:
        names = self.dialect.plan
        optional = [each for each in _objects(packages) if _text(each.get(names.optional)) == "1"]
        return tuple(sorted(_texts([each.get(names.external_id) for each in optional])))


def says(error: str, text: str) -> bool:
    """Whether an error says this, wherever in it and in whatever case."""
    return text.lower() in error.lower()


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else ""


def _texts(value: object) -> frozenset[str]:
    return frozenset(_text(each) for each in (value if isinstance(value, list) else ())) - {""}


def _objects(value: object) -> list[JsonObject]:
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []
