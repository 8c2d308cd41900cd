"""What differs between installations, or is not known of them (contract, sections 9 and 10)."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Switches(BaseModel):
    """Settable when the simulator is made and by `PATCH /_sim/switches`. Times are in seconds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    login: str = "iptv-reconciler"
    token: str = "simulated-token"  # noqa: S105  invented
    password: str = "simulated-password"  # noqa: S105  invented
    must_change_password: bool = False

    token_life: int = Field(default=172_800, ge=1)
    jwt_tokens: bool = True
    tell_expires_in: bool = True
    tell_expires_at: bool = True
    rotate_refresh_tokens: bool = True
    bad_logins_before_lock: int = Field(default=5, ge=1)
    lock_seconds: int = Field(default=600, ge=1)

    page_cap: int = Field(default=1000, ge=1)
    total: Literal["number", "text", "missing"] = "number"
    moving_list: Literal["still", "repeats", "skips"] = "still"
    moves: int | None = Field(default=None, ge=0)  # how often it moves between pages; always if not set
    status_without_asking: bool = False
    status_when_fine: str | None = None
    addons_in_list: bool = False
    numbers_as_text: bool = False
    not_found_is_fault: bool = False
    denied_accounts: frozenset[int] = frozenset()  # in the list, but not there for their own call

    refused_methods: frozenset[str] = frozenset()  # for want of rights
    api_document: Literal["openapi3", "swagger2", "none"] = "openapi3"
    undocumented: frozenset[str] = frozenset()

    standalone_mode: bool = False
    espf_encoding: Literal["any", "json", "form"] = "any"
    espf_encoding_refusal: Literal[400, 415, 422] = 415
    espf_rights: bool = True
    comment_field: Literal["CLD", "CLI", "description", "other", "none"] = "CLD"
    xdr_lag: float = Field(default=0, ge=0)  # how late an xDR shows
    xdr_page_cap: int = Field(default=1000, ge=1)
    outage: Literal["none", "plain_text_500"] = "none"
