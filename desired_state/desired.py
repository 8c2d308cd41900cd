"""What one platform should hold for an account: the decision, in the terms of that platform's settings.

Rules of this module:

1. One `Desired` per subscriber key. It says what should be, never how to get there.
2. What stands in the way of a record (no device id, a package the platform does not offer) is a `Problem` with a
   sentence for the person who has to mend it. It holds this subscriber, and nobody else.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from typing import Literal

from desired_state.absence import Grace, because
from desired_state.account import Account, AccountDetails, Credentials
from desired_state.catalog import Offer, Service
from desired_state.entitlement import Decision, Presence
from desired_state.subscriber import Owner, SubscriberKey, SubscriberSpec


class Auth(StrEnum):
    """How viewers are recognised on a platform: by device, by login and password, or by either."""

    DEVICE = "device"
    LOGIN = "login"
    ALL = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformRules:
    """What the operator decided for one platform instance.

    `customer_id` is the pattern of the name a record bears; it may use `{id}`, `{i_env}` and `{i_account}`. `degrade`
    names what the platform may be left without where it cannot hold it, sorted. What follows from the kind of platform:
    `lower_case`, names are written so; `login_is_name`, viewers log in by the name of their record.
    """

    name: str
    customer_id: str = "{id}_{i_env}"
    auth: Auth = Auth.DEVICE
    default_max_connections: int = 0
    on_no_service: Literal["suspend", "delete"] = "suspend"
    create_suspended: bool = False
    delete_enabled: bool = True
    rename: bool = False
    absence_grace: timedelta = timedelta(days=30)
    degrade: tuple[str, ...] = ()
    lower_case: bool = False
    login_is_name: bool = False


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a wish cannot be carried out: a code for machines, a sentence for people."""

    code: Literal["credentials", "package", "capability", "duplicate", "waiting"]
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Desired:
    """What the platform should hold for one account. `spec` is `None` where nothing of the record is wished.

    `external_id` is the name its record is looked for and made by. A terminated account bears that of its life no
    longer: it left its id to others (PortaBilling contract, section 2.1). `full_name` is then the one it has now, or
    that of an absent account, whose id billing may have given to another. `because` is the reason as a sentence, where
    a word does not tell all of it.
    `moved_to` are the platforms where the account, active, has its service, where it has none on this one.
    """

    key: SubscriberKey
    presence: Presence
    external_id: str
    spec: SubscriberSpec | None
    owner: Owner
    reason: str
    may_create: bool = True
    may_rename: bool = False
    problems: tuple[Problem, ...] = ()
    full_name: str = ""
    moved_to: tuple[str, ...] = ()
    because: str = ""

    @property
    def bears(self) -> str:
        """The name that is the account's own now, whatever its record is called."""
        return self.full_name or self.external_id


NO_GRACE = Grace()


def desired(
    account: Account, decision: Decision, rules: PlatformRules, offer: Offer, left: Grace = NO_GRACE
) -> Desired:
    """Translate a decision into what this platform should hold; `left` is the grace of its record, if it has one."""
    presence, reason, service = _on_this_platform(decision, rules, left)
    wish = Desired(
        key=SubscriberKey(rules.name, account.i_account),
        presence=presence,
        external_id=external_id(account, rules),
        spec=None,
        owner=Owner(account.i_env, account.i_account),
        reason=reason,
        may_create=presence is Presence.ACTIVE or rules.create_suspended,
        may_rename=rules.rename and not account.is_terminated,
        full_name=_full_name(account, decision, rules),
        moved_to=_elsewhere(decision) if service is None else (),
        because=_because(decision, rules, left),
    )
    if presence is Presence.DORMANT:
        return replace(wish, spec=_off(wish))
    if presence not in (Presence.ACTIVE, Presence.SUSPENDED):
        return wish
    if service is None or account.details is None:
        return replace(wish, spec=_off(wish), may_create=False)
    spec, unknown = _spec(account.details, service, rules, offer)
    spec = replace(spec, enabled=presence is Presence.ACTIVE, note=wish.owner.note, account_number=account.id)
    return replace(wish, spec=spec, problems=(*unknown, *_missing_credentials(account, spec, rules)))


def _off(wish: Desired) -> SubscriberSpec:
    """No service; the record stays marked as ours, so that a lost store does not lose it."""
    return SubscriberSpec(enabled=False, note=wish.owner.note)


def external_id(account: Account, rules: PlatformRules) -> str:
    """The name of the account's record on the platform, e.g. `123000_3` (Telebreeze contract, Known)."""
    return _name(account.base_id, account, rules)


