"""Events as they go over the wire (contract, sections 7.1 and 7.4). Pure."""

from base64 import b64encode
from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from controller.billing.simulator.events import Happening
from controller.billing.simulator.handlers import Espf, Handler, Nsps
from controller.billing.simulator.state import ENVIRONMENT
from platforms.simulation import Draw
from platforms.transport import Request


def variables_of(happening: Happening, i_event: int, now: datetime, handler: Handler) -> dict[str, object]:
    """The variables of an event, numbers as the handler gets them."""
    numbers = {"i_event": i_event, **happening.about}
    if handler.with_environment:
        numbers["i_env"] = ENVIRONMENT
    variables: dict[str, object] = {name: str(n) if handler.numbers_as_text else n for name, n in numbers.items()}
    if handler.with_event_time:
        variables["event_time"] = f"{now:%Y-%m-%d %H:%M:%S}"
    return variables


def espf_request(handler: Espf, event: Mapping[str, object], headers: Mapping[str, str]) -> Request:
    """One event, one request."""
    secret = f"{handler.username}:{handler.password.get_secret_value()}".encode()
    basic = {"Authorization": f"Basic {b64encode(secret).decode()}"}
    return Request("event", "POST", "", headers={**headers, **basic}, json=event)


def nsps_headers(handler: Nsps, draw: Draw) -> dict[str, str]:
    """The token, and trace headers that may be absent."""
    headers = {"Authorization": f"Bearer {handler.token.get_secret_value()}"}
    if draw() >= handler.without_trace:
        headers |= {"x-b3-traceid": f"{int(draw() * 16**12):032x}", "x-request-id": f"{int(draw() * 16**12):012x}"}
    return headers


def nsps_body(
    event: Mapping[str, object], pb_data: Mapping[str, object] | None, now: datetime, i_event: int
) -> dict[str, object]:
    """What NSPS sends; its `event_id` is the same at each try of one event."""
    body: dict[str, object] = {
        "event_id": str(UUID(int=i_event, version=4)),
        "handler_id": "iptv-nsps",
        "status": "received",
        "created_at": now.isoformat(),
        "updated_at": now.isoformat(),
        "data": event,
    }
    return body if pb_data is None else {**body, "pb_data": pb_data}
