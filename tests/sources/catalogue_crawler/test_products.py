"""What a shop's product page says."""

from __future__ import annotations

from typing import Any

import pytest

from sources.catalogue_crawler.products import read_product
from tests.sources.catalogue_crawler.shop_pages import MICRODATA, json_ld, product, trail

URL = "https://shop.example/drinks/tea?x=1"


def page(*things: Any) -> dict[str, Any]:
    found = read_product(f"<html>{json_ld(*things)}</html>", URL)
    assert found is not None
    return found


def test_a_product_in_json_ld_gives_every_field_of_an_item() -> None:
    told = product("tea", brand={"@type": "Brand", "name": "Leaf"}, image=["/a.png", "/b.png"], description="A\n  b")
    assert page(trail("Shop", "Drinks", "Tea", "tea"), told) == {
        "item_id": "tea",
        "title": "tea",
        "category": ["Drinks", "Tea"],
        "brand": "Leaf",
        "price": 2.5,
        "currency": "EUR",
        "image_url": "https://shop.example/a.png",
        "description": "A b",
        "url": URL,
    }


def test_a_product_in_microdata_gives_the_same_fields() -> None:
    found = read_product(MICRODATA, URL)
    assert found is not None
    assert found["title"] == "Plum jam"
    assert (found["item_id"], found["brand"], found["price"]) == ("jam", "Kettle", 1234.5)
    assert found["image_url"] == "https://shop.example/jam.png"
    assert found["description"] == "Sweet & dark"


PRICES: dict[str, tuple[Any, float | None]] = {
    "a number": (2.5, 2.5),
    "a text": ("2.50", 2.5),
    "a comma and a sign": ("1.234,50 €", 1234.5),
    "a point and a sign": ("$1,234.50", 1234.5),
    "words": ("ask us", None),
    "nothing": (None, None),
    "true": (True, None),
}


@pytest.mark.parametrize(("said", "price"), PRICES.values(), ids=PRICES)
def test_a_price_is_read_as_people_write_it(said: Any, price: float | None) -> None:
    assert page(product("tea", said)).get("price") == price


def test_of_several_offers_the_cheapest_counts() -> None:
    offers = [{"price": "3"}, {"@type": "AggregateOffer", "lowPrice": "2.75", "priceCurrency": "CHF"}, {"price": "x"}]
    found = page(product("tea", offers=offers))
    assert (found["price"], found["currency"]) == (2.75, "CHF")


def test_a_product_is_found_in_a_graph_and_behind_a_broken_script() -> None:
    broken = '<script type="application/ld+json">{"@type": "Product", </script>'
    inside = json_ld({"@graph": [{"@type": "WebPage"}, product("tea", category="Drinks / Tea")]})
    found = read_product(broken + inside, URL)
    assert found is not None
    assert found["category"] == ["Drinks", "Tea"]


def test_an_item_without_a_number_of_its_own_bears_its_address() -> None:
    assert page({"@type": ["Thing", "http://schema.org/Product"], "name": "tea"})["item_id"] == URL


ODD: dict[str, str] = {
    "nothing": "",
    "no product": "<p>hello</p>",
    "a list of nonsense": json_ld([1, None, "x", [[]]]),
    "nested without end": f'<script type="application/ld+json">{"[" * 100_000}</script>',
    "no types": json_ld({"@type": None, "name": "tea"}),
}


@pytest.mark.parametrize("html", ODD.values(), ids=ODD)
def test_a_page_without_a_product_gives_none(html: str) -> None:
    assert read_product(html, URL) is None


@pytest.mark.parametrize(
    "more",
    [
        {"offers": "free"}, {"offers": [None, 1]}, {"brand": 7}, {"image": {"url": None}}, {"image": 3},
        {"name": ["a"]},
        {"category": {"name": "x"}}, {"sku": {"@value": "s"}}, {"description": "\ud800"}, {"offers": {"price": ["1"]}},
    ],
)  # fmt: skip
def test_odd_values_never_break_a_page(more: dict[str, Any]) -> None:
    steps = {"@type": "BreadcrumbList", "itemListElement": ["x", {"position": "first", "item": 3, "name": {"a": 1}}]}
    assert page(steps, product("tea") | more)["url"] == URL
