"""`status`: how the whole stands, as a value; `status_text.py` has it in words."""

from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import TypedDict

from controller.census import census
from controller.config import Config
from controller.rests import resting
from controller.rounds import audit_round
from controller.store import FIRST_CONTACT, Pause, Progress, Provisioning, Store, TargetReading, told_counts
from controller.views.absent import GoneView, gone_view
from controller.views.instants import iso
from desired_state.subscriber import State

_ATTENTION = 20
_PATIENCE = 3
_SLACK = timedelta(minutes=5)


class HeldPlanView(TypedDict):
    """What waits for a person: of its `changes` some are destructive or updates, and more of one than the limit.

    `records` counts, for a first contact, what the platform holds: owned, adoptable, foreign, orphaned.
    """

    hash: str
    changes: int
    destructive: int
    updates: int
    limit: int
    by: str
    records: dict[str, int] | None


class TroubleView(TypedDict):
    """A subscriber a person may want to look at."""

    account: str
    i_account: int
    state: str
    by: str | None
    text: str | None


class PlatformView(TypedDict):
    """One platform; `attention` names the first subscribers that are stuck, `text` what failed last,
    of its list or of its feed of sales.

    `rebuilding` says why nothing is written to it until it has been read whole, where the store was lost.
    """

    accounts: dict[str, int]
    breaker: str
    held_plan: HeldPlanView | None
    last_success: str | None
    text: str | None
    rebuilding: str | None
    attention: list[TroubleView]


class SourceView(TypedDict):
    """One billing source; `text` says what is wrong with it."""

    accounts: int
    complete: bool
    breaker: str
    last_success: str | None
    text: str | None


class DetailsView(TypedDict):
    """Reading accounts one by one: how many are `due`, the seconds that takes at the configured rate, and the audit.

    Where billing does not answer, the reading rests: `resting_since` it does not, `resting_until` nobody is asked for,
    and `text` is what it answered. `audit_seconds` is the time in which the audit comes round, `oldest` when the
    details were read that are its next.
    """

    due: int
    due_seconds: float
    resting_since: str | None
    resting_until: str | None
    text: str | None
    audited: int
    audit_seconds: float
    oldest: str | None


class BillingView(TypedDict):
    """The billing sources together; `text` says what is wrong with them, `attention` names unreadable accounts.

    `sources` has each by its name, `absent` who counts as gone and has a record.
    """

    accounts: int
    complete: bool
    last_success: str | None
    text: str | None
    attention: list[TroubleView]
    sources: dict[str, SourceView]
    details: DetailsView
    absent: GoneView


class WriteBackView(TypedDict):
    """What a billing source was told about provisioning; `text` is what keeps it from being told."""

    told: dict[str, int]
    refused: int
    text: str | None


class StatusView(TypedDict):
    """The JSON of `status`; `catalog` has a sentence for each entry that cannot mean what it says.

    `configuration` says why the daemon does not work by its configuration file as it is now, where that is so.

    `write_back` has the billing sources that are told how provisioning stands; it does not count for `healthy`.
    """

    healthy: bool
    configuration: str | None
    platforms: dict[str, PlatformView]
    billing: BillingView
    write_back: dict[str, WriteBackView]
    catalog: list[str]
    charges: dict[str, int]
    pauses: list[dict[str, str]]


def status_view(store: Store, config: Config, now: datetime) -> StatusView:
    """How everything stands, from the store."""
    platforms = {name: _platform(store, config, name) for name in config.platforms}
    billing = _billing(store, config, now)
    resting = {pause.target for pause in store.holds.pauses(now) if pause.maintenance}
    targets = [name for name in (*config.platforms, *_billing_names(config)) if name not in resting]
    fresh = [_is_fresh(store, config, target, now) for target in targets]
    catalog = list(_catalog(store, config))
    charges = _charges(store) if config.charges.enabled else {}
    configuration = store.targets.refused_configuration()
    sound = billing["complete"] and not (billing["attention"] or catalog or configuration)
    breakers = [name for name, source in billing["sources"].items() if source["breaker"] == "open"]
    healthy = (
        all(fresh)
        and sound
        and not breakers
        and not _rests_long(billing["details"], now)
        and not any(_is_troubled(each, is_resting=name in resting) for name, each in platforms.items())
        and not (charges and store.charges.for_a_person(now - config.charges.give_up))
    )
    return StatusView(
        healthy=healthy,
        configuration=configuration,
        platforms=platforms,
        billing=billing,
        write_back={block.name: _write_back(store, block.name) for block in config.billing if block.write_back.enabled},
        catalog=catalog,
        charges=charges,
        pauses=[_pause(each) for each in store.holds.pauses(now)],
    )


def _charges(store: Store) -> dict[str, int]:
    return {state.value: count for state, count in store.charges.counts().items()}


def _pause(pause: Pause) -> dict[str, str]:
    return {
        "target": pause.target,
        "reason": pause.reason,
        "owner": pause.owner,
        "since": pause.since.isoformat(),
        "until": pause.until.isoformat(),
        "kind": "maintenance" if pause.maintenance else "pause",
    }


def _platform(store: Store, config: Config, name: str) -> PlatformView:
    subscribers, reading = store.subscribers(name), store.targets.reading(name)
    billing = config.billing_of(name).name
    return PlatformView(
        accounts={state.value: count for state, count in subscribers.counts().items()},
        breaker=_breaker(reading),
        held_plan=_held_plan(store, config, name),
        last_success=iso(reading.success_at),
        text=reading.text or (store.feeds.get(name).text if config.charges.enabled else None),
        rebuilding=store.recovery.rebuilding(name),
        attention=[_trouble(store, billing, *each) for each in subscribers.in_trouble(_ATTENTION)],
    )


