"""The truth about flaws and the data agree: what is written down as broken is, and nothing else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from expectations.events import Before, Limits, check_events
from expectations.items import check_items
from expectations.users import check_users
from sources.marketplace.delivery import deliver
from sources.marketplace.flaws import BREAKS, spoil
from sources.marketplace.rows import joined
from sources.marketplace.settings import FLAWS
from tests.sources.marketplace.worlds import START, WEEK, delivered, history, open_marketplace, quiet, world

LOUD = tuple(flaw for flaw in FLAWS if flaw != "renamed_column")
DAYS = {"days": 35, "events": 40_000}


def refused_by_window(folder: Path, windows: int, **options: object) -> list[tuple[pd.DataFrame, pd.DataFrame]]:
    """For each window its events, and of those the contract refuses the reasons, by row."""
    market, catalogue, accepted, found = open_marketplace(folder, **options), set(), [], []
    for window in range(windows):
        start = START + window * WEEK
        tables = market.collect(start, start + WEEK, f"{start:%Y-%m-%d}")
        catalogue |= set(tables.items["item_id"])
        known = pd.concat(accepted) if accepted else tables.events.iloc[:0]
        checked = check_events(
            tables.events,
            start=start,
            end=start + WEEK,
            earliest=start - WEEK,
            before=Before(catalogue, known[["event_id", "revision"]]),
            limits=Limits(max_refused=1.0, outlier_quantile=0.999, max_moments_a_minute=25),
        )
        for check, table in ((check_users, tables.users), (check_items, tables.items)):
            assert check(table, start=start, end=start + WEEK, max_refused=1.0).refused.empty
        found.append((tables.events, checked.refused))
        accepted.append(tables.events.drop(index=checked.refused.index))
        assert not [each for each in checked.outcomes if each.promise == "item-in-catalogue" and not each.success]
    return found


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[pd.DataFrame, pd.DataFrame]]:
    return refused_by_window(tmp_path_factory.mktemp("market"), 5, flaws=list(LOUD), **DAYS)


def test_every_clean_row_keeps_every_promise(tmp_path: Path) -> None:
    for _, refused in refused_by_window(tmp_path, 3, clean=True):
        assert refused.empty


def test_the_contract_refuses_the_broken_the_doubled_and_the_too_late_and_no_other_row(
    judged: list[tuple[pd.DataFrame, pd.DataFrame]],
) -> None:
    for window, (events, refused) in enumerate(judged):
        truth = delivered(world(flaws=LOUD, **DAYS), window)[1]
        late = truth.get("late", pd.DataFrame(columns=["event_id", "belongs_to", "arrives_in"]))
        too_late = pd.to_datetime(late["arrives_in"]) - pd.to_datetime(late["belongs_to"]) > pd.Timedelta(WEEK)
        wanted = [*truth["broken"]["event_id"], *truth["duplicates"]["event_id"], *late.loc[too_late, "event_id"]]
        assert sorted(events.loc[refused.index, "event_id"]) == sorted(wanted)


def test_a_broken_row_breaks_the_promise_that_the_truth_names(
    judged: list[tuple[pd.DataFrame, pd.DataFrame]],
) -> None:
    for window, (events, refused) in enumerate(judged):
        truth = delivered(world(flaws=LOUD, **DAYS), window)[1]["broken"].set_index("event_id")["promise"]
        reasons = refused["reasons"].set_axis(events.loc[refused.index, "event_id"])
        for event, promise in truth.items():
            assert any(reason.startswith(f"{promise}:") for reason in reasons[event]), (event, promise)


def test_every_way_to_break_a_row_occurs_and_words_only_where_quantities_are_text() -> None:
    rows = joined([part.rows for part in deliver(quiet(), 0)])
    ways = {way.name for way in BREAKS}
    for words, wanted in ((False, ways), (True, ways | {"word as quantity"})):
        spoiled, which, told = spoil(rows, np.random.default_rng(1), 0.2, words=words)
        assert set(told["flaw"].to_pylist()) == wanted
        assert len(told) == which.sum() == pytest.approx(0.2 * len(rows), rel=0.1)
        assert np.array_equal(spoiled.take(~which).quantity, rows.take(~which).quantity, equal_nan=True)


def test_a_bad_batch_is_beyond_what_may_be_refused_and_no_other_window_is(
    judged: list[tuple[pd.DataFrame, pd.DataFrame]],
) -> None:
    schedule = world(flaws=LOUD, **DAYS).settings.schedule()
    shares = {window: len(refused) / len(events) for window, (events, refused) in enumerate(judged)}
    assert {window for window, share in shares.items() if share > 0.05} == {
        window for window, flaw in schedule.items() if flaw == "bad_batch"
    }


def test_each_flaw_of_a_window_has_a_window_of_its_own_and_shows_in_its_columns() -> None:
    of = world(flaws=FLAWS, days=42, events=12_000)
    columns = {flaw: delivered(of, window)[0] for window, flaw in of.settings.schedule().items()}
    usual = delivered(of, 0)[0]
    assert len(columns) == 5
    assert set(columns["added_column"]) - set(usual) == {"referrer"}
    assert set(usual) - set(columns["missing_column"]) == {"session_id"}
    assert set(columns["renamed_column"]) ^ set(usual) == {"item_id", "product_id"}
    assert pd.api.types.is_string_dtype(columns["retyped_column"]["quantity"])


def test_what_is_late_belongs_to_an_earlier_window_and_came_on_time_in_the_clean_world() -> None:
    of, clean = world(flaws=("late",), **DAYS), world(clean=True, **DAYS)
    late = pd.concat([delivered(of, window)[1].get("late", pd.DataFrame()) for window in range(5)])
    assert len(late) > 50
    assert (late["belongs_to"] < late["arrives_in"]).all()
    arrived, on_time = history(of), history(clean)
    names = [of.settings.name_of(window) for window in range(5)]
    for events, column in ((arrived, "arrives_in"), (on_time, "belongs_to")):
        here = events.set_index("event_id").loc[late["event_id"], "window"]
        assert [names[window] for window in here] == list(late[column])
    assert sorted(arrived["event_id"]) == sorted(on_time["event_id"])


def test_duplicates_say_the_same_twice_within_a_window_or_across_two() -> None:
    of = world(flaws=("duplicates",), **DAYS)
    events = history(of)
    told = pd.concat([delivered(of, window)[1]["duplicates"] for window in range(5)])
    twice = events[events.duplicated("event_id", keep=False)]
    assert sorted(twice["event_id"].unique()) == sorted(told["event_id"])
    assert len(twice.drop(columns="window").drop_duplicates()) == len(told)
    assert (told["belongs_to"] == told["arrives_in"]).any() and (told["belongs_to"] < told["arrives_in"]).any()


def test_a_correction_has_its_original_and_a_higher_revision_at_the_same_time() -> None:
    of = world(flaws=("corrections",), **DAYS)
    events = history(of)
    told = pd.concat([delivered(of, window)[1].get("corrections", pd.DataFrame()) for window in range(5)])
    both = events[events["revision"] == 1].merge(events[events["revision"] == 0], on="event_id", suffixes=("", "_was"))
    assert len(told) > 20 and set(told["became"]) == {"return", "purchase"}
    assert sorted(both["event_id"]) == sorted(told["event_id"])
    assert (both["event_type_was"] == "purchase").all()
    assert (both["occurred_at"] == both["occurred_at_was"]).all()
    assert (both["window"] >= both["window_was"]).all() and (both["window"] > both["window_was"]).any()
    assert both.set_index("event_id")["event_type"].to_dict() == told.set_index("event_id")["became"].to_dict()


def test_bots_read_faster_than_any_person() -> None:
    of = world(flaws=("bots",), **DAYS)
    events = history(of).sort_values("occurred_at", kind="stable")
    told = pd.concat([delivered(of, window)[1].get("bots", pd.DataFrame()) for window in range(5)])
    pace = events.groupby("user_id")["occurred_at"].diff(30)
    fast = set(events.loc[pace <= pd.Timedelta(minutes=1), "user_id"])
    assert fast == set(told["user_id"]) and fast
    assert sorted(events.loc[events["user_id"].isin(fast), "event_id"]) == sorted(told["event_id"])


def test_a_return_comes_days_after_its_purchase() -> None:
    events = history(quiet())
    back = events[events["event_type"] == "return"]
    bought = events[events["event_type"] == "purchase"]
    pairs = back.merge(bought, on=["user_id", "item_id", "quantity", "value"], suffixes=("", "_was"))
    days = (pairs["occurred_at"] - pairs["occurred_at_was"]) / pd.Timedelta(days=1)
    assert len(back) > 20
    assert set(back["event_id"]) == set(pairs.loc[days.isin(range(3, 10)), "event_id"])
