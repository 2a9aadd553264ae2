"""What a product page says of its product in schema.org's words, as JSON-LD or microdata."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urljoin, urlsplit

import lxml.html  # type: ignore[import-untyped]
from extruct.w3cmicrodata import MicrodataExtractor  # type: ignore[import-untyped]
from price_parser import Price

Thing = dict[str, Any]
PRODUCTS = {"Product", "IndividualProduct", "ProductModel", "ProductGroup", "Vehicle", "Book"}
IDENTIFIERS = ("sku", "productID", "productGroupID", "gtin13", "gtin", "gtin14", "gtin12", "gtin8", "mpn")
DEEPEST = 20


def read_product(html: str, url: str) -> dict[str, Any] | None:
    """The page's product as a record with the fields of `items`, and its currency; None where it has no product.

    The category is the list of its path's names. An item without a number of its own bears the page's address.
    JSON-LD that is broken is passed over.
    """
    things = list(_things(html, url))
    product = next((thing for thing in things if _types(thing) & PRODUCTS), None)
    if product is None:
        return None
    title, offer = _text(product.get("name")), _cheapest(product)
    record = {
        "item_id": next((text for name in IDENTIFIERS if (text := _text(product.get(name)))), url),
        "title": title,
        "category": _breadcrumbs(things, title, url) or _category(product) or None,
        "brand": _text(product.get("brand") or product.get("manufacturer")),
        "price": offer[0] if offer else None,
        "currency": offer[1] if offer else None,
        "image_url": _image(product.get("image"), url),
        "description": _text(product.get("description")),
    }
    return {name: value for name, value in record.items() if value is not None} | {"url": url}


def _things(html: str, url: str) -> Iterator[Thing]:
    """Everything on the page that has a type, JSON-LD first."""
    try:
        page = lxml.html.document_fromstring(html)
    except (ValueError, lxml.etree.ParserError):
        return
    for script in page.xpath('//script[contains(@type, "ld+json")]'):
        text = re.sub(r"^\s*(<!--|//\s*<!\[CDATA\[)|(-->|//\s*\]\]>)\s*$", "", script.text or "")
        try:
            yield from _flat(json.loads(text, strict=False))
        except (ValueError, RecursionError):
            continue
    for item in MicrodataExtractor().extract_items(page, base_url=url):
        yield from _flat(_plain(item))


def _flat(content: Any, depth: int = 0) -> Iterator[Thing]:
    """Each object in `content`, those in lists and in `@graph` too, and what a page is about."""
    if depth > DEEPEST:
        return
    if isinstance(content, list):
        for part in content:
            yield from _flat(part, depth + 1)
    elif isinstance(content, dict):
        yield content
        for name in ("@graph", "mainEntity", "mainEntityOfPage", "breadcrumb"):
            yield from _flat(content.get(name), depth + 1)


def _plain(item: Any) -> Any:
    """Microdata in the shape of JSON-LD."""
    if isinstance(item, list):
        return [_plain(part) for part in item]
    if isinstance(item, dict) and "properties" in item:
        values = {name: _plain(value) for name, value in item["properties"].items()}
        return {"@type": item.get("type", ""), "@id": item.get("id"), **values}
    return item


def _types(thing: Thing) -> set[str]:
    return {re.split(r"[/#:]", str(name))[-1] for name in _list(thing.get("@type"))}


def _cheapest(product: Thing) -> tuple[float, str | None] | None:
    offers = [offer for offer in _list(product.get("offers")) if isinstance(offer, dict)]
    inner = [each for offer in offers for each in _list(offer.get("offers")) if isinstance(each, dict)]
    prices = [price for offer in [*offers, *inner] if (price := _price(offer)) is not None]
    return min(prices, key=lambda found: found[0]) if prices else None


def _price(offer: Thing) -> tuple[float, str | None] | None:
    said = [part for part in _list(offer.get("priceSpecification")) if isinstance(part, dict)]
    for place in [offer, *said]:
        for name in ("price", "lowPrice"):
            amount = _amount(place.get(name))
            if amount is not None:
                return amount, _text(place.get("priceCurrency") or offer.get("priceCurrency"))
    return None


def _amount(value: Any) -> float | None:
    """A price as a number; texts as people write them: `1.234,50 €` is 1234.5."""
    if isinstance(value, list):
        value = value[0] if value else None
    if isinstance(value, bool) or value is None:
        return None
    text = str(value).strip()
    if re.fullmatch(r"\d{1,12}(\.\d{1,2})?", text):
        return float(text)
    amount = Price.fromstring(text[:100]).amount
    return None if amount is None else float(amount)


def _breadcrumbs(things: list[Thing], title: str | None, url: str) -> list[str]:
    """The page's path through the shop, without the shop's front page and without the product itself."""
    trail = next((thing for thing in things if "BreadcrumbList" in _types(thing)), None)
    steps = [step for step in _list(trail.get("itemListElement")) if isinstance(step, dict)] if trail else []
    names = []
    for step in sorted(steps, key=_position):
        item = step.get("item")
        place = item if isinstance(item, dict) else {}
        address = str(item if isinstance(item, str) else place.get("@id") or place.get("url") or "")
        at_front = bool(address) and urlsplit(urljoin(url, address)).path in ("", "/")
        name = _text(step.get("name") or place.get("name"))
        if name and name != title and not at_front:
            names.append(name)
    return names


def _position(step: Thing) -> float:
    try:
        return float(str(step.get("position")))
    except ValueError:
        return float("inf")


def _category(product: Thing) -> list[str]:
    said = [text for part in _list(product.get("category")) if (text := _text(part))]
    words = re.split(r"\s*[>›»/]\s*", said[0]) if len(said) == 1 else said
    return [word for word in words if word]


def _image(value: Any, url: str) -> str | None:
    for part in _list(value):
        address = part.get("url") or part.get("contentUrl") if isinstance(part, dict) else part
        if isinstance(address, str) and address.strip():
            return urljoin(url, address.strip())
    return None


def _text(value: Any) -> str | None:
    """A name or a text, wherever it is wrapped; white space made one blank, half characters left out."""
    for part in _list(value):
        inner = part.get("name") or part.get("@value") if isinstance(part, dict) else part
        if isinstance(inner, str | int | float) and not isinstance(inner, bool):
            words = " ".join(str(inner).encode("utf-8", "ignore").decode().split())
            if words:
                return words
    return None


def _list(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
