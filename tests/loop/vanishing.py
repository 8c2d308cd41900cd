"""Accounts that vanish from billing and come back, and what tests have to say about them."""

from datetime import timedelta

from controller.billing.simulator.state import SimulatedAccount
from controller.store import Pause
from tests.bed import Bed

INFO = "Account/get_account_info"
FIELDS = "Account/get_custom_fields_values"
LIST = "Account/get_account_list"
APART = timedelta(minutes=15)
GRACE = timedelta(days=30)
MINUTE = timedelta(minutes=1)


def vanish(bed: Bed, i_account: int) -> SimulatedAccount:
    """Billing knows nothing of the account any longer; returns it, to be put back."""
    installation = bed.billing.installation
    installation.order.remove(i_account)
    return installation.accounts.pop(i_account)


def come_back(bed: Bed, account: SimulatedAccount) -> None:
    """Billing knows the account as if nothing had been."""
    installation = bed.billing.installation
    installation.accounts[account.i_account] = account
    installation.order.append(account.i_account)


async def neighbours(bed: Bed, count: int = 2) -> list[int]:
    """Accounts that are in sync; the first of them is the one that tests let vanish."""
    accounts = [bed.tv_account(number) for number in range(1, count + 1)]
    await bed.full_pass()
    return accounts


async def later(bed: Bed, delta: timedelta) -> None:
    """A pass after that time."""
    bed.world.advance(delta)
    await bed.full_pass()


async def proven(bed: Bed, i_account: int) -> SimulatedAccount:
    """The account has vanished, and everything is there that proves it."""
    account = vanish(bed, i_account)
    await later(bed, MINUTE)
    await later(bed, APART)
    return account


def looks(bed: Bed) -> int:
    """How often billing was asked for a single account."""
    return bed.billing.requests.operations[INFO]


def state_of(bed: Bed, external_id: str = "tv000001_3") -> str:
    """How the record stands on the platform: `active`, `disabled` or `gone`."""
    statuses = [row["status"] for row in bed.customers() if row["externalId"] == external_id]
    return str(statuses[0]) if statuses else "gone"


async def reason(bed: Bed, account: str = "tv000001") -> str:
    """By which rule the account is as it is."""
    return (await bed.explain(account))["decision"]["reason"]


async def facts(bed: Bed, account: str = "tv000001") -> dict[str, str]:
    """What that rests on."""
    return {fact[0]: fact[1] for fact in (await bed.explain(account))["decision"]["facts"]}


async def pause(bed: Bed, *, maintenance: bool = False) -> None:
    """A person has the platform left alone for a long time."""
    now = bed.world.now()
    entry = Pause("tv", "", None, "moving house", "ops", now, now + 10 * GRACE, maintenance)
    await bed.application.ledger.run(lambda store: store.holds.pause(entry))


async def resume(bed: Bed) -> None:
    """The platform is not left alone any longer, and the next pass finds that."""
    await bed.application.ledger.run(lambda store: store.holds.resume("tv"))
    await later(bed, MINUTE)


async def due_next(bed: Bed, i_account: int, due: str) -> SimulatedAccount:
    """All is proven, and only a pause keeps the record from becoming `disabled`, or `gone`."""
    if due == "disabled":
        await pause(bed)
        return await proven(bed, i_account)
    account = await proven(bed, i_account)
    await pause(bed)
    await later(bed, GRACE + MINUTE)
    return account
