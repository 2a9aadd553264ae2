"""The crawl itself, in a process of its own, for a reactor cannot start twice."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from scrapy import Request, Spider
from scrapy.crawler import CrawlerProcess
from scrapy.downloadermiddlewares.offsite import OffsiteMiddleware
from scrapy.http import HtmlResponse, Response
from scrapy.linkextractors import LinkExtractor
from scrapy.utils.httpobj import urlparse_cached

from sources.catalogue_crawler.products import read_product


class AllowedHosts(OffsiteMiddleware):
    """Lets requests through to the hosts of the allow-list, ports included, and to no subdomain."""

    def should_follow(self, request: Request, spider: Spider) -> bool:
        return urlparse_cached(request).netloc in spider.hosts  # type: ignore[attr-defined]


class ShopSpider(Spider):
    """Follows every link on the allowed hosts; a page with a product gives one record."""

    name = "shop"
    hosts: list[str]

    async def start(self) -> Any:
        for url in self.start_urls:
            yield Request(url)

    def parse(self, response: Response, **_: Any) -> Iterator[Any]:
        if not isinstance(response, HtmlResponse):
            return
        product = read_product(response.text, response.url)
        if product is not None:
            yield product
        for link in LinkExtractor().extract_links(response):
            yield Request(link.url)


def crawl_settings(job: dict[str, Any]) -> dict[str, Any]:
    """Scrapy's settings for a job: polite, bounded, resumable, and asking again only for what has changed."""
    options, folder = job["options"], Path(job["folder"])
    return {
        "USER_AGENT": options["user_agent"],
        "ROBOTSTXT_OBEY": True,
        "ROBOTSTXT_USER_AGENT": re.split(r"[/ ]", options["user_agent"])[0],
        "DOWNLOADER_MIDDLEWARES": {
            "scrapy.downloadermiddlewares.offsite.OffsiteMiddleware": None,
            "sources.catalogue_crawler.spider.AllowedHosts": 50,
        },
        "DOWNLOAD_DELAY": options["delay_seconds"],
        "CONCURRENT_REQUESTS": len(options["hosts"]),
        "CONCURRENT_REQUESTS_PER_DOMAIN": 1,
        "AUTOTHROTTLE_ENABLED": options["delay_seconds"] > 0,
        "AUTOTHROTTLE_START_DELAY": options["delay_seconds"],
        "DOWNLOAD_TIMEOUT": options["timeout_seconds"],
        "DOWNLOAD_MAXSIZE": options["max_page_mib"] * 2**20,
        "CLOSESPIDER_PAGECOUNT": options["max_pages"],
        "RETRY_TIMES": 2,
        "COOKIES_ENABLED": False,
        "JOBDIR": str(folder / "job"),
        "HTTPCACHE_ENABLED": True,
        "HTTPCACHE_POLICY": "scrapy.extensions.httpcache.RFC2616Policy",
        "HTTPCACHE_DIR": str(folder / "cache"),
        "FEEDS": {
            str(folder / "found.jsonl").replace("%", "%%"): {
                "format": "jsonlines",
                "encoding": "utf-8",
                "overwrite": False,
            }
        },
        "TELNETCONSOLE_ENABLED": False,
        "REMOTE_CONTROL_ENABLED": False,  # a port at which code may be sent to the crawl: nobody needs it
        "LOG_LEVEL": "ERROR",
        "LOG_FILE": str(folder / "crawl.log"),
    }


def main(job_file: str) -> None:
    """Crawl as the job says; leaves `done.json` with the reason of the end and the counts."""
    job = json.loads(Path(job_file).read_text(encoding="utf-8"))
    process = CrawlerProcess(crawl_settings(job))
    crawler = process.create_crawler(ShopSpider)
    process.crawl(crawler, start_urls=job["options"]["start_urls"], hosts=job["options"]["hosts"])
    process.start()
    stats = crawler.stats.get_stats() if crawler.stats else {}
    counts = {name: value for name, value in stats.items() if isinstance(value, int | str)}
    (Path(job["folder"]) / "done.json").write_text(json.dumps(counts, sort_keys=True), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
