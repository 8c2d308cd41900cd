"""The kinds of plain values in the configuration, each with its check.

Numbers and switches are strict: `"20"` is text, `1` is no switch. Relative paths count from the folder of the
configuration file, so that it can be checked and run from anywhere.
"""

import re
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from string import Formatter
from typing import Annotated
from urllib.parse import SplitResult, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    PlainValidator,
    Strict,
    ValidationInfo,
    WithJsonSchema,
)

from controller.config.secret import surroundings
from controller.server.address import Address
from desired_state.sales import read_amount
from desired_state.windows import Window


class Block(BaseModel):
    """A part of the configuration: frozen, and unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, allow_inf_nan=False)


def _base_url(text: str) -> str:
    """An address without a trailing slash; the text of the error never repeats it, since it may hold a password."""
    parts = _split(text)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("must be an address that begins with http:// or https://, and a host")
    if parts.username is not None or parts.password is not None:
        raise ValueError("must not hold a user or a password; they have keys of their own")
    if parts.query or parts.fragment:
        raise ValueError("must end with the path, without ? or #")
    return text.strip().rstrip("/")


def _split(text: str) -> SplitResult:
    try:
        parts = urlsplit(text.strip())
        parts.port  # noqa: B018  reading it is what checks it
    except ValueError:
        raise ValueError("is not an address; write it like https://host.example.net") from None
    return parts


def _billing_url(text: str) -> str:
    return text.removesuffix("/rest").rstrip("/")


def _tls_check(value: object, info: ValidationInfo) -> bool | str:
    if isinstance(value, bool):
        return value
    if not isinstance(value, str) or not value:
        raise ValueError("must be true, false or the path of a CA file")
    around = surroundings(info)
    path = around.folder / value
    if not path.is_file():
        raise ValueError(f"the CA file {path} does not exist")
    import ssl  # noqa: PLC0415  few installations name a CA file

    try:
        around.read(path)
        ssl.create_default_context(cafile=path)
    except OSError:
        raise ValueError(f"the CA file {path} cannot be read as certificates in PEM form") from None
    return str(path)


def _path(value: object, info: ValidationInfo) -> Path:
    if isinstance(value, Path):
        return value
    if not isinstance(value, str) or not value:
        raise ValueError("must be the path of a file")
    return surroundings(info).folder / value


def _customer_id(pattern: str) -> str:
    wanted = "only {id}, {i_env} and {i_account} may stand in braces"
    try:
        parts = list(Formatter().parse(pattern))
    except ValueError:
        raise ValueError(f"{pattern!r} has a brace without its counterpart; {wanted}") from None
    names = [_field(*part) for part in parts if part[1] is not None]
    if unknown := [name for name in names if name not in ("id", "i_env", "i_account")]:
        raise ValueError(f"{{{unknown[0]}}} is not known; {wanted}")
    if not {"id", "i_account"} & set(names):
        raise ValueError(f"{pattern!r} would give all accounts one name; it needs {{id}} or {{i_account}}")
    return pattern


def _field(_literal: str, name: str | None, form: str | None, conversion: str | None) -> str:
    return (name or "") + (f"!{conversion}" if conversion else "") + (f":{form}" if form else "")


def _change_window(text: str) -> str:
    Window.parse(text)
    return text


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"{name!r} is not a time zone; write it like Europe/Prague") from None
    return name


def _money(value: object) -> Decimal:
    """An amount by its digits: a fraction in the file is read as it is written, not as it is stored."""
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        raise ValueError("must be an amount of money, such as 100 or 19.90")
    amount = read_amount(format(value, "f") if isinstance(value, Decimal) else str(value))
    if amount is None or amount <= 0:
        raise ValueError("must be an amount of money above zero, such as 100 or 19.90")
    return amount


def _instant(value: object) -> datetime:
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        at = None
    if not isinstance(at, datetime) or at.tzinfo is None:
        raise ValueError("must be an instant with its time and zone, such as 2026-03-01T00:00:00Z")
    return at


def _listen(text: str) -> str:
    return str(Address.parse(text))


def _dns_name(name: str) -> str:
    if not re.fullmatch(r"[a-z0-9]([-.a-z0-9]{0,251}[a-z0-9])?", name):
        raise ValueError("is made of small letters, digits, - and ., and begins and ends with a letter or a digit")
    return name


def _platform_name(name: str) -> str:
    if name in ("all", "billing"):
        raise ValueError("this name is taken: commands and metrics use it for something else")
    if not (name and name[0].isalnum() and name.isascii() and name.replace("-", "").replace("_", "").isalnum()):
        raise ValueError("a name is made of letters, digits, - and _, and begins with a letter or a digit")
    return name


_AMOUNT = WithJsonSchema({"type": ["number", "string"], "examples": [100, 19.9], "exclusiveMinimum": 0})

Text = Annotated[str, Field(min_length=1)]
Switch = Annotated[bool, Strict()]
Count = Annotated[int, Strict(), Field(ge=0)]
Places = Annotated[int, Strict(), Field(ge=1, le=1000)]
Rate = Annotated[float, Strict(), Field(gt=0)]
Share = Annotated[float, Strict(), Field(ge=0, lt=1)]
Url = Annotated[str, AfterValidator(_base_url), Field(examples=["https://host.example.net"])]
BillingUrl = Annotated[Url, AfterValidator(_billing_url)]
TlsCheck = Annotated[
    bool | str,
    PlainValidator(_tls_check),
    WithJsonSchema({"type": ["boolean", "string"], "examples": [True, False, "/path/to/ca.pem"]}),
]
FilePath = Annotated[
    Path,
    PlainValidator(_path),
    WithJsonSchema({"type": "string", "format": "path"}),
]
CustomerId = Annotated[str, AfterValidator(_customer_id), Field(examples=["{id}_{i_env}", "{i_account}"], min_length=1)]
Money = Annotated[Decimal, PlainValidator(_money), PlainSerializer(str, when_used="json"), _AMOUNT]
Instant = Annotated[datetime, BeforeValidator(_instant), Field(examples=["2026-03-01T00:00:00Z"])]
Listen = Annotated[str, AfterValidator(_listen), Field(examples=["0.0.0.0:8080"])]
ChangeWindow = Annotated[str, AfterValidator(_change_window), Field(examples=["22:00-06:00", "sat,sun 00:00-24:00"])]
ZoneName = Annotated[str, AfterValidator(_zone), Field(examples=["UTC", "Europe/Prague"])]
DnsName = Annotated[str, AfterValidator(_dns_name), Field(examples=["iptv-reconciler"])]
PlatformName = Annotated[str, AfterValidator(_platform_name)]
