"""SeaChange's documents: what is put, and what is believed."""

from dataclasses import replace
from xml.etree.ElementTree import Element, SubElement, fromstring

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desired_state.account import Contact, Secret
from desired_state.catalog import Package
from desired_state.subscriber import SubscriberSpec
from platforms.driver import Rejected, Taken, Transient
from platforms.endpoint import Endpoint
from platforms.registry import DRIVERS, DriverSettings
from platforms.seachange.dialect import Dialect
from platforms.seachange.markup import document, plain, storable, written
from platforms.seachange.wire import NO_PIN, Wire, refusal
from platforms.transport import Answer
from tests import strategies
from tests.clocks import START, VirtualClock
from tests.contract import renamed

NAMESPACE = "urn:eventis:traxisweb:1.0"
WIRE = Wire("tv", Dialect())
OTHER = Wire("tv", Dialect.model_validate(renamed.DIALECT))
HELD = (
    '<Enabled>true</Enabled><Name first="Ana" last="Doe"/><Contact email="a@example.net" phone="1"/>'
    '<Products><Product id="basic"/></Products><Cpes><Cpe id="001A79000001"/></Cpes><Pin></Pin><Note>VIP</Note>'
)
SPEC = SubscriberSpec(
    enabled=True,
    packages=("basic",),
    device_ids=("001A79000001",),
    pin=NO_PIN,
    contact=Contact(first_name="Ana", last_name="Doe", email="a@example.net", phone="1"),
    note="VIP",
)


def customer(inner: str = HELD, attributes: str = 'id="1_3" revision="7"', namespace: str = NAMESPACE) -> Element:
    return fromstring(f'<Customer xmlns="{namespace}" {attributes}>{inner}</Customer>')


def sent(root: Element, wire: Wire = WIRE) -> Element:
    """What the platform gets."""
    return fromstring(written(root, wire.dialect.document.namespace))


def normalized(spec: SubscriberSpec) -> SubscriberSpec:
    settings = DriverSettings(endpoint=Endpoint(target="tv", url="http://tv"))
    return DRIVERS["seachange"].build(settings, VirtualClock()).normalize(spec)


def holdable(spec: SubscriberSpec) -> SubscriberSpec:
    """A normalized wish without what SeaChange cannot hold."""
    return replace(normalized(spec), auth=None, password=None, max_connections=None)


def test_a_new_customer_is_put_with_everything_in_it() -> None:
    spec = replace(SPEC, packages=("basic", "sport"), pin=Secret("f", "1234"), contact=Contact(first_name="Ána & <b>"))
    text = written(WIRE.creation("1_3", spec), NAMESPACE).decode()
    assert text == (
        "<?xml version='1.0' encoding='utf-8'?>\n"
        f'<Customer xmlns="{NAMESPACE}" id="1_3"><Enabled>true</Enabled><Name first="Ána &amp; &lt;b&gt;" last="" />'
        '<Contact email="" phone="" /><Products><Product id="basic" /><Product id="sport" /></Products>'
        '<Cpes><Cpe id="001A79000001" /></Cpes><Pin>1234</Pin><Note>VIP</Note></Customer>'
    )


def test_what_is_not_managed_is_left_out_of_a_new_customer() -> None:
    assert [child.tag for child in WIRE.creation("1_3", SubscriberSpec(enabled=False, pin=Secret("f")))] == ["Enabled"]


@given(spec=strategies.specs(), texts=st.tuples(*[st.text(max_size=9)] * 3))
@pytest.mark.parametrize("wire", [WIRE, OTHER])
def test_what_is_written_reads_back(wire: Wire, spec: SubscriberSpec, texts: tuple[str, str, str]) -> None:
    wild = replace(spec, contact=Contact(first_name=texts[0], email=texts[1]), note=texts[2])
    wish = holdable(wild)
    observed = wire.observation(sent(wire.creation("1/3 é", wish), wire), START)
    assert replace(wish, pin=None).differs_from(observed.spec) == ()
    assert (observed.spec.pin == NO_PIN) == (not (wish.pin and wish.pin.value))
    assert (observed.external_id, observed.record_id, observed.observed_at) == ("1/3 é", "1/3 é", START)


@given(before=strategies.full_specs(), after=strategies.specs())
@pytest.mark.parametrize("wire", [WIRE, OTHER])
def test_a_change_brings_the_customer_to_the_wish(wire: Wire, before: SubscriberSpec, after: SubscriberSpec) -> None:
    held = replace(holdable(before), pin=NO_PIN)
    wish = replace(holdable(after), pin=None).over(held)
    changed = wire.change(sent(wire.creation("1_3", held), wire), held, wish)
    assert wire.observation(sent(changed, wire), START).spec == wish


