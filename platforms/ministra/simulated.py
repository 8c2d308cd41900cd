"""What the simulated portal holds and enforces, and what it does not, without HTTP.

Rules of this module:

1. Names are the contract's, spelt out here: the driver's dialect is not used, so that a mistake in it shows.
2. It is as careless as the real one: duplicates of account numbers, any text for a MAC, any name for a plan. Add-ons
   are rows beside the user, which outlive a change of the plan and the user itself.
3. What reaches a viewer's box is kept with the user: `events` are those queued to it, `reboots` the restarts.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from platforms.transport import Clock

TEXTS = ("full_name", "phone", "account_number", "stb_mac", "comment", "end_date", "account_balance")
WRITABLE = ("login", "password", "tariff_plan", "status", *TEXTS)


class Refused(Exception):
    """A call the portal turns down; the text is its own."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A tariff plan: packages that are always on, and those that can be added."""

    mandatory: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()


@dataclass(slots=True)
class User:
    """One row of the table of users. `plan` is empty for the default one; `binding` is the box that logged in last.

    `switched_at`: since when it is on, or is not.
    """

    login: str
    plan: str = ""
    is_on: bool = True
    password: str = ""
    texts: dict[str, str] = field(default_factory=dict)
    binding: str = ""
    events: list[str] = field(default_factory=list)
    switched_at: str = ""

    @property
    def reboots(self) -> int:
        """How often the box was told to restart."""
        return self.events.count("reboot")

    @property
    def mac(self) -> str:
        """The MAC as it is stored."""
        return self.texts.get("stb_mac", "")


class Portal:
    """All users, plans and add-on rows. `users` is the truth, passwords included; `rows` are add-ons by login."""

    def __init__(self, clock: Clock, plans: Mapping[str, Plan], default_plan: str) -> None:
        self.plans = plans
        self.default_plan = default_plan
        self._clock = clock
        self.users: list[User] = []
        self.rows: dict[str, set[str]] = {}

    def by_login(self, logins: Collection[str] | None) -> list[User]:
        """The users of these logins, whatever their case; everybody for `None`."""
        wanted = None if logins is None else {login.lower() for login in logins}
        return [user for user in self.users if wanted is None or user.login.lower() in wanted]

    def by_number(self, numbers: Collection[str] | None) -> list[User]:
        """The users of these account numbers, however many share one; everybody for `None`."""
        wanted = None if numbers is None else {number.lower() for number in numbers}
        return [user for user in self.users if wanted is None or self.number(user).lower() in wanted]

    def by_mac(self, macs: Collection[str] | None) -> list[User]:
        """The users whose stored MAC is one of these in the usual spelling; everybody for `None`."""
        wanted = None if macs is None else {usual_mac(mac) for mac in macs} - {""}
        return [user for user in self.users if wanted is None or user.mac.upper() in wanted]

    def number(self, user: User) -> str:
        """The account number of a user."""
        return user.texts.get("account_number", "")

    def create(self, fields: Mapping[str, str]) -> None:
        """Make a user, as strictly as a POST is checked; raises `Refused`."""
        fields = _known(fields)
        mac = fields.get("stb_mac", "")
        if mac and not usual_mac(mac):
            raise Refused("Not valid mac address")
        if not fields.get("login"):
            raise Refused("Login required")
        if self.by_login([fields["login"]]):
            raise Refused("Login already in use")
        if mac and self.by_mac([mac]):
            raise Refused("MAC address already in use")
        user = User(fields["login"], switched_at=self._now())
        self.users.append(user)
        self._write(user, {**fields, "stb_mac": usual_mac(mac)})
        user.events.clear()  # no box is there yet

    def change(self, users: Collection[User], fields: Mapping[str, str]) -> None:
        """Change users, as little as a PUT is checked; raises `Refused`."""
        fields = _known(fields)
        for holder in self.by_login([fields["login"]]) if fields.get("login") else ():
            if [holder] != list(users):
                raise Refused("Login already in use")
        for user in users:
            self._write(user, fields)

    def delete(self, users: Iterable[User]) -> None:
        """Remove users; their add-on rows stay."""
        for user in tuple(users):
            self.users.remove(user)

    def plan_of(self, user: User) -> str:
        """The plan that a user has, and reads as having."""
        return user.plan if user.plan in self.plans else self.default_plan

    def optional_of(self, user: User) -> tuple[str, ...]:
        """What can be added to the user's plan."""
        plan = self.plans.get(self.plan_of(user), Plan())
        return tuple(name for name in plan.optional if name not in plan.mandatory)

    def subscribed(self, user: User) -> list[str]:
        """The add-ons that are on: rows of other plans' packages are there, and do not show."""
        rows = self.rows.get(user.login.lower(), set())
        return [name for name in self.optional_of(user) if name in rows]

    def subscribe(self, user: User, add: Collection[str], remove: Collection[str]) -> bool:
        """Switch add-ons on and off; whether anything changed, and then the box restarts."""
        before, optional = self.subscribed(user), self.optional_of(user)
        rows = self.rows.setdefault(user.login.lower(), set())
        rows |= {name for name in add if name in optional}
        rows -= {name for name in remove if name in optional}
        changed = self.subscribed(user) != before
        if changed:
            user.events.append("reboot")
        return changed

    def _write(self, user: User, fields: Mapping[str, str]) -> None:
        if "status" in fields:
            self._switch(user, fields["status"] not in ("", "0"))
        if fields.get("login"):
            if user.login.lower() in self.rows:
                self.rows[fields["login"].lower()] = self.rows.pop(user.login.lower())
            user.login = fields["login"]
        if fields.get("tariff_plan"):
            user.plan = fields["tariff_plan"] if fields["tariff_plan"] in self.plans else ""
        user.password = fields.get("password") or user.password
        if fields.get("stb_mac", user.mac) != user.mac:
            user.binding = ""
        user.texts |= {name: fields[name] for name in TEXTS if name in fields}

    def _switch(self, user: User, is_on: bool) -> None:
        if user.is_on != is_on:
            user.events.append("cut_on" if is_on else "cut_off")
            user.switched_at = self._now()
        user.is_on = is_on

    def _now(self) -> str:
        return self._clock.now().isoformat().replace("+00:00", "Z")


def usual_mac(text: str) -> str:
    """The portal's spelling of a MAC; empty for what is none."""
    digits = re.sub(r"[:\-.]", "", text).upper()
    return ":".join(re.findall("..", digits)) if re.fullmatch("[0-9A-F]{12}", digits) else ""


def _known(fields: Mapping[str, str]) -> Mapping[str, str]:
    if not fields:
        raise Refused("HTTP POST data is empty")
    known = {name: value for name, value in fields.items() if name in WRITABLE}
    if not known:
        raise Refused("Insert data is empty")
    return known
