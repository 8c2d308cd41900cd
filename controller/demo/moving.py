"""Whether anybody was without service while his account moved from one platform to another."""

from controller.demo.changes import Chosen, destination
from controller.demo.check import WORDS
from controller.demo.kinds import KINDS
from controller.demo.lookout import Sight


async def dark(site: Sight, moved: Chosen) -> list[str]:
    """The ids of the accounts that lost their service on the old platform before they had it on the new one.

    The simulators say when each record was switched; all of them go by the clock of this machine.
    """
    records = {name: {words.name_of(each): each for each in await site.records(name)} for name, words in WORDS.items()}
    found = []
    for old, accounts in moved.items():
        new = destination(KINDS[old])
        for account in accounts:
            left, entered = records[old][WORDS[old].name(account)], records[new][WORDS[new].name(account)]
            if WORDS[old].off_since(left) < WORDS[new].on_since(entered):
                found.append(account.id)
    return found