def test_a_change_keeps_what_it_is_not_about_as_it_is_now() -> None:
    now = customer(HELD.replace("true", "false").replace("Ana", "Eva"))
    changed = WIRE.change(now, SPEC, replace(SPEC, packages=("basic", "sport")))
    shown = WIRE.observation(sent(changed), START).spec
    assert shown == replace(
        SPEC, enabled=False, packages=("basic", "sport"), contact=replace(SPEC.contact or Contact(), first_name="Eva")
    )


def test_a_change_keeps_elements_and_attributes_that_we_do_not_know() -> None:
    inner = (
        '<Region zone="3">north<Sub/></Region><Name first="Ana" last="Doe" middle="B"/>'
        '<Products><Product id="basic" since="2020"/><Product id="kids"/></Products>'
        '<x:Tag xmlns:x="urn:x" x:a="1"/><x:Tag xmlns:x="urn:x"/>'
    )
    now = customer(inner, 'id="1_3" revision="7" tier="gold"')
    before = WIRE.observation(now, START).spec
    changed = sent(WIRE.change(now, before, replace(before, packages=("basic", "sport"), note="ours")))
    assert dict(changed.attrib) == {"id": "1_3", "tier": "gold"}
    here = f"{{{NAMESPACE}}}"
    assert [dict(each.attrib) for each in changed.iterfind(f"{here}Products/*")] == [
        {"id": "basic", "since": "2020"},
        {"id": "sport"},
    ]
    assert [dict(each.attrib) for each in changed.iterfind(f"{here}Name")] == [
        {"first": "Ana", "last": "Doe", "middle": "B"}
    ]
    region = changed.find(f"{here}Region")
    assert region is not None
    assert (region.text, region.get("zone"), [each.tag for each in region]) == ("north", "3", [f"{here}Sub"])
    assert [dict(each.attrib) for each in changed.iterfind("{urn:x}Tag")] == [{"{urn:x}a": "1"}, {}]


def test_a_customer_nested_without_end_is_not_written_again() -> None:
    deep = customer("<a>" * 60 + "</a>" * 60)
    with pytest.raises(Transient, match="nested deeper"):
        WIRE.change(deep, SPEC, replace(SPEC, note="ours"))


@pytest.mark.parametrize(
    ("before", "after", "fields"),
    [
        (None, None, ()),
        (None, Secret("f1", "1234"), ("pin",)),
        (Secret("f1"), Secret("f1", "1234"), ()),
        (Secret("f1"), Secret("f2", "5678"), ("pin",)),
        (Secret("f1"), Secret("f2"), ()),
        (Secret("f1"), Secret("", ""), ("pin",)),
        (NO_PIN, Secret("", ""), ()),
        (NO_PIN, Secret("f1"), ()),
    ],
)
def test_a_pin_is_a_difference_if_it_is_another_one_and_at_hand(
    before: Secret | None, after: Secret | None, fields: tuple[str, ...]
) -> None:
    assert WIRE.differing(replace(SPEC, pin=before), replace(SPEC, pin=after)) == fields


@pytest.mark.parametrize(
    ("shown", "before", "wished", "written_pin"),
    [
        ("****", Secret("f1"), Secret("f1", "1234"), "1234"),
        ("****", Secret("f1"), Secret("f2", "5678"), "5678"),
        ("****", Secret("f1"), Secret("", ""), None),
        ("****", None, Secret("", ""), None),
        ("", NO_PIN, Secret("f1", "1234"), "1234"),
        ("", NO_PIN, Secret("f1"), None),
        ("", Secret("f1"), Secret("f1", "1234"), "1234"),
        ("", None, None, None),
    ],
)
def test_a_document_carries_the_pin_that_shall_be(
    shown: str, before: Secret | None, wished: Secret | None, written_pin: str | None
) -> None:
    now = customer(HELD.replace("<Pin></Pin>", f"<Pin>{shown}</Pin>"))
    changed = WIRE.change(now, replace(SPEC, pin=before), replace(SPEC, note="ours", pin=wished))
    assert changed.findtext("Pin") == written_pin


