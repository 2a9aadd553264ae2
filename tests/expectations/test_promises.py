"""Each promise about data has a row or a batch that breaks it, and no promise lacks its row."""

from __future__ import annotations

import math
from functools import cache

import pandas as pd
import pytest

from expectations.validation import Validation
from tests.expectations.tables import EARLIEST, END, GOOD, JUDGES, START, put

JUST_BEFORE = pd.Timestamp(START) - pd.Timedelta("1us")
ROW = 3

BROKEN_ROWS: dict[str, list[tuple[str, str, object]]] = {
    "events": [
        ("cells-readable", "fault", "quantity: 'two' is no number"),
        ("event-id-known", "event_id", None),
        ("event-id-once", "event_id", "e0"),
        ("user-id-known", "user_id", None),
        ("event-type-known", "event_type", None),
        ("event-type-in-set", "event_type", "ponder"),
        ("occurred-at-known", "occurred_at", pd.NaT),
        ("event-id-once", "event_id", "old"),
        ("revision-not-negative", "revision", -1),
        ("not-too-late", "occurred_at", pd.Timestamp(EARLIEST) - pd.Timedelta("1us")),
        ("not-yet-to-come", "occurred_at", pd.Timestamp(END)),
        ("item-known", "item_id", None),
        ("target-is-another", "target_user_id", "ann"),
        ("query-known", "event_type", "search"),
        ("purchase-quantity-positive", "quantity", 0.0),
        ("purchase-quantity-positive", "quantity", -math.inf),
        ("purchase-quantity-known", "quantity", math.nan),
        ("quantity-finite", "quantity", math.inf),
        ("purchase-value-known", "value", math.nan),
        ("value-finite", "value", math.inf),
        ("value-finite", "value", -math.inf),
    ],
    "users": [
        ("cells-readable", "fault", "valid_from: 'soon' is no time"),
        ("user-id-known", "user_id", None),
        ("user-id-once", "user_id", "u0"),
        ("valid-from-known", "valid_from", pd.NaT),
        ("valid-from-inside", "valid_from", JUST_BEFORE),
    ],
    "items": [
        ("cells-readable", "fault", "price: 'dear' is no number"),
        ("item-id-known", "item_id", None),
        ("item-id-once", "item_id", "i0"),
        ("valid-from-known", "valid_from", pd.NaT),
        ("valid-from-inside", "valid_from", pd.Timestamp(END)),
        ("price-finite", "price", math.inf),
    ],
}


def without(name: str, column: str) -> pd.DataFrame:
    return GOOD[name]().drop(columns=column)


def broken(name: str, row: int, column: str, value: object) -> pd.DataFrame:
    return put(GOOD[name](), row, column, value)


BROKEN_BATCHES: dict[str, list[tuple[str, pd.DataFrame]]] = {
    "events": [
        ("columns-exist", without("events", "quantity")),
        ("not-empty", GOOD["events"]().iloc[:0]),
        ("clock-forward", GOOD["events"]().assign(occurred_at=JUST_BEFORE)),
        ("share-refused", GOOD["events"]().assign(user_id=None).astype({"user_id": "str"})),
        ("item-in-catalogue", broken("events", ROW, "item_id", "mystery")),
        ("pace-human", GOOD["events"]().assign(occurred_at=pd.date_range(START, periods=40, freq="2s").as_unit("us"))),
        ("quantity-near", broken("events", ROW, "quantity", 89_638.0)),
        ("value-near", broken("events", ROW, "value", 89_638.0)),
    ],
    "users": [
        ("columns-exist", without("users", "gender")),
        ("share-refused", GOOD["users"]().assign(valid_from=JUST_BEFORE)),
    ],
    "items": [
        ("columns-exist", without("items", "brand")),
        ("share-refused", GOOD["items"]().assign(valid_from=JUST_BEFORE)),
    ],
    "graph": [
        ("columns-exist", without("graph", "count")),
        ("columns-exist", GOOD["graph"]().drop(columns=["weight_7d", "weight_56d"])),
        ("not-empty", GOOD["graph"]().iloc[:0]),
        ("edges-known", broken("graph", 1, "weight_7d", math.nan)),
        ("user-row-in-range", broken("graph", 2, "user_row", 2)),
        ("item-row-in-range", broken("graph", 2, "item_row", -1)),
        ("pair-once", broken("graph", 1, "item_row", 0)),
        ("count-positive", broken("graph", 1, "count", 0)),
        ("history-ordered", broken("graph", 1, "first_at", 26)),
        ("nothing-later", broken("graph", 1, "last_at", 36)),
        ("weight-finite", broken("graph", 1, "weight_56d", math.inf)),
    ],
    "predictions": [
        ("columns-exist", without("predictions", "score")),
        ("not-empty", GOOD["predictions"]().iloc[:0]),
        ("lists-known", broken("predictions", 1, "score", math.nan)),
        ("lists-known", broken("predictions", 1, "item_id", None)),
        ("rank-in-range", broken("predictions", 1, "rank", 3)),
        ("score-finite", broken("predictions", 0, "score", math.inf)),
        ("item-once", broken("predictions", 1, "item_id", "tea")),
        ("ranks-gapless", broken("predictions", 1, "rank", 1)),
        ("scores-falling", broken("predictions", 1, "score", 0.95)),
    ],
}
ROWS = [(table, ROW + place, case[0]) for table, cases in BROKEN_ROWS.items() for place, case in enumerate(cases)]
BATCHES = [(table, *case) for table, cases in BROKEN_BATCHES.items() for case in cases]


