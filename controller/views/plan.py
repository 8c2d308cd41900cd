"""`plan`: what would be done, what is held and why."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
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
    """One change; `before` and `after` as they may be shown, `touches` the names of what differs.

    `due_anyway`: the configuration in force asks for just this too; `None` where it is its plan that is shown.
    """

    account: AccountName
    platform: str
    kind: str
    reason: str
    before: Shown | None
    after: Shown | None
    touches: list[str]
    held: HeldView | None
    because: str | None
    due_anyway: bool | None


class CandidateView(TypedDict):
    """How the plan of a candidate differs from that of the configuration in force.

    `accounts` is to how many accounts the candidate does something else than is due anyway, be it that a change is
    held, or no longer; `summary` counts those changes, `dropped` are what is due and would not be done at all. `keys`
    are the names of the settings that differ.
    """

    keys: list[str]
    accounts: int
    summary: dict[str, dict[str, int]]
    dropped: list[ChangeView]


class PlanView(TypedDict):
    """The JSON of `plan`; `candidate` is there where the plan is one's.

    `unread` names the targets that could not be read, or rest in maintenance: what they would need is not known.
    """

    hash: str
    taken_at: str
    complete: bool
    changes: list[ChangeView]
    summary: dict[str, dict[str, int]]
    held: int
    unread: list[str]
    candidate: CandidateView | None


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
    changes = [change_view(store, billing_of, *each) for each in in_order(found.plan)]
    return PlanView(
        hash=found.plan.hash,
        taken_at=taken_at.isoformat(),
        complete=found.complete,
        changes=changes,
        summary=counted(changes, billing_of),
        held=len(found.plan.held),
        unread=[*found.failed, *found.resting],
        candidate=None,
    )


def counted(changes: Iterable[ChangeView], platforms: Iterable[str] = ()) -> dict[str, dict[str, int]]:
    """How many changes of each kind there are, by platform; these platforms are named though they have none."""
    counts: dict[str, Counter[str]] = {name: Counter() for name in platforms}
    for each in changes:
        counts.setdefault(each["platform"], Counter())[each["kind"]] += 1
    return {platform: dict(sorted(kinds.items())) for platform, kinds in counts.items()}


def plan_lines(view: PlanView) -> Iterator[str]:
    """The plan for people."""
    for change in view["changes"]:
        yield from _lines(change)
    yield from _totals(view)


def _lines(change: ChangeView) -> Iterator[str]:
    yield f"{_line(change)}{'  due anyway' if change['due_anyway'] else ''}"
    if change["because"]:
        yield f"         {change['because']}"
    if change["held"] is not None:
        yield f"         held by {change['held']['by']}: {change['held']['text']}"


def _line(change: ChangeView) -> str:
    account, what = change["account"], ", ".join(change["touches"])
    line = f"{change['kind']:8} {account['id']} (i_account {account['i_account']}) on {change['platform']}: {what}"
    return f"{line}  [{change['reason']}]"


def plan_markdown(view: PlanView) -> Iterator[str]:
    """The plan as a table for a ticket or a merge request; of a candidate with a column for what is due anyway."""
    is_candidate = view["candidate"] is not None
    titles = ("account", "i_account", "platform", "change", "touches", "reason", "held", "due anyway")
    yield _row(titles[: 7 + is_candidate])
    yield "|---" * (7 + is_candidate) + "|"
    for change in view["changes"]:
        account, held = change["account"], change["held"]
        cells = (account["id"], account["i_account"], change["platform"], change["kind"], ", ".join(change["touches"]),
                 change["reason"], f"{held['by']}: {held['text']}" if held else "",
                 "yes" if change["due_anyway"] else "")  # fmt: skip
        yield _row(cells[: 7 + is_candidate])
    yield ""
    yield from _totals(view)


def _row(cells: Iterable[object]) -> str:
    return "| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |"


def _totals(view: PlanView) -> Iterator[str]:
    for platform, kinds in view["summary"].items():
        counts = ", ".join(f"{count} {kind}" for kind, count in kinds.items())
        unknown = platform in view["unread"]
        yield f"{platform}: {counts or ('was not read' if unknown else 'nothing to do')}"
    if view["held"]:
        yield f"{view['held']} of these are held"
    if not view["complete"]:
        yield "billing's list is not proven complete: nothing is taken away on its word"
    if view["candidate"] is not None:
        yield from _compared(view["candidate"])
    yield f"plan {view['hash']}"


def _compared(candidate: CandidateView) -> Iterator[str]:
    for change in candidate["dropped"]:
        yield f"not done: {_line(change)}"
    for platform, kinds in candidate["summary"].items():
        yield f"{platform}: {', '.join(f'{count} {kind}' for kind, count in kinds.items())} by the candidate alone"
    yield f"the candidate touches {candidate['accounts']} accounts otherwise than is due anyway"
    yield f"settings that differ: {', '.join(candidate['keys']) or 'none'}"


def in_order(plan: Plan) -> list[tuple[Change, Held | None]]:
    """All changes in the order in which they are shown, each with what holds it."""
    both: list[tuple[Change, Held | None]] = [(change, None) for change in plan.changes]
    both += [(held.change, held) for held in plan.held]
    return sorted(both, key=lambda each: key_of(each[0]))


def change_view(store: Store, billing_of: Mapping[str, str], change: Change, held: Held | None) -> ChangeView:
    """One change, by these billings of the platforms."""
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
        due_anyway=None,
    )
