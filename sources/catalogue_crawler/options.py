"""What a mapping says about a shop that is crawled: where it begins, where it ends, and how gently."""

from __future__ import annotations

from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, NonNegativeFloat, PositiveFloat, PositiveInt, model_validator


class CrawlOptions(BaseModel):
    """Pages on `hosts` (`name` or `name:port`, no subdomains) that links lead to from `start_urls`.

    Between two requests to a host pass about `delay_seconds`, and longer where it answers slowly. One crawl reads at
    most about `max_pages` pages; the next one goes on from there. `user_agent` should say who asks, and how to reach
    you. `beside` is the mapping file, next to this one, of the source whose events these items belong to.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    start_urls: Annotated[tuple[str, ...], Field(min_length=1)]
    hosts: Annotated[tuple[str, ...], Field(min_length=1)]
    user_agent: Annotated[str, Field(min_length=3, pattern=r"^[\x20-\x7e]+$")]
    beside: str | None = None
    max_pages: PositiveInt = 1000
    delay_seconds: NonNegativeFloat = 1.0
    timeout_seconds: PositiveFloat = 30.0
    max_page_mib: PositiveInt = 4

    @model_validator(mode="after")
    def _begins_at_home(self) -> Self:
        for url in self.start_urls:
            parts = urlsplit(url)
            if parts.scheme not in ("http", "https") or parts.netloc not in self.hosts:
                raise ValueError(f"start_urls: {url} is on none of the hosts {', '.join(self.hosts)}")
        return self