def _held_plan(store: Store, config: Config, name: str) -> HeldPlanView | None:
    held, billing = store.targets.held_plan(name), config.billing_of(name)
    if held is None:
        return None
    is_first = held.by == FIRST_CONTACT
    return HeldPlanView(
        hash=held.hash,
        changes=store.holds.count_held(name),
        destructive=held.destructive,
        updates=held.updates,
        limit=held.destructive_limit if held.destructive else held.update_limit,
        by=held.by,
        records=asdict(census(store, name, billing.environment, billing.name)) if is_first else None,
    )


def _breaker(reading: TargetReading) -> str:
    return "open" if reading.breaker_opened_at is not None else "closed"


def _trouble(store: Store, billing: str, i_account: int, progress: Progress) -> TroubleView:
    stored = store.accounts(billing).get(i_account)
    return TroubleView(
        account=stored.account.id if stored is not None else "",
        i_account=i_account,
        state=progress.state.value,
        by=progress.held_by,
        text=progress.text,
    )


def _billing(store: Store, config: Config, now: datetime) -> BillingView:
    names = _billing_names(config)
    readings = {name: store.targets.reading(name) for name in names}
    successes = [reading.success_at for reading in readings.values()]
    oldest = None if None in successes else min(at for at in successes if at is not None)
    unreadable = [
        TroubleView(account=account_id, i_account=i_account, state=State.HELD.value, by="decision", text=text)
        for name in names
        for i_account, account_id, text in store.accounts(name).unreadable(_ATTENTION)
    ]
    return BillingView(
        accounts=sum(reading.accounts for reading in readings.values()),
        complete=all(reading.complete for reading in readings.values()),
        last_success=iso(oldest),
        text="; ".join(_named(name, reading.text, names) for name, reading in readings.items() if reading.text) or None,
        attention=unreadable,
        sources={name: _source(reading) for name, reading in readings.items()},
        details=_details(store, config, now),
        absent=gone_view(store, config),
    )


def _source(reading: TargetReading) -> SourceView:
    return SourceView(
        accounts=reading.accounts,
        complete=reading.complete,
        breaker=_breaker(reading),
        last_success=iso(reading.success_at),
        text=reading.text,
    )


def _named(name: str, text: str, names: list[str]) -> str:
    """The sentence, with the source that it is about where there are several."""
    return text if len(names) == 1 else f"{name}: {text}"


def _write_back(store: Store, billing: str) -> WriteBackView:
    counts, refused = told_counts(store.db, billing)
    return WriteBackView(
        told={status.name: counts[status] for status in Provisioning},
        refused=refused,
        text=store.targets.telling_trouble(billing),
    )


def _details(store: Store, config: Config, now: datetime) -> DetailsView:
    """Sources are read side by side, so the slowest one counts."""
    seconds = {block.name: block.calls_an_account / block.requests_per_second for block in config.billing}
    due = {name: store.accounts(name).unread() for name in seconds}
    rounds = {name: audit_round(store, name, config.schedule.detail_audit) for name in seconds}
    oldest = min((each.oldest_at for each in rounds.values() if each.oldest_at is not None), default=None)
    rests = {name: rest for name, count in due.items() if count and (rest := resting(store, name)) is not None}
    since, until = (each.since for each in rests.values()), (each.until for each in rests.values())
    ahead = {name: max(0.0, (rest.until - now).total_seconds()) for name, rest in rests.items()}
    possible = max(each.accounts * seconds[name] for name, each in rounds.items())
    return DetailsView(
        due=sum(due.values()),
        due_seconds=round(max(count * seconds[name] + ahead.get(name, 0.0) for name, count in due.items()), 1),
        resting_since=iso(min(since, default=None)),
        resting_until=iso(max(until, default=None)),
        text="; ".join(_named(name, rest.text, list(seconds)) for name, rest in rests.items()) or None,
        audited=sum(each.accounts for each in rounds.values()),
        audit_seconds=round(max(config.schedule.detail_audit.total_seconds(), possible), 1),
        oldest=iso(oldest),
    )


def _rests_long(details: DetailsView, now: datetime) -> bool:
    since = details["resting_since"]
    return since is not None and now - datetime.fromisoformat(since) > _SLACK


def _catalog(store: Store, config: Config) -> Iterator[str]:
    """Entries that match no product of billing, or name a package the platform does not offer."""
    for number, entry in enumerate(config.entries):
        products = store.targets.products(config.billing_of(entry.platform).name)
        if products and not any(entry.product.matches(product) for product in products):
            yield f"catalog[{number}]: {entry.product} matches no product that billing has"
        offer = store.targets.offer(entry.platform)
        for name in entry.packages:
            if offer.packages and offer.resolve(name) is None:
                yield f"catalog[{number}]: platform {entry.platform!r} does not offer a package {name!r}"


def _is_fresh(store: Store, config: Config, target: str, now: datetime) -> bool:
    success_at = store.targets.reading(target).success_at
    return success_at is not None and now - success_at <= _PATIENCE * config.schedule.full_pass + _SLACK


def _is_troubled(platform: PlatformView, *, is_resting: bool) -> bool:
    """Whether a person has to see to it; of a platform in maintenance nothing is known, but a plan may wait."""
    holds_plan = platform["held_plan"] is not None
    if is_resting:
        return holds_plan
    stuck = any(trouble["state"] != State.PENDING for trouble in platform["attention"])
    return bool(stuck or platform["text"] or platform["rebuilding"]) or platform["breaker"] == "open" or holds_plan


def _billing_names(config: Config) -> list[str]:
    return [block.name for block in config.billing]