def failures(validation: Validation, scope: str) -> set[str]:
    return {o.promise for o in validation.outcomes if not o.success and o.scope == scope}


@cache
def whole(name: str) -> Validation:
    """What a table that keeps every promise gets."""
    return JUDGES[name](GOOD[name]())


@cache
def rows_broken(name: str) -> Validation:
    """All broken rows of a table in one large batch, a row each: they do not hide one another."""
    table = GOOD[name](800)
    for place, (_, column, value) in enumerate(BROKEN_ROWS[name]):
        table = put(table, ROW + place, column, value)
    return JUDGES[name](table)


@pytest.mark.parametrize("name", JUDGES)
def test_a_table_that_keeps_every_promise_passes(name: str) -> None:
    validation = whole(name)
    assert validation.passed
    assert [outcome for outcome in validation.outcomes if not outcome.success] == []
    assert validation.refused.empty


@pytest.mark.parametrize(("name", "row", "promise"), ROWS)
def test_a_row_that_breaks_a_promise_is_refused_for_it(name: str, row: int, promise: str) -> None:
    validation = rows_broken(name)
    assert promise in [reason.split(":")[0] for reason in validation.refused.loc[row, "reasons"]]
    assert promise in failures(validation, "row")


@pytest.mark.parametrize("name", BROKEN_ROWS)
def test_rows_that_break_no_promise_are_not_refused_and_the_batch_goes_on(name: str) -> None:
    validation = rows_broken(name)
    assert list(validation.refused.index) == [ROW + position for position in range(len(BROKEN_ROWS[name]))]
    assert validation.passed


def test_an_event_that_names_a_user_needs_no_item() -> None:
    follow = put(
        put(put(GOOD["events"](), ROW, "event_type", "follow"), ROW, "item_id", None), ROW, "target_user_id", "bob"
    )
    assert JUDGES["events"](follow).refused.empty


@pytest.mark.parametrize(("name", "promise", "table"), BATCHES)
def test_a_batch_that_breaks_a_promise_stops_the_run_unless_the_promise_is_a_warning(
    name: str, promise: str, table: pd.DataFrame
) -> None:
    validation = JUDGES[name](table)
    assert promise in failures(validation, "batch")
    severity = {o.severity for o in validation.outcomes if o.promise == promise and not o.success}
    assert validation.passed is (severity == {"warning"})
    said = validation.warnings if validation.passed else validation.reasons
    assert promise in [sentence.split(":")[0] for sentence in said]


@pytest.mark.parametrize("name", JUDGES)
def test_no_promise_lacks_its_row(name: str) -> None:
    broken_ones = {case[0] for case in [*BROKEN_ROWS.get(name, []), *BROKEN_BATCHES.get(name, [])]}
    assert broken_ones == {outcome.promise for outcome in whole(name).outcomes}


@pytest.mark.parametrize("name", JUDGES)
def test_every_promise_has_a_severity_a_scope_and_a_reason(name: str) -> None:
    for outcome in whole(name).outcomes:
        assert outcome.severity in ("critical", "warning")
        assert outcome.scope in ("row", "batch")
        assert len(outcome.reason.split()) > 2