def _name(account_id: str, account: Account, rules: PlatformRules) -> str:
    name = rules.customer_id.format(id=account_id, i_env=account.i_env, i_account=account.i_account)
    return name.lower() if rules.lower_case else name


def mask_device(device: str) -> str:
    """A device id that can be recognised but not used: its middle is hidden."""
    return f"{device[:4]}…{device[-2:]}" if len(device) > 6 else "…"


def _elsewhere(decision: Decision) -> tuple[str, ...]:
    if decision.presence is not Presence.ACTIVE:
        return ()
    return tuple(service.platform for service in decision.services or ())


def _full_name(account: Account, decision: Decision, rules: PlatformRules) -> str:
    if account.is_terminated:
        return _name(account.id, account, rules)
    return f"absent-{account.i_account}_{account.i_env}" if decision.absence is not None else ""


def _because(decision: Decision, rules: PlatformRules, left: Grace) -> str:
    if decision.absence is None:
        return ""
    return because(decision.absence, left, rules.absence_grace, deletes=rules.delete_enabled)


def _on_this_platform(decision: Decision, rules: PlatformRules, left: Grace) -> tuple[Presence, str, Service | None]:
    presence, reason = decision.presence, decision.reason
    if decision.absence is not None and not left.is_over:
        return Presence.DORMANT, reason, None
    service = next((each for each in decision.services or () if each.platform == rules.name), None)
    if presence in (Presence.ACTIVE, Presence.SUSPENDED) and service is None and decision.services is not None:
        presence, reason = Presence.DORMANT, "no_service_here"
    if presence is Presence.DORMANT and rules.on_no_service == "delete":
        presence = Presence.ABSENT
    if presence is Presence.ABSENT and not rules.delete_enabled:
        presence = Presence.DORMANT
    return presence, reason, service


def _spec(
    details: AccountDetails, service: Service, rules: PlatformRules, offer: Offer
) -> tuple[SubscriberSpec, tuple[Problem, ...]]:
    resolved = {name: offer.resolve(name) for name in service.packages}
    unknown = tuple(_not_offered(name, rules, offer) for name, package in resolved.items() if package is None)
    known = tuple(sorted({package for package in resolved.values() if package is not None}))
    limit = service.max_connections
    credentials = details.credentials
    by_login = rules.auth is Auth.LOGIN or (rules.auth is Auth.ALL and _has_login(credentials, rules))
    is_cleared = rules.auth is Auth.ALL and credentials.login == ""
    by_device = rules.auth in (Auth.DEVICE, Auth.ALL)
    has_login = (by_login or is_cleared) and not rules.login_is_name
    spec = SubscriberSpec(
        enabled=True,
        packages=None if unknown else known,
        auth=rules.auth.value,
        device_ids=credentials.device_ids if by_device else None,
        login=credentials.login if has_login else None,
        password=credentials.password if by_login else None,
        pin=credentials.pin,
        max_connections=rules.default_max_connections if limit is None else limit,
        contact=details.contact,
    )
    return spec, unknown


def _has_login(credentials: Credentials, rules: PlatformRules) -> bool:
    """A login without a password would let anybody in."""
    has_name = rules.login_is_name or bool(credentials.login)
    return has_name and credentials.password is not None and bool(credentials.password.fingerprint)


def _not_offered(name: str, rules: PlatformRules, offer: Offer) -> Problem:
    offered = ", ".join(sorted(package.external_id or package.title or package.id for package in offer.packages))
    return Problem(
        "package",
        f"the catalog gives package {name!r}, which platform {rules.name!r} does not offer, or offers more than once"
        f" (it offers: {offered or 'nothing that could be read yet'}); correct the catalog or create the package",
    )


def _missing_credentials(account: Account, spec: SubscriberSpec, rules: PlatformRules) -> Iterator[Problem]:
    """What a record needs before anybody can watch with it; `all` is content with either way."""
    has_device = bool(spec.device_ids)
    has_login = _has_login(Credentials(login=spec.login, password=spec.password), rules)
    login = "a password" if rules.login_is_name else "a login and a password"
    wanted = {
        Auth.DEVICE: (has_device, "a device id"),
        Auth.LOGIN: (has_login, login),
        Auth.ALL: (has_device or has_login, f"a device id, or {login}"),
    }
    enough, needed = wanted[rules.auth]
    if not enough:
        yield Problem(
            "credentials",
            f"account {account.id!r} has no usable credentials: platform {rules.name!r} needs {needed};"
            " fill in the custom fields that the configuration names under billing.custom_fields",
        )
