"""The graph's contract on real purchases and on a simulated marketplace: a few users' whole history, cut anywhere."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from zlib import crc32

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import strategies as st

from sources.complete_journey import CompleteJourney
from sources.marketplace.catalogue import item_rows
from sources.marketplace.delivery import deliver
from sources.marketplace.rows import to_arrow
from sources.marketplace.settings import Options, Settings
from sources.marketplace.world import World
from sources.marketplace.writing import window_users
from tests.features.histories import History
from tests.features.shop import START
from tests.features.test_fold_properties import CHECKS, MANY, PARTS, hold

WINDOWS = 8
"""Windows of seven days that are looked at."""


@cache
def journey() -> History:
    """Complete Journey's first weeks, moved to START; one purchase in eight arrives a week late."""
    first = datetime(2017, 1, 1, tzinfo=UTC)
    came = CompleteJourney(first).collect(first, first + timedelta(days=7 * WINDOWS), "2017-01-01")
    rows = came.events.assign(occurred_at=came.events["occurred_at"] + (START - first), target_user_id=None)
    window = (rows["occurred_at"] - START) // timedelta(days=7)
    late = rows["event_id"].map(lambda event: crc32(event.encode()) % 8 == 0).astype(int)
    rows["arrived"] = (window + late).clip(upper=WINDOWS - 1)
    items, users = (table.assign(valid_from=START) for table in (came.items, came.users))
    return History(rows, tuple(7.0 * (window + 1) for window in range(WINDOWS)), items=items, users=users)


@cache
def marketplace() -> History:
    """A simulated marketplace with late events and corrections, as delivered window by window."""
    options = Options(users=120, items=200, days=7 * WINDOWS, events=12_000, flaws=("late", "corrections"))
    world = World(Settings(options=options, start=START.date()))
    parts = [
        to_arrow(part.rows, world).to_pandas().assign(arrived=window)
        for window in range(WINDOWS)
        for part in deliver(world, window)
    ]
    rows = pd.concat(parts, ignore_index=True).assign(target_user_id=None)
    days = range(7 * WINDOWS)
    items, users = (
        _dated(table) for table in (item_rows(world.catalogue, days, world.day_us(days)), window_users(world, days))
    )
    return History(rows, tuple(7.0 * (window + 1) for window in range(WINDOWS)), items=items, users=users)


def _dated(table: pa.Table) -> pd.DataFrame:
    rows = table.to_pandas()
    return rows.assign(valid_from=pd.to_datetime(rows["valid_from"], utc=True))


@st.composite
def cut(draw: st.DrawFn, shop: Callable[[], History]) -> History:
    """The history of up to five users, folded at some of the windows' ends; at times one of them is erased."""
    whole = shop()
    users = draw(st.sets(st.sampled_from(sorted(whole.rows["user_id"].unique())), min_size=1, max_size=5))
    ends = draw(st.sets(st.integers(0, WINDOWS - 2), max_size=3)) | {WINDOWS - 1}
    rows = whole.rows[whole.rows["user_id"].isin(users)]
    batch = {window: sum(end < window for end in sorted(ends)) for window in range(WINDOWS)}
    erased = {}
    if draw(st.booleans()):
        erased = {draw(st.sampled_from(sorted(users))): (draw(st.integers(0, 60)), draw(st.integers(0, len(ends) - 1)))}
    seen = rows["item_id"].dropna().unique()
    return History(
        rows.assign(arrived=rows["arrived"].map(batch)).reset_index(drop=True),
        tuple(whole.days[end] for end in sorted(ends)),
        erased,
        items=whole.items[whole.items["item_id"].isin(seen)],
        users=whole.users[whole.users["user_id"].isin(users)],
    )


SHOPS = [journey, marketplace]


@pytest.mark.parametrize("shop", SHOPS)
@pytest.mark.parametrize("check", CHECKS)
def test_of_a_few_users(check: Callable[[History], None], shop: Callable[[], History]) -> None:
    hold([check], cut(shop), 3)


@pytest.mark.deep
@pytest.mark.timeout(6 * 3600)
@pytest.mark.parametrize("shop", SHOPS)
@pytest.mark.parametrize("part", range(PARTS))
def test_of_many_users(part: int, shop: Callable[[], History]) -> None:
    """MANY histories of each shop for each check; all checks look at the same ones."""
    hold(CHECKS, cut(shop), MANY // PARTS, part)
