"""Every path, field name, value and error text of Ministra's REST API v1 that the driver uses (Ministra contract).

The defaults are those of releases 4.8 to 5.1. An operator overrides what their release names otherwise, under `dialect`
in the configuration, in this same nesting.
"""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Path = Annotated[str, Field(pattern=r"^/")]
PathOfOne = Annotated[str, Field(pattern=r"^/.*\{id\}")]
Name = Annotated[str, Field(min_length=1)]


class _Topic(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Paths(_Topic):
    """Where the endpoints are, below the platform's url. `{id}` is what the endpoint finds its users by.

    `users` makes one, `user` reads and changes the one of a login. `accounts` lists them all: without an id, `users`
    shows no more than the first. `owners` are all that have a MAC.
    """

    users: Path = "/stalker_portal/api/users"
    user: PathOfOne = "/stalker_portal/api/users/{id}"
    accounts: Path = "/stalker_portal/api/accounts"
    owners: PathOfOne = "/stalker_portal/api/accounts/{id}"
    subscription: PathOfOne = "/stalker_portal/api/account_subscription/{id}"
    tariffs: Path = "/stalker_portal/api/tariffs"
    services: Path = "/stalker_portal/api/services_package"


class AnswerFields(_Topic):
    """What is around every answer, and the two values of its status."""

    status: Name = "status"
    results: Name = "results"
    error: Name = "error"
    ok: Name = "OK"
    failed: Name = "ERROR"


class UserFields(_Topic):
    """A user's fields. `subscribed` are the optional packages that are on; the password is never shown."""

    login: Name = "login"
    password: Name = "password"  # noqa: S105 - a field's name
    full_name: Name = "full_name"
    phone: Name = "phone"
    account_number: Name = "account_number"
    tariff_plan: Name = "tariff_plan"
    status: Name = "status"
    mac: Name = "stb_mac"
    comment: Name = "comment"
    subscribed: Name = "subscribed"


class Statuses(_Topic):
    """Values of a user's status."""

    on: Name = "1"
    off: Name = "0"


class SubscriptionFields(_Topic):
    """How add-on packages are shown and changed."""

    mac: Name = "mac"
    subscribed: Name = "subscribed"
    add: Name = "subscribed[]"
    remove: Name = "unsubscribed[]"


class PlanFields(_Topic):
    """A tariff plan's fields and those of a package, within a plan or by itself."""

    external_id: Name = "external_id"
    name: Name = "name"
    packages: Name = "packages"
    optional: Name = "optional"


class Errors(_Topic):
    """What errors say, wherever in their text and in whatever case. `refused`: any other that is about the wish."""

    disabled: Name = "API not enabled"
    no_account: Name = "Account not found"
    login_taken: Name = "Login already in use"
    mac_taken: Name = "MAC address already in use"
    mac_invalid: Name = "Not valid mac address"
    refused: tuple[Name, ...] = ("Login required", "data is empty", "identifier")


class Dialect(_Topic):
    """The whole table."""

    paths: Paths = Paths()
    answer: AnswerFields = AnswerFields()
    user: UserFields = UserFields()
    status: Statuses = Statuses()
    subscription: SubscriptionFields = SubscriptionFields()
    plan: PlanFields = PlanFields()
    error: Errors = Errors()
