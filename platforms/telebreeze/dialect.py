"""Every path, field name and enum value of Telebreeze's operator API that the driver uses.

Telebreeze publishes no provisioning API: the defaults are the declared contract (Telebreeze contract, Declared). An
operator overrides what their release names otherwise, under `dialect` in the configuration, in this same nesting.
"""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Path = Annotated[str, Field(pattern=r"^/")]
PathOfOne = Annotated[str, Field(pattern=r"^/.*\{id\}")]
Name = Annotated[str, Field(min_length=1)]


class _Topic(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Paths(_Topic):
    """Where the endpoints are, below the platform's url. `{id}` is the customer's id."""

    token: Path = "/api/dashboard/auth/access-token"  # noqa: S105 - a path
    packages: Path = "/api/dashboard/packages"
    customers: Path = "/api/dashboard/customers"
    customer: PathOfOne = "/api/dashboard/customers/{id}"


class Session(_Topic):
    """The log-in: a form with the API key, answered by a token and its life in seconds."""

    api_key: Name = "apiKey"
    access_token: Name = "accessToken"  # noqa: S105 - a field's name
    expires_in: Name = "expiresIn"
    scheme: Name = "Bearer"


class Listing(_Topic):
    """How lists are asked for and answered. `page_size` is the largest page the platform gives."""

    limit: Name = "limit"
    offset: Name = "offset"
    rows: Name = "rows"
    count: Name = "count"
    page_size: Annotated[int, Field(ge=2)] = 500


class CustomerFields(_Topic):
    """A customer's fields. `external_id` is also the list's filter; `device_id` is the key within a device."""

    id: Name = "id"
    external_id: Name = "externalId"
    status: Name = "status"
    first_name: Name = "firstName"
    last_name: Name = "lastName"
    email: Name = "email"
    phone: Name = "phone"
    country: Name = "country"
    state: Name = "state"
    city: Name = "city"
    address: Name = "address"
    zip: Name = "zip"
    username: Name = "username"
    password: Name = "password"  # noqa: S105 - a field's name
    auth_method: Name = "authMethod"
    devices: Name = "devices"
    device_id: Name = "deviceId"
    max_connections: Name = "maxConcurrentConnections"
    packages: Name = "packages"
    notes: Name = "notes"


class PackageFields(_Topic):
    """A channel package's fields."""

    id: Name = "id"
    title: Name = "title"
    external_id: Name = "externalId"


class Statuses(_Topic):
    """Values of a customer's status."""

    active: Name = "active"
    disabled: Name = "disabled"


class AuthMethods(_Topic):
    """Values of a customer's authentication method."""

    login: Name = "login"
    device: Name = "device"
    all: Name = "all"


class ErrorFields(_Topic):
    """What a refusal (409, 422) names: one field, or a text for each of several."""

    field: Name = "field"
    errors: Name = "errors"


class Dialect(_Topic):
    """The whole table."""

    paths: Paths = Paths()
    session: Session = Session()
    listing: Listing = Listing()
    customer: CustomerFields = CustomerFields()
    package: PackageFields = PackageFields()
    status: Statuses = Statuses()
    auth: AuthMethods = AuthMethods()
    error: ErrorFields = ErrorFields()
