"""The pages of a small shop, as its server gives them to a crawler."""

from __future__ import annotations

import json
from typing import Any

from tests.sources.rough_server import Answer, Asked

HTML = {"Content-Type": "text/html; charset=utf-8"}


def json_ld(*things: Any) -> str:
    return "".join(f'<script type="application/ld+json">{json.dumps(thing)}</script>' for thing in things)


def product(name: str, price: Any = "2.50", **more: Any) -> dict[str, Any]:
    offer = {"@type": "Offer", "price": price, "priceCurrency": "EUR"}
    return {"@context": "https://schema.org", "@type": "Product", "name": name, "sku": name, "offers": offer} | more


def trail(*names: str) -> dict[str, Any]:
    steps = [{"@type": "ListItem", "position": n, "name": name} for n, name in enumerate(names, start=1)]
    steps[0]["item"] = "/"
    return {"@context": "https://schema.org", "@type": "BreadcrumbList", "itemListElement": steps[::-1]}


MICRODATA = """
<div itemscope itemtype="https://schema.org/Product"><h1 itemprop="name">Plum  jam</h1>
<img itemprop="image" src="/jam.png"><p itemprop="description">Sweet &amp; dark</p>
<span itemprop="brand" itemscope itemtype="https://schema.org/Brand"><b itemprop="name">Kettle</b></span>
<div itemprop="offers" itemscope itemtype="https://schema.org/Offer"><span itemprop="price">1.234,50 €</span></div>
<meta itemprop="sku" content="jam"></div>
"""


class Shop:
    """Pages by path, each with an ETag; `robots` is robots.txt."""

    def __init__(self, stranger: str = "http://stranger.invalid") -> None:
        self.robots = "User-agent: *\nDisallow: /secret\n"
        links = ["tea", "jam", "about", "broken", "secret/gin", "gone", f"{stranger}/foreign"]
        self.pages = {
            "/": "".join(f'<a href="{link}">{link}</a>' for link in links),
            "/tea": json_ld(trail("Shop", "Drinks", "Tea", "tea"), product("tea")) + '<a href="/">home</a>',
            "/jam": MICRODATA,
            "/about": "<p>We are a shop</p><a href='mailto:a@b'>write</a><a href='javascript:x()'>x</a>",
            "/broken": '<script type="application/ld+json">{"@type": "Product", "name": </script>'
            + json_ld(product("bread", 3)),
            "/secret/gin": json_ld(product("gin")),
        }
        self.not_modified = 0

    def __call__(self, asked: Asked) -> Answer:
        if asked.path == "/robots.txt":
            return Answer(self.robots.encode(), headers={"Content-Type": "text/plain"})
        if asked.path not in self.pages:
            return Answer(b"gone", status=404, headers=HTML)
        page = self.pages[asked.path].encode()
        tag = f'"{hash(page)}"'
        if asked.headers.get("if-none-match") == tag:
            self.not_modified += 1
            return Answer(status=304, headers={"ETag": tag})
        return Answer(b"<html><body>" + page + b"</body></html>", headers={**HTML, "ETag": tag})
