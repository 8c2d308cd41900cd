"""The latest calls to all platforms, as the status page shows them."""

from controller.store import Call, Store
from controller.views.explain import ActionView, action_view


class LatestView(ActionView):
    """A call with whose it was; `account` is the id that it bore then."""

    account: str
    i_account: int
    platform: str


def latest_view(store: Store, limit: int) -> list[LatestView]:
    """What was last done for anybody, or is being done, the latest first."""
    return [_latest(call) for call in store.journal.latest_of_all(limit)]


def _latest(call: Call) -> LatestView:
    return LatestView(
        **action_view(call.row),
        account=call.account_id,
        i_account=call.key.i_account,
        platform=call.key.platform,
    )
