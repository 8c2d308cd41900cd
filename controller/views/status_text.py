"""`status` for people: the view as lines of text."""

import math
from collections.abc import Iterator

from controller.views.absent import gone_lines
from controller.views.status import (
    BillingView,
    HeldPlanView,
    PlatformView,
    SourceView,
    StatusView,
    TroubleView,
    WriteBackView,
)


def status_lines(view: StatusView) -> Iterator[str]:
    """How everything stands, for people."""
    if view["configuration"]:
        yield view["configuration"]
    yield from _billing_lines(view["billing"])
    for name, platform in view["platforms"].items():
        yield from _platform_lines(name, platform)
    for name, write_back in view["write_back"].items():
        yield _write_back_line(name, write_back)
    if any(view["charges"].values()):
        yield f"charges: {', '.join(f'{count} {state}' for state, count in view['charges'].items() if count)}"
    for pause in view["pauses"]:
        yield f"{pause['target']}: {pause['kind']} by {pause['owner']} until {pause['until']}: {pause['reason']}"
    yield from view["catalog"]
    yield "healthy" if view["healthy"] else "needs attention"


def _billing_lines(billing: BillingView) -> Iterator[str]:
    known = "complete" if billing["complete"] else "not proven complete"
    yield f"billing: {billing['accounts']} accounts, {known}, last read {billing['last_success'] or 'never'}"
    for name, source in billing["sources"].items():
        if source["breaker"] == "open":
            yield f"  breaker of {name} open"
    details = billing["details"]
    if details["due"]:
        yield f"  details of {details['due']} accounts are to be read, in about {_time(details['due_seconds'])}"
    if details["resting_until"]:
        yield f"  that rests until {details['resting_until']}, since {details['resting_since']}: {details['text']}"
    if details["audited"]:
        comes_round = f"details of {details['audited']} accounts are read again in {_time(details['audit_seconds'])}"
        yield f"  {comes_round}, the oldest were read {details['oldest']}"
    if len(billing["sources"]) > 1:
        yield from _source_lines(billing["sources"])
    elif billing["text"]:
        yield f"  {billing['text']}"
    yield from _trouble_lines(billing["attention"])
    yield from gone_lines(billing["absent"])


def _platform_lines(name: str, platform: PlatformView) -> Iterator[str]:
    counts = ", ".join(f"{count} {state}" for state, count in platform["accounts"].items() if count)
    read = f"breaker {platform['breaker']}, last read {platform['last_success'] or 'never'}"
    yield f"{name}: {counts or 'nobody yet'}; {read}"
    if platform["text"]:
        yield f"  {platform['text']}"
    if platform["rebuilding"]:
        yield f"  {platform['rebuilding']}"
    if (held := platform["held_plan"]) is not None:
        yield from _held_lines(held)
    yield from _trouble_lines(platform["attention"])


def _held_lines(held: HeldPlanView) -> Iterator[str]:
    if held["by"] == "brake":
        changes = f"{held['destructive']} destructive changes and {held['updates']} updates (limit {held['limit']})"
        yield f"  the brake holds plan {held['hash']}: {changes}"
    else:
        records = ", ".join(f"{count} {what}" for what, count in (held["records"] or {}).items())
        yield f"  the first plan for a platform that has customers waits: {held['hash']}, {held['changes']} changes"
        yield f"  of its records are {records}"
    yield f"  approve {held['hash']}, or reject it"


def _source_lines(sources: dict[str, SourceView]) -> Iterator[str]:
    for name, source in sources.items():
        known = "complete" if source["complete"] else "not proven complete"
        text = f"; {source['text']}" if source["text"] else ""
        yield f"  {name}: {source['accounts']} accounts, {known}, last read {source['last_success'] or 'never'}{text}"


def _write_back_line(name: str, view: WriteBackView) -> str:
    counts = ", ".join(f"{count} {status}" for status, count in view["told"].items() if count)
    refused = f", {view['refused']} refused" if view["refused"] else ""
    return f"{name} was told: {counts or 'nothing yet'}{refused}" + (f"; {view['text']}" if view["text"] else "")


def _time(seconds: float) -> str:
    """So long, for people."""
    for unit, size in (("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.1f} {unit}"
    return f"{math.ceil(seconds)} seconds"


def _trouble_lines(troubles: list[TroubleView]) -> Iterator[str]:
    for trouble in troubles:
        who = f"{trouble['account']} (i_account {trouble['i_account']})"
        yield f"  {who} is {trouble['state']}: {trouble['text'] or ''}"
