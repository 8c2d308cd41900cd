"""`plan`: what would be done, what is held and why."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypedDict

from controller.fleet import PassReport
from controller.holding import FOR_A_PERSON
from controller.shown import Shown, show_difference, show_spec
from controller.store import Store
from controller.targets import Billing
from desired_state.plan import Change, Held, Plan, key_of

_NOT_THEIR_OWN = ("incomplete_source", "observe", "parked", "rebuilding", "waiting", "window")


class AccountName(TypedDict):
    """An account by its identity and its label."""

    i_account: int
    id: str


class HeldView(TypedDict):
    """By which policy a change is held, and the sentence for whoever asks why."""

    by: str
    text: str


class ChangeView(TypedDict):
    """One change; `before` and `after` as they may be shown, `touches` the names of what differs."""

    account: AccountName
    platform: str
    kind: str
    reason: str
    before: Shown | None
    after: Shown | None
    touches: list[str]
    held: HeldView | None
    because: str | None


class PlanView(TypedDict):
    """The JSON of `plan`.

    `unread` names the targets that could not be read, or rest in maintenance: what they would need is not known.
    """

    hash: str
    taken_at: str
    complete: bool
    changes: list[ChangeView]
    summary: dict[str, dict[str, int]]
    held: int
    unread: list[str]


@dataclass(frozen=True, slots=True)
class Found:
    """What passes over all billing sources found together. `resting` platforms are in maintenance: not asked."""

    plan: Plan
    failed: tuple[str, ...]
    complete: bool
    unread: int = 0
    resting: tuple[str, ...] = ()

    @staticmethod
    def of(reports: Sequence[PassReport]) -> "Found":
        """The reports as one."""
        return Found(
            Plan(
                tuple(change for report in reports for change in report.plan.changes),
                tuple(held for report in reports for held in report.plan.held),
            ),
            tuple(target for report in reports for target in report.failed),
            all(report.snapshot is not None and report.snapshot.complete for report in reports),
            sum(report.unread for report in reports),
            tuple(name for report in reports for name in report.resting),
        )

    @property
    def left(self) -> int:
        """How many subscribers are not as they should be, but for those held for reasons of their own accounts."""
        return len(self.plan.changes) + self.unread + sum(held.by in _NOT_THEIR_OWN for held in self.plan.held)

    @property
    def braked(self) -> bool:
        """Whether any of it is held until a person approves it."""
        return any(held.by in FOR_A_PERSON for held in self.plan.held)


def plan_view(store: Store, billings: Sequence[Billing], found: Found, taken_at: datetime) -> PlanView:
    """The plan as values."""
    billing_of = {platform.name: billing.name for billing in billings for platform in billing.platforms}
    changes = [_change_view(store, billing_of, change, held) for change, held in _in_order(found.plan)]
    counts: dict[str, Counter[str]] = {name: Counter() for name in billing_of}
    for each in changes:
        counts[each["platform"]][each["kind"]] += 1
    return PlanView(
        hash=found.plan.hash,
        taken_at=taken_at.isoformat(),
        complete=found.complete,
        changes=changes,
        summary={platform: dict(sorted(kinds.items())) for platform, kinds in counts.items()},
        held=len(found.plan.held),
        unread=[*found.failed, *found.resting],
    )


def plan_lines(view: PlanView) -> Iterator[str]:
    """The plan for people."""
    for change in view["changes"]:
        account = change["account"]
        what = ", ".join(change["touches"])
        line = f"{change['kind']:8} {account['id']} (i_account {account['i_account']}) on {change['platform']}: {what}"
        yield f"{line}  [{change['reason']}]"
        if change["because"]:
            yield f"         {change['because']}"
        if change["held"] is not None:
            yield f"         held by {change['held']['by']}: {change['held']['text']}"
    yield from _totals(view)


def plan_markdown(view: PlanView) -> Iterator[str]:
    """The plan as a table for a ticket or a merge request."""
    yield "| account | i_account | platform | change | touches | reason | held |"
    yield "|---|---|---|---|---|---|---|"
    for change in view["changes"]:
        account, held = change["account"], change["held"]
        cells = (account["id"], account["i_account"], change["platform"], change["kind"], ", ".join(change["touches"]),
                 change["reason"], f"{held['by']}: {held['text']}" if held else "")  # fmt: skip
        yield "| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |"
    yield ""
    yield from _totals(view)


def _totals(view: PlanView) -> Iterator[str]:
    for platform, kinds in view["summary"].items():
        counts = ", ".join(f"{count} {kind}" for kind, count in kinds.items())
        unknown = platform in view["unread"]
        yield f"{platform}: {counts or ('was not read' if unknown else 'nothing to do')}"
    if view["held"]:
        yield f"{view['held']} of these are held"
    if not view["complete"]:
        yield "billing's list is not proven complete: nothing is taken away on its word"
    yield f"plan {view['hash']}"


def _in_order(plan: Plan) -> list[tuple[Change, Held | None]]:
    both: list[tuple[Change, Held | None]] = [(change, None) for change in plan.changes]
    both += [(held.change, held) for held in plan.held]
    return sorted(both, key=lambda each: key_of(each[0]))


def _change_view(store: Store, billing_of: Mapping[str, str], change: Change, held: Held | None) -> ChangeView:
    key = key_of(change)
    stored = store.accounts(billing_of[key.platform]).get(key.i_account)
    before = change.observed.spec if change.observed is not None else None
    return ChangeView(
        account=AccountName(i_account=key.i_account, id=stored.account.id if stored is not None else ""),
        platform=key.platform,
        kind=change.kind.value,
        reason=change.desired.reason,
        before=show_spec(before, change.after),
        after=show_spec(change.after, before),
        touches=show_difference(change),
        held=None if held is None else HeldView(by=held.by, text=held.text),
        because=change.desired.because or None,
    )
