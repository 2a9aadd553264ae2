"""A real broker of each kind, and the spool that a consumer fills."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sources.spool import Spool
from tests.sources.stream.brokers import Broker, rabbit, redis
from tests.sources.stream.log_brokers import kafka, nats

BROKERS = {"redis": redis, "rabbit": rabbit, "nats": nats, "kafka": kafka}


@pytest.fixture(params=BROKERS)
def broker(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Broker]:
    with BROKERS[request.param]() as broker:
        monkeypatch.setenv("SHOP_BROKER", broker.url)
        yield broker


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path / "state" / "stream" / "shop.db")