@pytest.mark.parametrize(
    ("before", "wished", "error", "text"),
    [
        (Secret("f1"), Secret("f1"), Transient, "'1_3' of platform 'tv' has a PIN that every change has to carry"),
        (Secret("f1"), Secret("f2"), Transient, "not at hand"),
        (NO_PIN, NO_PIN, Transient, "not at hand"),
        (None, None, Rejected, "a PIN that we do not know"),
    ],
)
def test_no_change_clears_a_pin_that_nobody_asked_to_clear(
    before: Secret | None, wished: Secret | None, error: type[Exception], text: str
) -> None:
    now = customer(HELD.replace("<Pin></Pin>", "<Pin>****</Pin>"))
    with pytest.raises(error, match=text):
        WIRE.change(now, replace(SPEC, pin=before), replace(SPEC, note="ours", pin=wished))
    off = WIRE.change(now, replace(SPEC, pin=before), replace(SPEC, enabled=False, pin=wished))
    assert (off.findtext("Enabled"), off.find("Pin")) == ("false", None)


def test_a_customer_that_is_off_already_is_not_robbed_of_its_pin() -> None:
    now = customer(HELD.replace("<Pin></Pin>", "<Pin>****</Pin>").replace("true", "false"))
    with pytest.raises(Transient, match="not at hand"):
        WIRE.change(now, replace(SPEC, pin=Secret("f1")), replace(SPEC, enabled=False, pin=Secret("f1")))


@pytest.mark.parametrize(("pin", "shown"), [("****", None), ("", NO_PIN), (" ", NO_PIN), ("1234", None)])
def test_whether_a_pin_is_set_is_all_that_is_read_of_it(pin: str, shown: Secret | None) -> None:
    assert WIRE.observation(customer(f"<Pin>{pin}</Pin>"), START).spec.pin == shown


def test_elements_that_are_left_out_are_empty_and_the_service_off() -> None:
    observed = WIRE.observation(customer(""), START)
    assert observed.spec == SubscriberSpec(
        enabled=False, packages=(), device_ids=(), pin=NO_PIN, contact=Contact(), note=""
    )


def test_elements_of_another_namespace_are_not_the_platforms() -> None:
    inner = '<Enabled xmlns="urn:x">true</Enabled><Note xmlns="">ours</Note>'
    spec = WIRE.observation(customer(inner), START).spec
    assert (spec.enabled, spec.note) == (False, "")


def test_space_around_words_does_not_count() -> None:
    spec = WIRE.observation(customer("\n <Enabled>\n true </Enabled>\n <Note> VIP\n</Note>\n"), START).spec
    assert (spec.enabled, spec.note) == (True, "VIP")


def test_the_platforms_spelling_of_a_device_is_kept() -> None:
    observed = WIRE.observation(customer('<Cpes><Cpe id="00:1a:79:00:00:02"/><Cpe id="a"/></Cpes>'), START)
    assert observed.spec.device_ids == ("00:1a:79:00:00:02", "a")


@pytest.mark.parametrize(
    ("inner", "attributes", "text"),
    [
        (HELD, 'revision="7"', "answered a customer with no 'id'"),
        (HELD, 'id="" revision="7"', "no 'id'"),
        ("<Enabled>1</Enabled>", 'id="1_3"', "a word in 'Enabled' that is neither 'true' nor 'false'"),
        ("<Products><Product/></Products>", 'id="1_3"', "a 'Product' of a customer with no 'id'"),
        ('<Cpes><Cpe mac="1"/></Cpes>', 'id="1_3"', "a 'Cpe' of a customer with no 'id'"),
    ],
)
def test_a_customer_without_what_matters_is_not_believed(inner: str, attributes: str, text: str) -> None:
    with pytest.raises(Transient, match=f"platform 'tv' .*{text}.*under dialect in the configuration"):
        WIRE.observation(customer(inner, attributes), START)


@pytest.mark.parametrize("attributes", ['id="1_3"', 'id="1_3" revision=""', 'id="1_3" revision="7é"'])
def test_a_revision_that_cannot_be_sent_back_is_not_believed(attributes: str) -> None:
    with pytest.raises(Transient, match="revision"):
        WIRE.revision(customer(HELD, attributes))


def test_a_product_has_an_id_and_may_have_a_name() -> None:
    assert WIRE.package(Element("Product", {"id": "basic", "name": "Basic"})) == Package("basic", title="Basic")
    assert WIRE.package(Element("Product", {"id": "basic"})) == Package("basic")
    with pytest.raises(Transient, match="a product with no 'id'"):
        WIRE.package(Element("Product", {"name": "Basic"}))


