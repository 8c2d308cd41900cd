"""Every path, field name, value and error text of Ministra's REST API v1 that the driver uses (Ministra contract).

The defaults are those of releases 4.8 to 5.1. An operator overrides what their release names otherwise, under `dialect`
in the configuration, in this same nesting.
"""

from platforms.dialect import Path, PathOfOne, Topic, Word


class Paths(Topic):
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


class AnswerFields(Topic):
    """What is around every answer, and the two values of its status."""

    status: Word = "status"
    results: Word = "results"
    error: Word = "error"
    ok: Word = "OK"
    failed: Word = "ERROR"


class UserFields(Topic):
    """A user's fields. `subscribed` are the optional packages that are on; the password is never shown."""

    login: Word = "login"
    password: Word = "password"  # noqa: S105 - a field's name
    full_name: Word = "full_name"
    phone: Word = "phone"
    account_number: Word = "account_number"
    tariff_plan: Word = "tariff_plan"
    status: Word = "status"
    mac: Word = "stb_mac"
    comment: Word = "comment"
    subscribed: Word = "subscribed"


class Statuses(Topic):
    """Values of a user's status."""

    on: Word = "1"
    off: Word = "0"


class SubscriptionFields(Topic):
    """How add-on packages are shown and changed."""

    mac: Word = "mac"
    subscribed: Word = "subscribed"
    add: Word = "subscribed[]"
    remove: Word = "unsubscribed[]"


class PlanFields(Topic):
    """A tariff plan's fields and those of a package, within a plan or by itself."""

    external_id: Word = "external_id"
    name: Word = "name"
    packages: Word = "packages"
    optional: Word = "optional"


class Errors(Topic):
    """What errors say, wherever in their text and in whatever case. `refused`: any other that is about the wish."""

    disabled: Word = "API not enabled"
    no_account: Word = "Account not found"
    login_taken: Word = "Login already in use"
    mac_taken: Word = "MAC address already in use"
    mac_invalid: Word = "Not valid mac address"
    refused: tuple[Word, ...] = ("Login required", "data is empty", "identifier")


class Dialect(Topic):
    """The whole table."""

    paths: Paths = Paths()
    answer: AnswerFields = AnswerFields()
    user: UserFields = UserFields()
    status: Statuses = Statuses()
    subscription: SubscriptionFields = SubscriptionFields()
    plan: PlanFields = PlanFields()
    error: Errors = Errors()
