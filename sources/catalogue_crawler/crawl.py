"""A crawl from start to spool: run Scrapy, and keep a row for each product page that says something new."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from features.schema import CATEGORY_SEPARATOR
from sources.catalogue_crawler.options import CrawlOptions
from sources.connector import Place, SourceFault
from sources.mapping.spec import Mapping, options_as
from sources.spool import EPOCH, Message, Spool

TOPIC = "pages"
ALWAYS = (EPOCH, datetime(9999, 1, 1, tzinfo=UTC))
CHUNK = 10_000


@dataclass(frozen=True)
class Crawled:
    """`complete` is false when the page budget, or a signal, ended the crawl: the next one goes on from there."""

    pages: int
    products: int
    changed: int
    complete: bool


def crawl_options(mapping: Mapping) -> CrawlOptions:
    return options_as(CrawlOptions, mapping.options, f"{mapping.path}, options")


def crawl_folder(mapping: Mapping, place: Place) -> Path:
    return place.state / "catalogue_crawler" / mapping.name


def page_spool(mapping: Mapping, place: Place) -> Spool:
    """Every version of every product page, by when it was first seen."""
    return Spool(crawl_folder(mapping, place) / "pages.db")


def crawl(mapping: Mapping, place: Place) -> Crawled:
    """Crawl the shop now. Raises SourceFault when no page can be read, or another crawl is under way."""
    folder, options = crawl_folder(mapping, place), crawl_options(mapping)
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(folder / "crawl.lock", timeout=0):
            done = _run(folder, options)
            return _keep(folder, page_spool(mapping, place), done, options)
    except Timeout:
        raise SourceFault(
            "another crawl of this shop is under way", where=str(folder), mend="wait until it has ended"
        ) from None


def _run(folder: Path, options: CrawlOptions) -> dict[str, Any]:
    done, job = folder / "done.json", folder / "job.json"
    if not done.exists():  # a crawl that was killed left a queue that may have holes: begin anew, with what was found
        shutil.rmtree(folder / "job", ignore_errors=True)
    done.unlink(missing_ok=True)
    goes_on = (folder / "job").exists()
    job.write_text(json.dumps({"folder": str(folder), "options": options.model_dump(mode="json")}), encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parent.parent)}
    process = subprocess.Popen([sys.executable, "-m", "sources.catalogue_crawler.spider", str(job)], env=environment)
    try:
        process.wait()
    except KeyboardInterrupt:
        process.wait()  # it has had the same signal, and ends in good order
    if not done.exists():
        raise SourceFault(
            f"the crawl ended with exit code {process.returncode}",
            where=str(folder / "crawl.log"),
            mend="read that file, and crawl again: what was found is kept",
        )
    return json.loads(done.read_text(encoding="utf-8")) | {"goes_on": goes_on}


def _keep(folder: Path, spool: Spool, done: dict[str, Any], options: CrawlOptions) -> Crawled:
    pages = done.get("response_received_count", 0) - done.get("robotstxt/response_count", 0)
    complete = done.get("finish_reason") == "finished"
    found = _found(folder / "found.jsonl")
    if not pages and not found and not done["goes_on"]:
        shutil.rmtree(folder / "job", ignore_errors=True)
        refused = " (its robots.txt forbids it)" if done.get("robotstxt/forbidden") else ""
        raise SourceFault(
            f"no page could be read{refused}", where=", ".join(options.start_urls), mend="check start_urls and hosts"
        )
    last = _last_versions(spool)
    now = datetime.now(UTC)
    changed = [url for url, record in found.items() if url not in last or last[url][1] != record]
    spool.put([_version(url, last[url][0] + 1 if url in last else 1, found[url], now) for url in changed], now)
    (folder / "found.jsonl").unlink(missing_ok=True)
    if complete:
        shutil.rmtree(folder / "job", ignore_errors=True)
    return Crawled(pages=pages, products=len(found), changed=len(changed), complete=complete)


def _version(url: str, number: int, record: dict[str, Any], now: datetime) -> Message:
    body = json.dumps({**record, "valid_from": now.isoformat()}, sort_keys=True, ensure_ascii=False)
    return Message(TOPIC, f"{url} {number:06}", body.encode())


def _found(path: Path) -> dict[str, dict[str, Any]]:
    """The records by page; a line that a kill cut off is left out, and its page comes again."""
    found: dict[str, dict[str, Any]] = {}
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
        try:
            record = json.loads(line)
        except ValueError:
            continue
        if "category" in record:
            record["category"] = CATEGORY_SEPARATOR.join(record["category"])
        found[record["url"]] = record
    return found


def _last_versions(spool: Spool) -> dict[str, tuple[int, dict[str, Any]]]:
    """By page: how many versions were seen, and the last one."""
    last: dict[str, tuple[int, dict[str, Any]]] = {}
    if spool.path.exists():
        for chunk in spool.bodies(TOPIC, *ALWAYS, CHUNK):
            for identity, body in chunk:
                url, version = identity.rsplit(" ", 1)
                record = json.loads(body)
                del record["valid_from"]
                last[url] = (int(version), record)
    return last