@pytest.mark.parametrize(
    ("record_id", "path"),
    [
        ("123000_3", "123000_3"),
        ("a/b", "a~~2Fb"),
        ("a~/b", "a~~~2Fb"),
        ("/", "~~2F"),
        ("a b%?#é", "a%20b%25%3F%23%C3%A9"),
        ("a/../b", "a~~2F..~~2Fb"),
    ],
)
def test_an_id_in_a_path_leads_nowhere_else(record_id: str, path: str) -> None:
    assert WIRE.path(record_id) == f"/traxis/web/Customer/{path}"


@pytest.mark.parametrize("record_id", ["", ".", "..", "a~~2Fb", "a~~2fb"])
def test_an_id_that_no_path_leads_to_is_rejected(record_id: str) -> None:
    with pytest.raises(Rejected, match="cannot stand in the path"):
        WIRE.path(record_id)


def answered(status: int, body: bytes = b"") -> Answer:
    return Answer(status, {"content-type": "application/xml"}, body, "tv")


@pytest.mark.parametrize(
    ("status", "error", "kind", "field", "text"),
    [
        (
            409,
            '<Error code="CpeInUse">Cpe 001A79000002 belongs to Ana Doe</Error>',
            Taken,
            "Cpes",
            "tv refused Cpes (001A…02): another customer has the same value (HTTP 409)",
        ),
        (
            409,
            '<Error code="CpeInUse">sorry</Error>',
            Taken,
            "Cpes",
            "tv refused Cpes (001A…01, 001A…02): another customer has the same value (HTTP 409)",
        ),
        (
            422,
            '<Error code="UnknownProduct">Ana</Error>',
            Rejected,
            "Products",
            "tv refused Products (basic, sport): it does not offer all of them (HTTP 422)",
        ),
        (
            400,
            '<Error code="InvalidDocument">Ana</Error>',
            Rejected,
            "",
            "tv refused the document of a customer: InvalidDocument (HTTP 400)",
        ),
        (
            409,
            '<Error code="Ana Doe, a@example.net">x</Error>',
            Rejected,
            "",
            "tv refused the document of a customer: for a reason without a code (HTTP 409)",
        ),
    ],
)
def test_a_refusal_names_what_it_is_about_and_nothing_personal(
    status: int, error: str, kind: type[Rejected], field: str, text: str
) -> None:
    spec = replace(SPEC, packages=("basic", "sport"), device_ids=("001A79000001", "001A79000002"))
    refused = refusal(answered(status), fromstring(error), WIRE.creation("1_3", spec), Dialect())
    assert (type(refused), refused.field, refused.text) == (kind, field, text)


BOMB = (
    b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>'
    b'<Customer xmlns="urn:eventis:traxisweb:1.0">&b;</Customer>'
)
OUTSIDE = b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]><Customer>&a;</Customer>'


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html><body>Please wait</body></html>",
        b"<!DOCTYPE html><html></html>",
        b'{"rows": []}',
        b"<Customer",
        b"<Customer/>",
        b'<Customer xmlns="urn:x"/>',
        b'<Customers xmlns="urn:eventis:traxisweb:1.0"/>',
        b'<?xml version="1.0" encoding="nonsense"?><Customer xmlns="urn:eventis:traxisweb:1.0"/>',
        b'<?xml version="1.0" encoding="utf-7"?><Customer xmlns="urn:eventis:traxisweb:1.0"/>',
        b'<Customer xmlns="urn:eventis:traxisweb:1.0">\xff</Customer>',
        b'<!DOCTYPE Customer><Customer xmlns="urn:eventis:traxisweb:1.0"/>',
        BOMB,
        OUTSIDE,
    ],
)
def test_only_the_expected_document_is_believed(body: bytes) -> None:
    with pytest.raises(Transient, match="tv answered a customer with HTTP 200 and a body that is not"):
        document(answered(200, body), WIRE.qualified("Customer"), "a customer")


def test_a_copy_has_plain_names_and_leaves_the_original() -> None:
    original = customer()
    copy = plain(original, NAMESPACE)
    assert [child.tag for child in copy][:2] == ["Enabled", "Name"]
    assert original[0].tag == f"{{{NAMESPACE}}}Enabled"


@given(text=st.text())
def test_a_storable_text_comes_through_xml_as_it_is(text: str) -> None:
    kept = storable(text)
    assert storable(kept) == kept
    root = Element("Customer", {"text": kept})
    SubElement(root, "Note").text = kept
    read = fromstring(written(root, NAMESPACE))
    assert (read[0].text or "", read.get("text")) == (kept, kept)
