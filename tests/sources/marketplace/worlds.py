"""Small marketplaces for tests, and their windows as tables."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import yaml

from sources.catalogue import open_connector
from sources.connector import Connector, Place
from sources.marketplace.delivery import deliver
from sources.marketplace.rows import to_arrow
from sources.marketplace.settings import Options, Settings
from sources.marketplace.world import World

START, WEEK = datetime(2024, 1, 7, tzinfo=UTC), timedelta(days=7)


@cache
def world(**options: Any) -> World:
    """300 users and 400 items for three weeks, unless `options` say otherwise; made once for each set of options."""
    asked = {"users": 300, "items": 400, "days": 21, "events": 24_000, **options}
    return World(Settings(options=Options.model_validate(asked)))


@cache
def quiet() -> World:
    """Four weeks without a flaw, with events enough to see habits in."""
    return world(users=400, items=500, days=28, events=80_000, clean=True)


def delivered(of: World, window: int) -> tuple[pd.DataFrame, dict[str, pd.DataFrame]]:
    """A window's events as delivered, and the truth about them."""
    parts = list(deliver(of, window))
    flaw = of.settings.schedule().get(window)
    events = pa.concat_tables([to_arrow(part.rows, of, flaw) for part in parts]).to_pandas()
    names = {name for part in parts for name in part.truth}
    truth = {
        name: pa.concat_tables([part.truth[name] for part in parts if name in part.truth]).to_pandas()
        for name in sorted(names)
    }
    return _plain(events), truth


@cache
def history(of: World) -> pd.DataFrame:
    """All windows' events, with the window they arrived in as column `window`."""
    windows = range(of.settings.windows)
    return pd.concat([delivered(of, each)[0].assign(window=each) for each in windows], ignore_index=True)


def open_marketplace(folder: Path, **options: Any) -> Connector:
    """The connector of a mapping file that asks for the same as `world(**options)`."""
    asked = {"users": 300, "items": 400, "days": 21, "events": 24_000, **options}
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "market.yaml"
    content = {"name": "simulated-marketplace", "connector": "marketplace", "options": asked}
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return open_connector("", Place(folder / "drop", folder / "state", START, WEEK), path)


def _plain(events: pd.DataFrame) -> pd.DataFrame:
    coded = events.select_dtypes("category").columns
    return events.astype(dict.fromkeys(coded, "str"))
