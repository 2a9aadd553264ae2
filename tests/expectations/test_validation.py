"""What a validation says besides pass or stop."""

from __future__ import annotations

import json
import math
import re
from datetime import timedelta

import pandas as pd
import pytest

from expectations.pages import render_index, render_page
from expectations.predictions import check_predictions
from expectations.users import check_users
from tests.expectations.tables import END, START, events, judge_events, lists, put, users


def test_a_row_is_refused_with_every_reason_it_broke() -> None:
    table = put(put(put(events(), 3, "user_id", None), 3, "quantity", 0.0), 3, "event_type", "purchase")
    reasons = judge_events(table).refused.loc[3, "reasons"]
    assert [reason.split(":")[0] for reason in reasons] == ["user-id-known", "purchase-quantity-positive"]


def test_the_first_of_two_events_with_one_id_is_kept() -> None:
    assert list(judge_events(put(events(), 7, "event_id", "e2")).refused.index) == [7]


def test_two_rows_without_an_id_are_not_called_copies_of_each_other() -> None:
    table = put(put(events(60), 3, "event_id", None), 4, "event_id", None)
    reasons = judge_events(table).refused["reasons"]
    assert [len(each) for each in reasons] == [1, 1]


def test_a_view_needs_neither_quantity_nor_value() -> None:
    table = events()
    for column, value in (("event_type", "view"), ("quantity", math.nan), ("value", math.nan)):
        table = put(table, 3, column, value)
    assert judge_events(table).refused.empty


def test_the_share_refused_may_reach_its_bound_but_not_pass_it() -> None:
    table = put(events(20), 3, "user_id", None)
    assert judge_events(table, max_refused=0.05).passed
    assert not judge_events(table, max_refused=0.049).passed


def test_an_outlier_in_a_small_window_does_not_hide_behind_itself() -> None:
    validation = judge_events(put(events(5), 3, "quantity", 10.0), outlier_quantile=0.999)
    assert validation.passed
    assert [warning.split(":")[0] for warning in validation.warnings] == ["quantity-near"]


def test_a_window_may_bring_no_users() -> None:
    assert check_users(users(0), start=START, end=END, max_refused=0.0).passed


def test_the_same_user_may_become_valid_twice_in_a_window() -> None:
    table = put(put(users(), 3, "user_id", "u0"), 3, "valid_from", pd.Timestamp(START) + timedelta(days=1))
    assert check_users(table, start=START, end=END, max_refused=0.0).refused.empty


def test_a_promise_that_cannot_be_checked_stops_the_run() -> None:
    validation = judge_events(events().assign(quantity="many"))
    assert not validation.passed
    assert any("could not be checked" in reason for reason in validation.reasons)


def test_ranks_and_scores_are_held_against_their_own_user_in_any_row_order() -> None:
    assert check_predictions(lists().iloc[::-1], k=2).passed


def test_the_table_that_is_checked_is_left_as_it_was() -> None:
    table = events()
    judge_events(table)
    pd.testing.assert_frame_equal(table, events())


def test_rows_must_be_numbered_so_that_reasons_find_them() -> None:
    with pytest.raises(ValueError, match="numbered from 0"):
        judge_events(events().iloc[5:])


def test_the_stored_result_is_strict_json_and_the_same_each_time() -> None:
    table = put(put(events(), 3, "quantity", math.inf), 4, "value", math.nan)
    first, second = (json.dumps(judge_events(table).to_json(), allow_nan=False) for _ in range(2))
    assert first == second
    assert '"severity": "critical"' in first


def test_the_page_of_a_validation_says_what_was_promised_and_what_broke_it() -> None:
    page = render_page(judge_events(put(events(), 3, "quantity", 0.0)), window="2017-01-01", start=START)
    assert "purchase-quantity-positive: the quantity of a purchase is above 0" in page
    assert "share-refused" in page
    assert "0.025" in page


def test_the_page_loads_nothing_from_elsewhere_and_is_the_same_each_time() -> None:
    broken = put(events(), 3, "query", '<img src="https://example.org/x.png">')
    first, second = (render_page(judge_events(broken), window="2017-01-01", start=START) for _ in range(2))
    assert first == second
    assert not re.search(r"<(script|link|img|iframe)|https?:", first)
    assert "2017-01-01, events" in first


def test_the_page_says_passed_when_rows_are_quarantined_and_stopped_when_the_batch_is_broken() -> None:
    quarantined = judge_events(put(events(), 3, "quantity", 0.0))
    assert "<span class=passed>" in render_page(quarantined, window="2017-01-01", start=START)
    assert "<span class=stopped>" in render_page(judge_events(events().iloc[:0]), window="2017-01-01", start=START)


def test_the_index_page_escapes_what_it_shows() -> None:
    counts = {kind: {"events": 1} for kind in ("collected", "accepted", "quarantined")}
    window = {"passed": False, "reasons": {}, "broken": ["<b>no</b>"], "warnings": [], "pages": {}} | counts
    page = render_index({"2017-01-01": window})
    assert "stopped" in page
    assert "&lt;b&gt;no" in page
