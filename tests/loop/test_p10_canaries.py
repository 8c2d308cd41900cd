"""Nothing secret or personal in whatever the program shows, logs, counts or keeps for later readers (promise P10).

Canaries are planted wherever billing, platforms and the configuration hold such things, and faults happen on the way.
"""

import io
import json
import logging
from collections.abc import AsyncIterator, Callable, Iterator

import pytest

from controller import log
from controller.views.explain_text import explain_lines
from controller.views.plan import Found, plan_lines, plan_markdown, plan_view
from controller.views.status_text import status_lines
from platforms.seachange.simulated import Customer
from platforms.simulation import Fault
from tests.bed import Bed
from tests.collector import Collector
from tests.loop.platforms import billing, box, cable, catalog, ministra, seachange, telebreeze
from tests.servers import serving

CONTACT = {
    "firstname": "Canarina",
    "lastname": "Serinus",
    "email": "serinus@canary.example",
    "phone1": "+4299123456",
    "baddr1": "Cage Street 9",
    "city": "Aviary Town",
    "zip": "CAN-4711",
}
SECRETS = {"TV Login": "serinus-login", "TV Password": "canary-password", "TV PIN": "913755081946"}
DEVICE = "00:1A:79:CA:4A:71"
OF_OTHERS = ("Ana Canary", "+4277654321")
KEPT = ("audit", "intents", "orders", "events", "announced", "targets", "held_changes", "told")


@pytest.fixture
async def traced() -> AsyncIterator[tuple[str, Collector]]:
    """Where spans are sent."""
    collector = Collector()
    async with serving(collector.app) as url:
        yield url, collector


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    """What is logged, as in the daemon, and more."""
    root, stream = logging.getLogger(), io.StringIO()
    handlers, level = root.handlers, root.level
    log.setup("DEBUG", stream=stream)
    yield stream
    root.handlers, root.level = handlers, level


async def everything_shown(bed: Bed) -> str:
    """All that a person, a script or a scraper gets to see."""
    now, billings = bed.world.now(), [each.billing for each in bed.application.installations]
    found = Found.of(await bed.full_pass())
    store, status = await bed.store(), await bed.status()
    plan = plan_view(store, billings, found, now)
    shown = [*plan_lines(plan), *plan_markdown(plan), json.dumps(plan), *status_lines(status), json.dumps(status)]
    for account in bed.billing.installation.accounts:
        view = await bed.explain(f"i_account:{account}")
        shown += [*explain_lines(view), json.dumps(view), (await bed.page(f"/?account=i_account:{account}")).text]
    shown += [bed.application.metrics.render().decode(), (await bed.page()).text]
    for table in KEPT:
        shown += [repr(row) for row in store.db.conn.execute(f"SELECT * FROM {table}")]
    shown += [repr(row) for row in store.db.conn.execute("SELECT state, held_by, text FROM subscribers")]
    return "\n".join(shown)


async def test_p10_no_canary_is_found_in_anything_that_is_shown_logged_counted_or_audited(
    make_bed: Callable[..., Bed], logged: io.StringIO, traced: tuple[str, Collector]
) -> None:
    endpoint, collector = traced
    degrade = ["connection_limit", "devices", "pin"]
    bed = make_bed(
        billing=billing(),
        platforms={
            "tv": telebreeze(auth="all", degrade=degrade),
            "cable": seachange(degrade=degrade[:2]),
            "box": ministra(auth="all", degrade=degrade),
        },
        catalog=catalog("tv", "cable", "box"),
        tracing={"endpoint": endpoint},
    )
    accounts = [bed.tv_account(number, i_product=60 + number) for number in (1, 3, 5)]
    for account in accounts:
        bed.billing.change("contact", i_account=account, contact=CONTACT)
        bed.billing.installation.accounts[account].custom_fields |= SECRETS
    bed.billing.change("device", i_account=accounts[0], devices=[DEVICE])
    twin = bed.tv_account(7)
    bed.billing.change("device", i_account=twin, devices=[DEVICE])
    bed.tv_account(8)
    others = ", ".join(OF_OTHERS)
    bed.platform.operator.create({"externalId": "tv000008_3", "notes": others, "username": OF_OTHERS[0]})
    cable(bed).platform.put(Customer(id="tv000003_3", note=others, first=OF_OTHERS[0], phone=OF_OTHERS[1]))

    shown = await everything_shown(bed)
    for account in accounts:
        fields = bed.billing.installation.accounts[account].custom_fields
        fields |= {"TV Password": "canary-other", "TV PIN": "913855081946"}
        bed.billing.change("contact", i_account=account, contact=CONTACT | {"city": "Other Aviary"})
        await bed.espf("Account/Updated", i_account=account, email=CONTACT["email"], password="canary-password")
    await bed.act_on_events()
    shown += await everything_shown(bed)
    for number, kind in enumerate(("status", "html", "garbage", "truncated", "lost_answer")):
        for simulator in (bed.platform, cable(bed), box(bed), bed.billing):
            fault = {"operation": "*", "kind": kind, "count": 3} | ({"status": 422} if kind == "status" else {})
            simulator.faults.add(Fault.model_validate(fault))
        for account in accounts:
            bed.billing.change("contact", i_account=account, contact=CONTACT | {"city": f"Aviary {number}"})
        bed.world.advance(3600)
        shown += await everything_shown(bed)

    secrets = [
        *CONTACT.values(),
        *SECRETS.values(),
        "canary-other",
        "Aviary",
        *OF_OTHERS,
        "simulated-token",
        "page-secret",
    ]
    devices = [DEVICE, DEVICE.replace(":", "")]
    assert "001A…71" in shown, "the devices are in it, without their middle"
    assert '"contact": "changed"' in shown
    await bed.application.traces.aclose()
    assert {"event", "pass", "look", "tv customers.create"} <= set(collector.names)
    assert '"event": "decided"' in logged.getvalue()
    text = shown + logged.getvalue() + repr(collector.requests)
    assert [each for each in (*secrets, *devices) if each.lower() in text.lower()] == []
