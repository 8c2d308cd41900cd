"""Which product gives which packages, and how a package is found on the platform."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desired_state.account import AssignedProduct
from desired_state.catalog import Catalog, CatalogEntry, Offer, Package, ProductMatch, Service
from tests import strategies
from tests.desired_state.builders import BASIC, INTERNET, OFFER, SPORT


@pytest.mark.parametrize(
    ("match", "products"),
    [
        (ProductMatch(i_product=61), {BASIC}),
        (ProductMatch(i_product=0), set()),
        (ProductMatch(name="TV Sport"), {SPORT}),
        (ProductMatch(name="TV"), set()),
        (ProductMatch(name="tv sport"), set()),
        (ProductMatch(name_regex="TV"), {BASIC, SPORT}),
        (ProductMatch(name_regex="^TV"), {SPORT}),
        (ProductMatch(name_regex="(?i)^iptv (basic|family)$"), {BASIC}),
    ],
)
def test_a_product_is_matched_by_number_exact_name_or_pattern(match: ProductMatch, products: set[object]) -> None:
    assert {product for product in (BASIC, SPORT, INTERNET) if match.matches(product)} == products


@pytest.mark.parametrize("ways", [{}, {"i_product": 1, "name": "x"}, {"name": "x", "name_regex": "x"}])
def test_an_entry_matches_in_exactly_one_way(ways: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="exactly one of i_product, name and name_regex"):
        ProductMatch.model_validate(ways)


def test_a_pattern_that_is_none_is_refused_with_the_text_that_is_wrong() -> None:
    with pytest.raises(ValueError, match=r"'TV\(' is not a regular expression: missing \), unterminated subpattern"):
        ProductMatch(name_regex="TV(")


@pytest.mark.parametrize(
    ("match", "text"),
    [
        (ProductMatch(i_product=61), "i_product 61"),
        (ProductMatch(name="TV Sport"), "name 'TV Sport'"),
        (ProductMatch(name_regex="^TV"), "name_regex '^TV'"),
    ],
)
def test_a_match_reads_as_it_is_written_in_the_catalog(match: ProductMatch, text: str) -> None:
    match.matches(BASIC)  # compiles the pattern, which must not show
    assert str(match) == text


@pytest.mark.parametrize(
    "wrong",
    [
        {"product": {"i_product": 1}, "platform": "tv", "max_connections": -1},
        {"product": {"i_product": 1}, "platform": "tv", "package": ["x"]},
        {"product": {"i_product": 1, "regex": "x"}, "platform": "tv"},
        {"product": {"i_product": 1}},
    ],
)
def test_an_entry_that_is_misspelt_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="CatalogEntry"):
        CatalogEntry.model_validate(wrong)


def test_entries_and_catalogs_are_frozen_and_closed() -> None:
    entry = entry_for("tv", "basic")
    for model, name in ((entry, "platform"), (entry.product, "name"), (Catalog(), "entries")):
        with pytest.raises(ValueError, match="frozen"):
            setattr(model, name, "other")
    with pytest.raises(ValueError, match="Extra inputs"):
        Catalog.model_validate({"entry": []})


def entry_for(platform: str, *packages: str, limit: int | None = None, i_product: int = 61) -> CatalogEntry:
    return CatalogEntry(
        product=ProductMatch(i_product=i_product), platform=platform, packages=packages, max_connections=limit
    )


def services(*entries: CatalogEntry, products: tuple[AssignedProduct, ...] = (BASIC,)) -> tuple[Service, ...]:
    return Catalog(entries=entries).services(products)


def test_packages_of_all_matching_entries_are_united_per_platform_and_platforms_are_sorted() -> None:
    entries = (
        entry_for("tv", "sport", "basic"),
        entry_for("tv", "basic", "kids"),
        entry_for("alfa", "all"),
        entry_for("tv", "never", i_product=90),
    )
    assert services(*entries) == (
        Service("alfa", ("all",), None),
        Service("tv", ("basic", "kids", "sport"), None),
    )


def test_an_entry_without_packages_is_a_service_all_the_same() -> None:
    assert services(entry_for("tv")) == (Service("tv", (), None),)
    assert services(entry_for("tv"), products=(INTERNET,)) == ()
    assert services(entry_for("tv"), products=()) == ()


@pytest.mark.parametrize(
    ("limits", "most"),
    [((1, 3, 2), 3), ((None, 2), 2), ((None, None), None), ((2, 0, 3), 0), ((0,), 0), ((None, 0), 0), ((2, 1), 2)],
)
def test_the_largest_connection_limit_counts_and_zero_is_no_limit(
    limits: tuple[int | None, ...], most: int | None
) -> None:
    assert services(*(entry_for("tv", limit=limit) for limit in limits)) == (Service("tv", (), most),)


@given(strategies.catalogs(), st.lists(strategies.products(), max_size=4))
def test_neither_the_order_of_products_nor_of_entries_matters(
    catalog: Catalog, products: list[AssignedProduct]
) -> None:
    backwards = Catalog(entries=tuple(reversed(catalog.entries)))
    assert catalog.services(products) == backwards.services(reversed(products))


@pytest.mark.parametrize(
    ("name", "package"),
    [("1", "1"), ("basic", "1"), ("Basic channels", "1"), ("Kids", "3"), ("kids", None), ("", None), ("4", None)],
)
def test_a_package_is_found_by_id_else_external_id_else_title(name: str, package: str | None) -> None:
    assert OFFER.resolve(name) == package


def test_an_id_outranks_an_external_id_and_that_a_title() -> None:
    offer = Offer((Package("1", "2", "3"), Package("2", "3", "1"), Package("3", "9", "9")))
    assert [offer.resolve(name) for name in ("1", "2", "3", "9")] == ["1", "2", "3", "3"]


def test_a_name_that_several_packages_bear_is_not_guessed() -> None:
    offer = Offer((Package("1", "basic", "TV"), Package("2", "more", "TV"), Package("3", "basic", "Kids")))

    assert offer.resolve("TV") is None
    assert offer.resolve("basic") is None
    assert offer.resolve("more") == "2"
    assert Offer((Package("1", "a"), Package("1", "a"))).resolve("a") == "1", "the same row read twice"


def test_an_empty_offer_resolves_nothing() -> None:
    assert Offer(()).resolve("basic") is None
