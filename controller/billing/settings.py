"""What an operator says about how accounts are read. The configuration knows it without what reads them."""

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, WithJsonSchema

AddonsFrom = Literal["auto", "list", "info"]
"""Where an account's add-ons are read: in the list, in its details, or where a probe shows that they can be."""

_ONE_OR_MORE = WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]})


def _listed(value: object) -> object:
    return (value,) if isinstance(value, str) else value


class CustomFields(BaseModel):
    """Which custom fields hold the credentials: a name, or the number of the field (`i_custom_field`) as text."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    owner: Literal["account", "customer"] = "account"
    """Whose custom fields hold them."""
    device_ids: Annotated[tuple[str, ...], BeforeValidator(_listed), _ONE_OR_MORE] = ()
    """Fields with device ids; several ids in one field are separated by comma, semicolon or space."""
    login: str | None = None
    """The field with the viewer's login."""
    password: str | None = None
    """The field with the viewer's password."""
    pin: str | None = None
    """The field with the viewer's PIN; only SeaChange has one (see `degrade`)."""

    @property
    def names(self) -> tuple[str, ...]:
        """Every field that is configured, each once."""
        named = (*self.device_ids, self.login, self.password, self.pin)
        return tuple(dict.fromkeys(name for name in named if name))

    @property
    def any_configured(self) -> bool:
        """Whether there is anything to ask billing for."""
        return bool(self.names)
