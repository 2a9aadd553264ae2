"""People of the marketplace have habits, and the truth about them shows in what they do."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest

from sources.marketplace import truth
from sources.marketplace.scenarios import CASES
from tests.sources.marketplace.worlds import START, history, quiet, world

VIEWS = ("view", "cart", "purchase", "like", "follow")


@cache
def with_category() -> pd.DataFrame:
    items = truth.items(quiet()).to_pandas()[["item_id", "category", "brand"]]
    events = history(quiet())
    return events[events["event_type"].isin(VIEWS)].merge(items, on="item_id")


def test_popularity_is_heavy_tailed() -> None:
    counts = history(quiet()).query("event_type == 'view'")["item_id"].value_counts().to_numpy()
    assert counts[: len(counts) // 10].sum() > 0.3 * counts.sum()
    assert np.median(counts) < 0.6 * counts.mean()


def test_people_are_unequally_busy() -> None:
    counts = history(quiet())["user_id"].value_counts().to_numpy()
    assert counts[: len(counts) // 10].sum() > 0.3 * counts.sum()


def test_what_is_bought_again_comes_near_its_period() -> None:
    staples = truth.staples(quiet()).to_pandas()
    bought = history(quiet()).query("event_type == 'purchase'").merge(staples, on=["user_id", "item_id"])
    days = (bought["occurred_at"] - START) / pd.Timedelta(days=1)
    since_due = ((days - bought["phase_days"]) / bought["period_days"]) % 1
    # evenly spread purchases would put a third of themselves here; the rest are chance purchases, and the day's hours
    assert (since_due.between(0, 0.25) | (since_due > 0.92)).mean() > 0.85
    assert len(bought) > 0.7 * float((28 / staples["period_days"]).sum())


def test_a_shift_moves_the_shares_of_those_users_from_one_category_to_the_other() -> None:
    shifts = truth.shifts(quiet()).to_pandas()
    moved = with_category().merge(shifts, on="user_id")
    day = moved["occurred_at"].dt.tz_localize(None).dt.normalize()
    before, after = day < pd.to_datetime(moved["starts"]), day >= pd.to_datetime(moved["complete"])
    for kind in ("sudden", "gradual"):
        of_kind = moved["kind"] == kind
        left = moved["category"] == moved["from_category"]
        found = moved["category"] == moved["to_category"]
        assert left[before & of_kind].mean() > 0.35 and found[before & of_kind].mean() < 0.06
        if kind == "sudden":
            assert left[after & of_kind].mean() < 0.06 and found[after & of_kind].mean() > 0.35
        else:
            under_way = ~before & of_kind
            assert 0.05 < found[under_way].mean() < 0.45


def test_nothing_of_a_new_category_happens_before_it_opens_and_some_shift_to_it() -> None:
    opened = truth.schedule(quiet())["new_categories"]
    assert len(opened) == 2
    for each in opened:
        rows = with_category()[with_category()["category"] == each["category"]]
        assert rows["occurred_at"].min() >= pd.Timestamp(each["from"], tz="UTC")
    assert truth.shifts(quiet()).to_pandas()["to_new_category"].any()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.user_id)
def test_a_named_user_does_what_the_case_says(case: object) -> None:
    row = next(place for place, each in enumerate(CASES) if each is case)
    told = truth.schedule(quiet())["cases"][row]
    seen = with_category()[with_category()["user_id"] == told["user_id"]]
    shares = seen["category"].value_counts(normalize=True)
    assert len(seen) > 200
    assert shares.reindex(list(told["interests"])).sum() > 0.75
    first, *_, last = told["interests"]
    assert shares[first] > shares[last]


def test_the_buyer_of_electronics_keeps_to_brands_and_follows_them() -> None:
    told = truth.schedule(quiet())["cases"][2]
    seen = with_category()[with_category()["user_id"] == told["user_id"]]
    followed = seen.loc[seen["event_type"] == "follow", "extras"]
    assert seen["brand"].isin(told["brands"]).mean() > 0.5
    assert len(followed) and followed.str.contains('"followed"').all()


def test_scenarios_differ_in_what_prevails() -> None:
    shares = {
        name: history(world(scenario=name, clean=True))["event_type"].value_counts(normalize=True)
        for name in ("shop", "social", "marketing")
    }
    assert shares["social"]["like"] > 2 * shares["shop"]["like"]
    assert shares["marketing"]["redeem"] > 2 * shares["shop"]["redeem"]


def test_weekends_are_busier_and_nights_are_quiet() -> None:
    at = history(quiet())["occurred_at"]
    by_day, by_hour = at.dt.day_of_week.value_counts(), at.dt.hour.value_counts()
    assert by_day[5] > 1.15 * by_day[1]
    assert by_hour[20] > 5 * by_hour[3]


def test_after_a_request_to_be_deleted_there_is_silence() -> None:
    of = world(users=2_000, days=14, clean=True)
    asked = truth.deletions(of).to_pandas()
    seen = history(of).merge(asked, on="user_id")
    assert len(asked) and len(seen)
    assert (seen["occurred_at"].dt.tz_localize(None) < pd.to_datetime(seen["requested_at"])).all()
