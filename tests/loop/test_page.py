"""The status page: who may read it, what it shows, and that it stays a page whatever others call their accounts."""

import asyncio
import base64
import re
import shlex
import sqlite3  # noqa: TID251  another program
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime, timedelta
from functools import partial
from html import unescape
from html.parser import HTMLParser

import httpx
import pytest

from controller import orders
from controller.daemon import endpoints
from controller.server.html import in_words
from controller.store import Pause, Store, StoreError
from platforms.simulation import Fault
from tests.bed import Bed, World
from tests.clocks import START
from tests.loop.platforms import catalog, seachange, telebreeze
from tests.loop.test_several_billings import entry, environment, platform
from tests.loop.vanishing import vanish

MakeBed = Callable[..., Bed]
TAGS = {
    *("html", "head", "meta", "title", "link", "style", "body", "header", "main", "footer", "search", "section", "div"),
    *("form", "label", "input", "button", "h1", "h2", "h3", "p", "a", "ul", "ol", "li", "dl", "dt", "dd", "details"),
    *("summary", "table", "caption", "thead", "tbody", "tfoot", "tr", "th", "td", "time", "bdi", "small", "strong"),
    *("span", "pre", "code"),
}
INLINE = {"a", "bdi", "span", "small", "time", "code", "strong"}
HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-embedder-policy": "require-corp",
}


