"""What is new about a subscriber after a look or a pass, and so worth a line of the log.

Rules of this module:

1. A call and its outcome are news, and so is a look that failed. Besides, only that a subscriber stands otherwise than
   was said last: a hold that began or ended, another hold, no service any more. Who is at rest, or held as before, is
   none, however often it is looked at (promise P12). Who is on its way is none either: something will come of it.
2. A target that is in trouble is no news about the subscribers whose looks it puts off.
3. What was said last is in the store: neither a restart nor what happens in between has it said again.
"""

from dataclasses import replace

from controller.decided import Decided
from controller.executor import Opened
from controller.judgement import Comparison, decide
from controller.look import Before, Look, Result
from controller.store import AuditRow, OpenIntent, Progress, Store, StoredSubscriber
from controller.targets import Billing, Household
from desired_state.subscriber import State, SubscriberKey

_HOLDS = (State.HELD, State.PAUSED, State.CONFLICT, State.PARKED)
_FAILED = ("rejected", "transient", "unavailable")


class News:
    """Finds what is new about subscribers of one billing source."""

    def __init__(self, billing: Billing, house: Household) -> None:
        self._billing = billing
        self._house = house

    def of_look(self, store: Store, look: Look, result: Result, call: Opened | None) -> tuple[Decided, ...]:
        """What to tell when it has ended, with a call or without one."""
        rows = [(each.number, store.journal.outcome(each.number)) for each in look.before.calls]
        account = self._account(store, look.i_account) if rows else None
        news = [_resolved(_line(look, row.reason, row.result), account, number, row) for number, row in rows if row]
        progress = store.subscribers(look.platform.name).progress(look.i_account)
        is_new = self._note(store, SubscriberKey(look.platform.name, look.i_account), look.before.said, progress)
        if call is not None:
            news.append(_called(look, result, call, progress))
        elif is_new or (result.result in _FAILED and not result.put_off):
            known = store.subscribers(look.platform.name).get(look.i_account)
            reason = known.desired.reason if known is not None else self._reason(store, look)
            news.append(self._stands(store, _line(look, reason, result.result), progress))
        return tuple(news)

    def of_pass(self, store: Store, comparison: Comparison, progress: Progress | None) -> tuple[Decided, ...]:
        """What to tell of a subscriber of which a pass has noted how it stands now; `None`: nothing was noted."""
        known, key = comparison.subscriber, comparison.subscriber.desired.key
        if progress is None or not self._note(store, key, known.said, progress):
            return ()
        line = Decided(
            i_account=key.i_account,
            platform=key.platform,
            action="none",
            reason=known.desired.reason,
            trigger="pass",
            result="held" if _is_hold(progress) else "noop",
        )
        return (self._stands(store, line, progress),)

    def _note(self, store: Store, key: SubscriberKey, said: str, progress: Progress | None) -> bool:
        """Whether it stands otherwise than was said, which then is noted."""
        stance = _stance(progress)
        if stance in (None, said):
            return False
        store.subscribers(key.platform).note_said(key.i_account, stance)
        return True

    def _stands(self, store: Store, line: Decided, progress: Progress | None) -> Decided:
        """The line, with how the subscriber stands."""
        action = "hold" if _is_hold(progress) else "none"
        return _standing(replace(line, account=self._account(store, line.i_account), action=action), progress)

    def _account(self, store: Store, i_account: int | None) -> str | None:
        """The account's id."""
        stored = store.accounts(self._billing.name).get(i_account) if i_account is not None else None
        return stored.account.id if stored is not None else None

    def _reason(self, store: Store, look: Look) -> str | None:
        """The rule by which a platform has nothing to do with an account."""
        stored = store.accounts(self._billing.name).get(look.i_account)
        if stored is None:
            return None
        return decide(stored, store.absences(self._billing.name).get(look.i_account), self._house, look.now).reason


def before(known: StoredSubscriber | None, calls: tuple[OpenIntent, ...]) -> Before:
    """How a subscriber stands when a look begins."""
    said = known.said if known is not None else _stance(None)
    return Before(said or "", calls)


def _stance(progress: Progress | None) -> str | None:
    """How a subscriber stands, as it is said: empty at rest, `None` on its way; without progress it has no service."""
    if progress is None:
        return State.NO_SERVICE.value
    if progress.state is State.NO_SERVICE:
        return progress.state.value
    if _is_hold(progress):
        return f"{progress.state.value}: {progress.held_by or ''}"
    return "" if progress.state is State.IN_SYNC else None


def _is_hold(progress: Progress | None) -> bool:
    return progress is not None and (progress.state in _HOLDS or progress.held_by == "waiting")


def _line(look: Look, reason: str | None, result: str) -> Decided:
    return Decided(
        i_account=look.i_account,
        platform=look.platform.name,
        action="none",
        reason=reason,
        trigger=look.trigger,
        result=result,
    )


def _standing(line: Decided, progress: Progress | None) -> Decided:
    if progress is None:
        return replace(line, state=State.NO_SERVICE)
    return replace(line, state=progress.state, held_by=progress.held_by, text=progress.text)


def _called(look: Look, result: Result, call: Opened, progress: Progress | None) -> Decided:
    """A call, and what came of it."""
    intent = call.intent
    return Decided(
        account=intent.account_id,
        i_account=look.i_account,
        platform=look.platform.name,
        action=intent.kind,
        reason=intent.reason,
        state=State.NO_SERVICE if progress is None else progress.state,
        held_by=None if progress is None else progress.held_by,
        text=None if progress is None else progress.text,
        intent=call.number,
        request_id=intent.request_id,
        trigger=look.trigger,
        result=result.result,
    )


def _resolved(line: Decided, account: str | None, number: int, row: AuditRow) -> Decided:
    """What became of a call whose answer was lost."""
    return replace(line, account=account, action=row.kind, text=row.text, intent=number, request_id=row.request_id)
