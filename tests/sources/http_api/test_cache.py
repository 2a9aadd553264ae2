"""Pages of a JSON API that were read before: what is unchanged is not sent again."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.sources.http_api.shop_api import Make, event, ids
from tests.sources.mapped import as_bytes, collect
from tests.sources.rough_server import Answer, RoughServer


@pytest.mark.parametrize("validator", [{"ETag": '"v1"'}, {"Last-Modified": "Mon, 08 Jan 2024 09:00:00 GMT"}])
def test_an_unchanged_page_is_not_sent_again(server: RoughServer, make: Make, validator: dict[str, str]) -> None:
    server.in_turn(Answer([event(1)], headers=validator), Answer(status=304))
    first = as_bytes(collect(make()))
    assert as_bytes(collect(make())) == first
    condition = "if-none-match" if "ETag" in validator else "if-modified-since"
    assert server.asked[1].headers[condition] == next(iter(validator.values()))


def test_an_unchanged_page_still_leads_to_the_next_one(server: RoughServer, make: Make) -> None:
    link = {"ETag": '"v1"', "Link": '</events?at=2>; rel="next"'}
    server.in_turn(Answer([event(1)], headers=link), Answer([event(2)]), Answer(status=304), Answer([event(3)]))
    rows = {"paging": {"kind": "link"}}
    assert (ids(make(rows)), ids(make(rows))) == (["1", "2"], ["1", "3"])


def test_a_damaged_cache_is_asked_for_again(tmp_path: Path, server: RoughServer, make: Make) -> None:
    server.in_turn(Answer([event(1)], headers={"ETag": '"v1"'}))
    collect(make())
    for path in (tmp_path / "state").rglob("*.json"):
        path.write_text(path.read_text()[:-9])
    assert ids(make()) == ["1"]
    assert "if-none-match" not in server.asked[1].headers