def basic(username: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()


class Elements(HTMLParser):
    """The elements of a document, and its text without style."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.text += "" if tag in INLINE else " "

    def handle_data(self, data: str) -> None:
        self.text += "" if self.tags[-1:] and self.tags[-1][0] == "style" else data

    def named(self, tag: str) -> Iterator[dict[str, str | None]]:
        yield from (attributes for name, attributes in self.tags if name == tag)


async def seen(bed: Bed, path: str = "/") -> str:
    """What a reader reads, on one line."""
    return " ".join(Elements((await bed.page(path)).text).text.split())


async def held_by_the_brake(bed: Bed) -> str:
    """Twelve accounts are blocked at once; returns the hash of what is held."""
    accounts = [bed.tv_account(number) for number in range(1, 21)]
    await bed.full_pass()
    for account in accounts[:12]:
        bed.billing.change("block", i_account=account)
    await bed.full_pass()
    plan = (await bed.status())["platforms"]["tv"]["held_plan"]
    assert plan is not None
    return plan["hash"]


NAMED = {"username": "noc", "password": "noc-secret"}


@pytest.mark.parametrize(
    ("configured", "shown", "status"),
    [
        ({"token": "t-secret"}, None, 401),
        ({"token": "t-secret"}, "Bearer t-secret", 200),
        ({"token": "t-secret"}, "bearer t-secret", 200),
        ({"token": "t-secret"}, basic("anybody", "t-secret"), 200),
        ({"token": "t-secret"}, basic("", "t-secret"), 200),
        ({"token": "t-secret"}, "Bearer t-secre", 401),
        ({"token": "t-secret"}, "Basic t-secret", 401),
        ({"token": "t-secret"}, "Basic ****", 401),
        ({"token": "t-secret"}, basic("t-secret", ""), 401),
        ({"token": "t-secret"}, "Bearer", 401),
        (NAMED, basic("noc", "noc-secret"), 200),
        (NAMED, basic("noc", "noc-secret:"), 401),
        (NAMED, basic("somebody", "noc-secret"), 401),
        (NAMED, "Bearer noc-secret", 401),
        ({"token": "t-secret", **NAMED}, basic("noc", "noc-secret"), 200),
        ({"token": "t-secret", **NAMED}, basic("somebody", "t-secret"), 200),
        ({"token": "t-secret", **NAMED}, basic("somebody", "noc-secret"), 401),
        ({"token": "schlüssel"}, basic("anybody", "schlüssel"), 200),
    ],
)
async def test_only_who_shows_what_is_configured_gets_in(
    make_bed: MakeBed, configured: dict[str, str], shown: str | None, status: int
) -> None:
    bed = make_bed(server={"page": configured})
    await bed.store()
    answer = await bed.page("/", authorization=shown or "")
    assert answer.status_code == status
    assert ("Accounts by platform" in answer.text) is (status == 200)
    challenge = 'Basic realm="iptv-reconciler", charset="UTF-8"' if status == 401 else None
    assert answer.headers.get("www-authenticate") == challenge


async def test_without_credentials_in_the_configuration_nobody_gets_in_and_is_told_why(make_bed: MakeBed) -> None:
    bed = make_bed(server={"page": None})
    for shown in ("", "Bearer ", basic("", "")):
        answer = await bed.page("/?account=tv000001", authorization=shown)
        assert answer.status_code == 403
        assert "server.page.token" in answer.text


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW"])
async def test_it_can_only_be_read(bed: Bed, method: str) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(bed.endpoints), base_url="http://us") as client:
        answer = await client.request(method, "/", headers={"authorization": "Bearer page-secret"})
        assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")
        assert (await client.head("/", headers={"authorization": "Bearer page-secret"})).status_code in (200, 503)


async def test_every_answer_leaves_a_browser_nothing_to_do_but_show_it(bed: Bed) -> None:
    await held_by_the_brake(bed)
    answers = [await bed.page(path) for path in ("/", "/?account=tv000001", "/?account=none", "/?account=i_account:7")]
    answers += [await bed.page(authorization="")]
    assert {answer.status_code for answer in answers} == {200, 401, 404}
    for answer in answers:
        assert HEADERS.items() <= dict(answer.headers).items()
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; style-src 'sha256-")
        assert policy.endswith("; img-src data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'")
        document = Elements(answer.text)
        assert {tag for tag, _ in document.tags} <= TAGS
        assert not any("style" in attributes for _, attributes in document.tags)
        addresses = [each[key] for _, each in document.tags for key in ("href", "src", "action") if key in each]
        assert all(str(each).startswith(("/", "data:,")) for each in addresses)
        assert "set-cookie" not in answer.headers
        assert "strict-transport-security" not in answer.headers, "there is no TLS here"


async def test_every_document_can_be_read_by_a_screen_reader(bed: Bed) -> None:
    await held_by_the_brake(bed)
    for path, title in (
        ("/", "Needs attention"),
        ("/?account=tv000001", "Account tv000001"),
        ("/?account=x", "No acc"),
    ):
        document = Elements((await bed.page(path)).text)
        names = [tag for tag, _ in document.tags]
        assert [names.count(each) for each in ("h1", "main", "header", "footer", "title")] == [1] * 5
        assert next(document.named("html"))["lang"] == "en"
        assert document.text.strip().startswith(title), "the title comes first"
        assert names.count("table") == names.count("caption")
        assert all("scope" in each for each in document.named("th"))
        fields = {each["id"] for each in document.named("input")}
        assert fields == {each["for"] for each in document.named("label")}
        ids = [each["id"] for _, each in document.tags if "id" in each]
        assert len(ids) == len(set(ids))
        for each in document.named("time"):
            assert datetime.fromisoformat(each["datetime"] or "").tzinfo is not None


async def test_it_counts_accounts_by_platform_and_state(make_bed: MakeBed) -> None:
    bed = make_bed(platforms={"tv": telebreeze(), "cable": seachange()}, catalog=catalog("tv", "cable"))
    for number in range(1, 6):
        bed.tv_account(number, i_product=61 if number % 2 else 63)
    await bed.full_pass()
    text = await seen(bed)
    assert "State tv cable in sync 3 2" in text
    assert text.startswith("Healthy")
    assert "all 3 2" in text


async def test_what_waits_for_a_person_is_counted_with_the_command_that_approves_it(bed: Bed) -> None:
    plan = await held_by_the_brake(bed)
    text = await seen(bed)
    assert f"tv: plan {plan}" in text
    assert "changes that wait 12 take something from a viewer 12 (limit 10) other updates 0" in text
    (command,) = re.findall(r"iptv-reconciler approve .*? --config \S+", text)
    assert shlex.split(command)[:3] == ["iptv-reconciler", "approve", plan]
    account = await seen(bed, "/?account=tv000001")
    assert command in account
    assert "held by brake: would take something from 12 records" in account


async def test_a_first_contact_says_what_the_platform_holds(make_bed: MakeBed) -> None:
    bed = make_bed(brake={"floor": 1})
    bed.tv_account()
    for number in range(3):
        bed.platform.operator.create({"externalId": f"stranger {number}"})
    await bed.full_pass()
    text = await seen(bed)
    assert "first plan for a platform that has customers already" in text
    assert "foreign records there 3" in text


async def test_a_list_that_lacks_too_many_has_its_command_as_well(bed: Bed) -> None:
    for number in range(1, 31):
        bed.tv_account(number)
    await bed.full_pass()
    for account in list(bed.billing.installation.accounts)[:15]:
        vanish(bed, account)
    await bed.full_pass()
    text = await seen(bed)
    assert "billing: a list that lacks 15" in text
    assert "not proven complete" in text
    assert re.search(r"if they are gone for good: approve (\w+).*", text)
    assert len(set(re.findall(r"approve (\w{16})", text))) == 1, "and names the hash that the sentence names"


async def test_breakers_pauses_and_accounts_in_trouble_are_told(bed: Bed) -> None:
    first, _ = bed.tv_account(1), bed.tv_account(2)
    await bed.full_pass()
    pause = Pause("tv", "", None, "new <racks>", "anna", bed.world.now(), bed.world.now() + timedelta(hours=2))
    await bed.application.ledger.run(lambda store: orders.pause(store, pause))
    await bed.application.ledger.run(lambda store: store.targets.set_breaker("tv", bed.world.now()))
    text = await seen(bed)
    assert "tv (platform): breaker open since 2026-03-01 12:00:00 UTC" in text
    assert (
        "tv: pause by anna since 2026-03-01 12:00:00 UTC (now), until 2026-03-01 14:00:00 UTC (2 hours from now)"
        in text
    )
    assert "new <racks>" in text

    await bed.application.ledger.run(lambda store: store.targets.set_breaker("tv", None))
    bed.world.advance(timedelta(hours=3))
    bed.platform.faults.add(Fault(operation="customers.update", kind="status", status=422))
    bed.billing.change("contact", i_account=first, contact={"city": "Linz"})
    await bed.espf("Account/Updated", i_account=first)
    await bed.act_on_events()
    assert "parked on tv: tv000001" in await seen(bed)
    assert "Nothing is paused." in await seen(bed)


async def test_the_latest_actions_of_all_come_first(bed: Bed) -> None:
    accounts = [bed.tv_account(number) for number in range(1, 4)]
    await bed.full_pass()
    bed.world.advance(3600)
    bed.billing.change("block", i_account=accounts[1])
    await bed.espf("Account/Blocked", i_account=accounts[1], i_event=5)
    await bed.act_on_events()
    latest = (await seen(bed)).partition("Latest actions")[2]
    assert "the latest first. tv000002: suspend on tv ok blocked (event), 2026-03-01 13:" in latest
    assert latest.count(": create on tv ok entitled (pass), 2026-03-01 12:00:00 UTC (6") == 3


async def test_an_account_shows_what_explain_tells(bed: Bed) -> None:
    account = bed.tv_account()
    await bed.full_pass()
    bed.billing.change("block", i_account=account)
    bed.platform.faults.add(Fault(operation="customers.update", kind="status", status=500, count=None))
    await bed.espf("Account/Blocked", i_account=account, i_event=5)
    await bed.act_on_events()
    text = await seen(bed, "/?account=tv000001")
    assert (await bed.explain("tv000001"))["answer"] in text
    assert "Suspended, because of: blocked." in text
    assert "On platform tv: backoff" in text
    assert "enabled no yes differs" in text
    assert "device ids 001A…01 001A…01" in text
    assert "tried again 2026-03-01 12:00:" in text
    assert "create tv000001_3 ok entitled (pass" in text


async def test_an_account_is_found_by_its_id_and_by_its_number(bed: Bed) -> None:
    assert bed.tv_account() == 70001
    await bed.full_pass()
    for asked in ("tv000001", "i_account:70001", "%20tv000001%20", "i_account:70001&billing=billing"):
        answer = await bed.page(f"/?account={asked}")
        assert answer.status_code == 200
        assert "<h1>Account <bdi>tv000001</bdi></h1>" in answer.text


async def test_an_account_is_found_by_an_id_that_it_bore_before(bed: Bed) -> None:
    account = bed.tv_account()
    await bed.full_pass()
    bed.billing.change("terminate", i_account=account)
    await bed.full_pass()
    text = await seen(bed, "/?account=tv000001")
    assert "Account tv000001-old000" in text
    assert "was called tv000001 until" in text


UNKNOWN = {
    "tv0000": ["tv000001", "tv000002"],
    "tv000001_3": ["tv000001"],
    "tv000009": ["tv000001", "tv000002"],
    "TV000001": ["tv000001"],
    "tv": [],
    "nobody": [],
    "i_account:7": [],
    "i_account:" + "9" * 30: [],
    "i_account:" + "9" * 5000: [],
    "x" * 10_000: [],
    "%00": [],
    "tv000001&billing=none": ["tv000001"],
}


async def test_an_account_that_is_not_known_says_so_and_names_similar_ones(bed: Bed) -> None:
    for number in (1, 2):
        bed.tv_account(number)
    await bed.full_pass()
    for asked, similar in UNKNOWN.items():
        answer = await bed.page(f"/?account={asked}")
        assert answer.status_code == 404
        assert "is known here</h1>" in answer.text
        assert re.findall(r"<bdi>(tv\d+)</bdi></a>", answer.text) == similar
        assert len(answer.text) < 20_000


async def test_p25_it_says_that_the_configuration_file_was_refused(bed: Bed) -> None:
    text = "the configuration file was refused at noon, so an older one is in force: brake.flor: unknown key"
    assert "Configuration" not in await seen(bed)
    await bed.application.ledger.run(lambda store: store.targets.set_refused_configuration(text))
    assert f"Configuration {text}" in await seen(bed)


async def test_where_several_billings_know_such_an_account_the_reader_chooses(make_bed: MakeBed) -> None:
    bed = make_bed(
        billing=[environment("east"), environment("west")],
        platforms={"tv": platform("east", "http://tv.test"), "tv_west": platform("west", "http://tv-west.test")},
        catalog=[entry("tv"), entry("tv_west")],
    )
    bed.tv_account(1)
    bed.tv_account(1, billing=bed.billing_at("http://west.test"))
    await bed.full_pass()
    choice = Elements((await bed.page("/?account=tv000001")).text)
    assert "Several billings know an account tv000001" in choice.text
    links = [each["href"] for each in choice.named("a") if "billing=" in str(each["href"])]
    assert links == ["/?account=tv000001&billing=east", "/?account=tv000001&billing=west"]
    assert "i_account 70001 of west" in await seen(bed, str(links[1]))
    overview = Elements((await bed.page()).text)
    assert "/?account=i_account:70001&billing=west" in [each["href"] for each in overview.named("a")]


HOSTILE = (
    "<script>alert(1)</script>",
    "\"'><img src=x onerror=alert(1)>",
    "{{ 7 * 191 }}{% raw %}",
    "a\u202egpj.exe\u2066",
    "nul\x00\x07\x1b[31m",
    "עברית",
    "x" * 10_000,
    "</style><h1>",
    "javascript:alert(1)",
)


async def test_whatever_accounts_are_called_the_page_stays_the_page(bed: Bed) -> None:
    accounts = {bed.tv_account(number): name for number, name in enumerate(HOSTILE, start=1)}
    await bed.full_pass()
    now = bed.world.now()
    pauses = [Pause(name, "", None, name, name, now, now + timedelta(hours=1)) for name in HOSTILE]
    for account, name in accounts.items():
        bed.billing.change("rename", i_account=account, id=name)
        bed.billing.change("block", i_account=account)
    await bed.full_pass()
    for pause in pauses:
        await bed.application.ledger.run(partial(_pause, pause=pause))
    assert "&lt;script&gt;alert(1)" in (await bed.page()).text
    by_number = [f"/?account=i_account:{account}" for account in accounts]
    by_name = [str(httpx.URL("/", params={"account": name})) for name in HOSTILE]
    for path in ("/", *by_number, *by_name):
        answer = await bed.page(path)
        assert answer.status_code == 200
        document = Elements(answer.text)
        assert {tag for tag, _ in document.tags} <= TAGS
        assert [tag for tag, _ in document.tags].count("h1") == 1
        assert not any(key.startswith("on") for _, each in document.tags for key in each)
        assert not any(str(each.get("href")).startswith("javascript") for _, each in document.tags)
        assert "1337" not in answer.text
        assert all(each.isprintable() or each in "\n\t" for each in answer.text)
        assert len(answer.text) < 100_000


def _pause(store: Store, *, pause: Pause) -> None:
    store.holds.pause(pause)


async def test_it_asks_nobody_and_writes_nothing(bed: Bed) -> None:
    await held_by_the_brake(bed)
    store = await bed.store()

    def counts() -> tuple[int, int, int]:
        (version,) = store.db.conn.execute("PRAGMA data_version").fetchone()  # another one when somebody else wrote
        return len(bed.to_billing.began), bed.platform.requests.operations.total(), version

    before = counts()
    for path in ("/", "/?account=tv000001", "/?account=nobody"):
        await bed.page(path)
    assert counts() == before


async def test_what_it_reads_through_cannot_write(bed: Bed) -> None:
    await bed.store()
    with pytest.raises(StoreError, match="cannot be written to"), Store.as_it_stands(bed.config.store.path) as store:
        store.targets.set_meta("a", "b")


async def test_it_answers_while_another_program_holds_the_database(bed: Bed) -> None:
    bed.tv_account()
    await bed.full_pass()
    with closing(sqlite3.connect(bed.config.store.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert (await bed.page()).status_code == 200
        assert (await bed.page("/?account=tv000001")).status_code == 200


async def test_a_store_that_cannot_be_read_is_a_sentence(bed: Bed) -> None:
    answer = await bed.page()
    assert answer.status_code == 503
    assert f"the store {bed.config.store.path} cannot be used" in unescape(answer.text)
    assert HEADERS.items() <= dict(answer.headers).items()


class Counting(World):
    """A clock that counts how often it is asked for the instant."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0

    def now(self) -> datetime:
        self.asked += 1
        return super().now()


async def test_many_readers_cost_as_much_as_one(bed: Bed) -> None:
    bed.tv_account()
    await bed.full_pass()
    clock = Counting()
    app = endpoints(bed.application, clock)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://us") as client:

        async def read() -> str:
            return (await client.get("/", headers={"authorization": "Bearer page-secret"})).text

        for readings in (1, 2):
            assert len(set(await asyncio.gather(*(read() for _ in range(100))))) == 1
            assert clock.asked == readings
            clock.advance(1)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        *((0, "now"), (0.5, "now"), (1, "1 second ago"), (59, "59 seconds ago"), (89, "89 seconds ago")),
        *((90, "2 minutes ago"), (3600, "60 minutes ago"), (5400, "2 hours ago"), (86400, "24 hours ago")),
        *((129600, "2 days ago"), (-7200, "2 hours from now"), (-30 * 86400, "30 days from now")),
    ],
)
def test_ages_are_told_in_words(seconds: float, words: str) -> None:
    assert in_words(START - timedelta(seconds=seconds), START) == words
