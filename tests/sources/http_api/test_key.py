"""The key of a JSON API: where it comes from, and who never sees it."""

from __future__ import annotations

import pytest

from tests.sources.http_api.shop_api import KEY, Make, event, fault, ids
from tests.sources.mapped import collect
from tests.sources.rough_server import Answer, RoughServer, running


def test_the_key_comes_from_the_environment_and_goes_into_its_header(
    server: RoughServer, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    collect(make())
    assert server.asked[-1].headers["authorization"] == f"Bearer {KEY}"
    collect(make(bearer_env=None, key={"header": "X-Api-Key", "value_env": "SHOP_TOKEN"}))
    assert server.asked[-1].headers["x-api-key"] == KEY
    monkeypatch.delenv("SHOP_TOKEN")
    assert "SHOP_TOKEN" in fault(make()).what


def test_a_link_to_another_host_is_not_followed_and_never_sees_the_key(server: RoughServer, make: Make) -> None:
    with running() as stranger:
        server.in_turn(Answer([event(1)], headers={"Link": f'<{stranger.url}/events>; rel="next"'}))
        assert "another host" in fault(make({"paging": {"kind": "link"}})).what
        assert stranger.asked == []


def test_a_redirect_is_a_fault_and_the_key_is_not_sent_on(server: RoughServer, make: Make) -> None:
    with running() as stranger:
        server.in_turn(Answer(status=302, headers={"Location": stranger.url}))
        assert "302" in fault(make()).what
        assert stranger.asked == []


def test_another_key_does_not_see_what_the_first_one_read(
    server: RoughServer, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.in_turn(Answer([event(1)], headers={"ETag": '"v1"'}), Answer([event(2)]))
    collect(make())
    monkeypatch.setenv("SHOP_TOKEN", "another")
    assert ids(make()) == ["2"]
    assert "if-none-match" not in server.asked[1].headers
