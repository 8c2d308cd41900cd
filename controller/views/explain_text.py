"""The text of `explain`: the answer first, then all it rests on."""

from collections.abc import Iterator

from controller.shown import Shown
from controller.views.explain import ActionView, ExplainView, SubscriberView


def explain_lines(view: ExplainView) -> Iterator[str]:
    """Everything about the account, for people."""
    account, decision, billing = view["account"], view["decision"], view["billing"]
    yield view["answer"]
    yield f"account {account['id']} (i_account {account['i_account']})"
    yield from _name_lines(view)
    if billing["breaker"] == "open":
        yield f"  billing {billing['name']} fails or refuses us, and is left alone for now"
    known = "due to be read" if billing["details_due"] else f"read {billing['details_read_at']}"
    yield f"  billing {billing['name']}: last listed {billing['seen_at'] or 'never'}, details {known}"
    if billing["half_read"]:
        yield f"    its custom fields could not be read: {billing['half_read']}"
    for name, value in decision["facts"]:
        yield f"    {name}: {value}"
    yield f"  should be {decision['presence']}, because of: {decision['reason']}"
    if decision["valid_until"]:
        yield f"  until {decision['valid_until']}, when time alone may change that"
    for order in view["orders"]:
        plan, text = f" {order['plan']}" if order["plan"] else "", f": {order['text']}" if order["text"] else ""
        yield f"  {order['at']} {order['action']}{plan} of {order['target']} by {order['owner']}{text}"
    for name, platform in view["platforms"].items():
        yield from _subscriber_lines(name, platform)
    if not view["platforms"]:
        yield "  no platform has to do with it"


def _name_lines(view: ExplainView) -> Iterator[str]:
    for former in view["former_ids"]:
        yield f"  was called {former['id']} until {former['until']}"
    for other in view["namesakes"]:
        yield f"  one of its ids is or was also that of account {other['id']} (i_account {other['i_account']})"


def _subscriber_lines(name: str, view: SubscriberView) -> Iterator[str]:
    yield f"  platform {name}, record {view['external_id']}: {view['state']}"
    yield f"    should hold: {_spec_line(view['desired'])}"
    yield f"    holds: {_spec_line(view['observed'])} (seen {view['observed_at'] or 'never'})"
    if view["because"] and view["because"] != view["text"]:
        yield f"    {view['because']}"
    if view["difference"]:
        yield f"    differs in: {', '.join(view['difference'])}"
    yield from _waiting_lines(view)
    for action in view["last_actions"]:
        yield from _action_lines(action)


def _waiting_lines(view: SubscriberView) -> Iterator[str]:
    if view["held"] is not None:
        yield f"    held by {view['held']['by']}: {view['held']['text']}"
    elif view["text"]:
        yield f"    {view['text']}"
    if view["breaker"] == "open":
        yield "    the platform fails or refuses us, and is left alone for now"
    if view["next_try"]:
        yield f"    tried again at {view['next_try']}"
    if view["next_step"]:
        yield f"    goes on {view['next_step']}"


def _action_lines(action: ActionView) -> Iterator[str]:
    words = f"{action['kind']} {action['record']} ({action['reason']}, {action['cause']}): {action['result']}"
    yield f"    {action['at']} {words}{': ' + action['text'] if action['text'] else ''}"
    if action["caused_by"]:
        yield f"      because of {action['caused_by']}"
    before, after = action["before"] or {}, action["after"] or {}
    for name in (name for name in {**before, **after} if before.get(name) != after.get(name)):
        yield f"      {name}: {before.get(name, '(none)')} -> {after.get(name, '(none)')}"


def _spec_line(spec: Shown | None) -> str:
    if spec is None:
        return "no record"
    return ", ".join(f"{name} {value}" for name, value in spec.items() if value not in ("", []))
