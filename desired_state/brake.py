"""How much may be taken away or altered before a person is asked (promise P4).

Rules of this module:

1. Two bounds hold at once: one for each pass, and one for any 24 hours together. Above either, the platform's whole
   destructive plan is held: nobody can say which part of a mistake is right.
2. What a person has approved is exempt, and does not count: exactly those changes, by their identity (promise P5).
3. As every policy, the brake only holds.
"""

from collections import Counter
from collections.abc import Callable, Mapping

from desired_state.allowance import Allowance
from desired_state.plan import Change, Create, Plan, is_destructive, key_of
from desired_state.policy import Policy, holding

Exempt = Callable[[Change], bool]
"""Whether a change goes on in any case: a person approved it, or it goes on with what has begun."""


_NOTHING = Allowance(destructive=0, updates=0)


def brake(allowances: Mapping[str, Allowance], exempt: Exempt = lambda _: False) -> Policy:
    """Hold a platform's whole destructive plan where it is larger than allowed, and likewise its updates.

    A platform without an allowance is allowed nothing of either. What is `exempt` is neither counted nor held.
    """

    def limited(plan: Plan) -> Plan:
        counted = [change for change in plan.changes if not exempt(change)]
        destructive = Counter(key_of(change).platform for change in counted if is_destructive(change))
        updates = Counter(key_of(change).platform for change in counted if is_limited_update(change))

        def reason(change: Change) -> str | None:
            platform = key_of(change).platform
            allowance = allowances.get(platform, _NOTHING)
            if destructive[platform] > allowance.destructive and is_destructive(change) and not exempt(change):
                return _too_many_destructive(platform, destructive[platform], allowance)
            if updates[platform] > allowance.updates and is_limited_update(change) and not exempt(change):
                return _too_many(platform, updates[platform], "alter", f"the brake's {allowance.updates}")
            return None

        return holding("brake", reason)(plan)

    return limited


def room(left: Allowance, needs: int = 1, exempt: Exempt = lambda _: False) -> Policy:
    """The same for a single change between two passes: hold it where the last pass has left no room for it.

    `needs`: how many updates there has to be room for, where others follow.
    """

    def reason(change: Change) -> str | None:
        has_room = left.destructive > 0 if is_destructive(change) else left.updates >= needs
        if exempt(change) or has_room or not (is_destructive(change) or is_limited_update(change)):
            return None
        return "the brake has no room left for this until the next full pass, which sees it with all the rest"

    return holding("brake", reason)


def is_limited_update(change: Change) -> bool:
    """Whether the change counts against the brake's share of other updates: creations and resumptions never do."""
    return change.kind in ("update", "rename") and not is_destructive(change) and not isinstance(change, Create)


def _too_many_destructive(platform: str, count: int, allowance: Allowance) -> str:
    left = f"the {allowance.destructive} left of the 24 hours' budget" if allowance.is_daily else None
    return _too_many(platform, count, "take something from", left or f"the brake's {allowance.destructive}")


def _too_many(platform: str, count: int, verb: str, limit: str) -> str:
    return (
        f"would {verb} {count} records of platform {platform!r}, more than {limit};"
        " approve or reject the plan by its hash, which status shows"
    )
