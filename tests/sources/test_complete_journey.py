"""Complete Journey: the year replayed, its traps included."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest

from features.schema import LANDED
from sources.complete_journey import CompleteJourney
from sources.connector import Tables

FIRST = datetime(2017, 1, 1, tzinfo=UTC)
WEEK = timedelta(days=7)


@pytest.fixture(scope="module")
def journey() -> CompleteJourney:
    return CompleteJourney(FIRST)


@pytest.fixture(scope="module")
def first(journey: CompleteJourney) -> Tables:
    return journey.collect(FIRST, FIRST + WEEK, "2017-01-01")


def test_tables_have_exactly_the_columns_and_types_of_the_contract(first: Tables) -> None:
    for name, columns in LANDED.items():
        found = getattr(first, name).dtypes
        assert {column: str(dtype) for column, dtype in found.items()} == columns


def test_an_event_names_its_basket_its_product_and_its_second(first: Tables) -> None:
    event = first.events.iloc[0]
    assert event["event_id"] == "31198570044-1095275"
    assert (event["session_id"], event["item_id"], event["user_id"]) == ("31198570044", "1095275", "900")
    assert event["occurred_at"] == pd.Timestamp("2017-01-01T11:53:26Z")
    assert (event["quantity"], event["value"], event["event_type"]) == (1.0, 0.5, "purchase")


def test_windows_meet_without_a_gap_or_an_overlap(journey: CompleteJourney, first: Tables) -> None:
    middle = FIRST + timedelta(days=3)
    halves = [journey.collect(FIRST, middle, "a").events, journey.collect(middle, FIRST + WEEK, "b").events]
    pd.testing.assert_frame_equal(pd.concat(halves, ignore_index=True), first.events)


def test_the_whole_year_is_replayed_with_its_odd_quantities_as_they_are(journey: CompleteJourney) -> None:
    year = journey.collect(FIRST, datetime(2018, 2, 1, tzinfo=UTC), "year").events
    assert len(year) == 1_469_307
    assert (year["quantity"] == 0).sum() == 8_869
    assert ((year["quantity"] == 0) & (year["value"] == 0)).sum() == 8_820
    assert (year["quantity"] > 100).sum() == 13_510
    assert year["quantity"].max() == 89_638
    assert year["event_id"].is_unique


def test_some_events_name_products_that_the_catalogue_lacks(first: Tables) -> None:
    missing = ~first.events["item_id"].isin(set(first.items["item_id"]))
    assert 0 < missing.mean() < 0.01


def test_households_and_products_belong_to_the_first_window_only(journey: CompleteJourney, first: Tables) -> None:
    assert (len(first.users), len(first.items)) == (801, 92_331)
    assert set(first.users["valid_from"]) == set(first.items["valid_from"]) == {pd.Timestamp(FIRST)}
    second = journey.collect(FIRST + WEEK, FIRST + 2 * WEEK, "2017-01-08")
    assert (len(second.users), len(second.items)) == (0, 0)


def test_an_item_has_a_title_a_category_path_and_the_brand_of_its_maker(first: Tables) -> None:
    items = first.items.set_index("item_id")
    assert list(items.loc["1000050", ["title", "category", "brand"]]) == [
        "KIDS CEREAL 14.5 OZ",
        "GROCERY > COLD CEREAL > KIDS CEREAL",
        "National 1046",
    ]
    assert items["price"].isna().all()


def test_parts_of_a_category_that_are_unknown_are_left_out(first: Tables) -> None:
    item = first.items.set_index("item_id").loc["26081"]
    assert item["category"] == "MISCELLANEOUS"
    assert pd.isna(item["title"])


def test_a_household_has_the_bands_of_the_demographics(first: Tables) -> None:
    user = first.users.set_index("user_id").loc["1"]
    assert list(user[["age_band", "income_band", "household"]]) == ["65+", "35-49K", "2 Adults No Kids"]
    assert pd.isna(user["gender"])
    assert pd.isna(user["occupation"])


def test_the_last_event_is_that_of_the_package(journey: CompleteJourney) -> None:
    assert journey.last_event_at() == datetime(2018, 1, 1, 4, 1, 20, tzinfo=UTC)


def test_a_fingerprint_is_stable_and_differs_between_windows(journey: CompleteJourney) -> None:
    week = journey.fingerprint(FIRST, FIRST + WEEK, "2017-01-01")
    assert week == CompleteJourney(FIRST).fingerprint(FIRST, FIRST + WEEK, "2017-01-01")
    assert week != journey.fingerprint(FIRST + WEEK, FIRST + 2 * WEEK, "2017-01-08")
