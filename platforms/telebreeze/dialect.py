"""Every path, field name and enum value of Telebreeze's operator API that the driver uses.

Telebreeze publishes no provisioning API: the defaults are the declared contract (Telebreeze contract, Declared). An
operator overrides what their release names otherwise, under `dialect` in the configuration, in this same nesting.
"""

from typing import Annotated

from pydantic import Field

from platforms.dialect import Path, PathOfOne, Topic, Word


class Paths(Topic):
    """Where the endpoints are, below the platform's url. `{id}` is the customer's id."""

    token: Path = "/api/dashboard/auth/access-token"  # noqa: S105 - a path
    packages: Path = "/api/dashboard/packages"
    customers: Path = "/api/dashboard/customers"
    customer: PathOfOne = "/api/dashboard/customers/{id}"
    transactions: Path = "/api/dashboard/transactions"


class Session(Topic):
    """The log-in: a form with the API key, answered by a token and its life in seconds."""

    api_key: Word = "apiKey"
    access_token: Word = "accessToken"  # noqa: S105 - a field's name
    expires_in: Word = "expiresIn"
    scheme: Word = "Bearer"


class Listing(Topic):
    """How lists are asked for and answered. `page_size` is the largest page the platform gives."""

    limit: Word = "limit"
    offset: Word = "offset"
    rows: Word = "rows"
    count: Word = "count"
    page_size: Annotated[int, Field(ge=2)] = 500


class CustomerFields(Topic):
    """A customer's fields. `external_id` is also the list's filter; `device_id` is the key within a device."""

    id: Word = "id"
    external_id: Word = "externalId"
    status: Word = "status"
    first_name: Word = "firstName"
    last_name: Word = "lastName"
    email: Word = "email"
    phone: Word = "phone"
    country: Word = "country"
    state: Word = "state"
    city: Word = "city"
    address: Word = "address"
    zip: Word = "zip"
    username: Word = "username"
    password: Word = "password"  # noqa: S105 - a field's name
    auth_method: Word = "authMethod"
    devices: Word = "devices"
    device_id: Word = "deviceId"
    max_connections: Word = "maxConcurrentConnections"
    packages: Word = "packages"
    notes: Word = "notes"


class PackageFields(Topic):
    """A channel package's fields."""

    id: Word = "id"
    title: Word = "title"
    external_id: Word = "externalId"


class Statuses(Topic):
    """Values of a customer's status."""

    active: Word = "active"
    disabled: Word = "disabled"


class AuthMethods(Topic):
    """Values of a customer's authentication method."""

    login: Word = "login"
    device: Word = "device"
    all: Word = "all"


class Feed(Topic):
    """How the feed of sales is asked for and answered. `page_size` is the largest page the platform gives."""

    after: Word = "after"
    limit: Word = "limit"
    rows: Word = "rows"
    next: Word = "next"
    page_size: Annotated[int, Field(ge=1)] = 500


class SaleFields(Topic):
    """The fields of a sale or refund; `customer_id` is the platform's id, `external_id` ours."""

    id: Word = "id"
    customer_id: Word = "customerId"
    external_id: Word = "externalId"
    kind: Word = "type"
    title: Word = "title"
    amount: Word = "amount"
    currency: Word = "currency"
    sold_at: Word = "createdAt"
    refund_of: Word = "refundOf"


class SaleKinds(Topic):
    """Values of a sale's kind."""

    vod: Word = "vod"
    ppv: Word = "ppv"
    refund: Word = "refund"


class ErrorFields(Topic):
    """What a refusal (409, 422) names: one field, or a text for each of several."""

    field: Word = "field"
    errors: Word = "errors"


class Dialect(Topic):
    """The whole table."""

    paths: Paths = Paths()
    session: Session = Session()
    listing: Listing = Listing()
    customer: CustomerFields = CustomerFields()
    package: PackageFields = PackageFields()
    status: Statuses = Statuses()
    auth: AuthMethods = AuthMethods()
    feed: Feed = Feed()
    sale: SaleFields = SaleFields()
    sale_kind: SaleKinds = SaleKinds()
    error: ErrorFields = ErrorFields()
