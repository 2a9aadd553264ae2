"""A shop's JSON API as tests ask it: its events, its key, and what a collect from it brings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sources.connector import SourceFault
from sources.http_api.connector import HttpApi
from tests.sources.mapped import collect

KEY = "t0k3n-of-the-shop"
WINDOW = {"since": "{start}", "until": "{end}"}
Make = Callable[..., HttpApi]


def event(number: int, **more: Any) -> dict[str, Any]:
    row = {"id": number, "visitor": "ann", "item": "tea", "action": "view", "at": f"2024-01-08T09:00:{number:02}Z"}
    return row | {"quantity": 1} | more


def ids(connector: HttpApi, week: int = 0) -> list[str]:
    return list(collect(connector, week).events["event_id"])


def fault(connector: HttpApi) -> SourceFault:
    with pytest.raises(SourceFault) as caught:
        collect(connector)
    assert KEY not in str(caught.value) + caught.value.mend
    return caught.value
