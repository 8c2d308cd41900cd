"""All checks, and how they are run.

Rules of this module:

1. The checks know nothing of each other, and run side by side: most of their time they wait for a platform that shows
   a write late.
2. What was made is removed at the end, after a failure and when the run is called off as well.
3. A platform that cannot delete is not written to.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from desired_state.catalog import Offer
from platforms.conformance import changing, ending, feed, limits, making
from platforms.conformance.bench import Bench, Setting, Trail
from platforms.conformance.removal import removed
from platforms.conformance.verdicts import Deviation, Verdict, sentence_of

OFFER = "the platform says what it offers"
REMOVAL = "every record that was made here is removed"


@dataclass(frozen=True, slots=True)
class Check:
    """One sentence about a driver, and the test of it: the text it returns says what was seen."""

    name: str
    run: Callable[[Bench], Awaitable[str]]


CHECKS: tuple[Check, ...] = (
    Check("a wish that fits the capabilities is no problem", limits.fitting_is_no_problem),
    Check("what the capabilities rule out is a problem", limits.beyond_is_a_problem),
    Check("an unknown package is refused or a problem", limits.unknown_package_is_refused),
    Check("normalizing twice is normalizing once", limits.normalizing_is_idempotent),
    Check("what is created reads back as wished", making.reads_back),
    Check("the mark of its owner reads back", making.mark_reads_back),
    Check("no read shows a secret", making.secrets_are_not_shown),
    Check("a record is found by its id and by its name", making.found_by_id_and_name),
    Check("a name nobody has is observed as none", making.nobody_is_none),
    Check("a reading is dated by its beginning", making.dated_by_its_beginning),
    Check("the list shows it with the same content", making.listed_with_same_content),
    Check("creating twice makes one record", making.twice_makes_one),
    Check("a record of another owner is refused and left alone", making.other_owner_is_refused),
    Check("a record without a mark is refused and left alone", making.unmarked_is_refused),
    Check("a device that another record has is refused", making.taken_device_is_refused),
    Check("a device that was let go can be given to another record", changing.device_changes_hands),
    Check("MACs in any spelling compare equal", changing.macs_in_any_spelling),
    Check("an update brings everything it manages", changing.update_brings_all),
    Check("an update that changes nothing changes nothing", changing.update_of_nothing),
    Check("an update may be repeated", changing.update_may_be_repeated),
    Check("what is not managed stays", changing.unmanaged_stays),
    Check("suspending keeps everything else", changing.suspending_keeps_the_rest),
    Check("packages are given and taken away", changing.packages_come_and_go),
    Check("an update of a record that is gone is transient", changing.update_of_nobody),
    Check("a rename changes the name and nothing else, or is unsupported", ending.renaming),
    Check("a rename to a name in use is refused", ending.renaming_to_a_taken_name),
    Check("a delete leaves every other record alone", ending.deleting_spares_others),
    Check("a deleted record is gone, and deleting it again succeeds", ending.deleting_twice),
    Check("the feed of sales shows again what it has shown, or is unsupported", feed.reads_again),
)


async def conform(setting: Setting, warn: Callable[[str], None]) -> list[Verdict]:
    """A verdict for each check, in their order.

    `warn` is told what somebody should know at once: each record that is left, however the run ends, and that the end
    takes its time when the run is called off.
    """
    driver = setting.driver
    try:
        offer = Offer(await driver.packages())
    except Exception as error:  # whatever it is, there is nothing to begin with
        return [Verdict(OFFER, False, sentence_of(error))]
    said = Verdict(OFFER, True, f"{len(offer.packages)} packages")
    if not driver.capabilities.can_delete:
        return [
            said,
            Verdict(REMOVAL, False, "nothing was written: the platform cannot delete, so it would stay there"),
        ]
    trail, left = Trail(setting.draw()), list[str]()
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(_verdict(check, Bench(setting, offer, trail))) for check in CHECKS]
    except asyncio.CancelledError:
        warn("called off: what was made is being removed, please wait")
        raise
    finally:
        left += await removed(setting, trail)
        for text in left:
            warn(text)
    last = Verdict(REMOVAL, not left, "; ".join(left) or f"{len(trail.names)} names were used, none is left")
    return [said, *(task.result() for task in tasks), last]


async def _verdict(check: Check, bench: Bench) -> Verdict:
    try:
        return Verdict(check.name, True, await check.run(bench))
    except Deviation as deviation:
        return Verdict(check.name, False, deviation.text)
    except Exception as error:  # a driver may do anything; the other checks go on
        return Verdict(check.name, False, f"it ended with {sentence_of(error)}")
