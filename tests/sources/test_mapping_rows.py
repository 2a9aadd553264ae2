"""What a mapping makes of whole rows: their faults, their extras, their ids and their columns."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa
import pytest

from features.schema import LANDED
from sources.mapping.records import to_table
from sources.mapping.shape import FEW, shape
from tests.sources.cells import START, spec


def test_all_faults_of_a_row_are_told_in_the_contracts_order_and_shortened() -> None:
    raw = pa.table({"user": ["a"], "at": ["x" * 1_000_000], "q": ["two"]})
    fault = shape(raw, "events", spec(quantity="q"), source="shop", start=START)["fault"].item()
    assert fault.startswith("occurred_at: 'xxxx")
    assert fault.endswith("; quantity: 'two' is no number")
    assert len(fault) < 200


def test_unknown_columns_are_kept_as_json_with_sorted_keys_and_without_nulls() -> None:
    records = [
        {"user": "a", "at": "2024-01-01", "z": 'ä "q"\n', "b": {"d": [1, "x"], "c": 1.5}},
        {"user": "b", "z": None},
    ]
    rows = shape(to_table(records), "events", spec(), source="shop", start=START)
    assert rows["extras"][0] == '{"b.c": 1.5, "b.d": [1, "x"], "z": "ä \\"q\\"\\n"}'
    assert pd.isna(rows["extras"][1])


def test_extras_that_a_source_gives_itself_are_joined_with_the_unknown_columns() -> None:
    raw = pa.table(
        {"user": ["a", "b"], "at": ["2024-01-01"] * 2, "more": ['{"y": 1, "b": 2}', "[1]"], "c": ["3", None]}
    )
    rows = shape(raw, "events", spec(extras="more"), source="shop", start=START)
    assert rows["extras"][0] == '{"b": 2, "c": "3", "y": 1}'
    assert "extras: '[1]' is no JSON object" in rows["fault"][1]


def test_an_event_without_an_id_has_the_same_one_however_many_rows_come_with_it() -> None:
    one = pa.table({"user": ["a"], "at": ["2024-01-01"], "q": ["x\x00ü"]})
    many = pa.concat_tables([one] * (FEW + 1))
    ids = [shape(rows, "events", spec(query="q"), source="s", start=START)["event_id"] for rows in (one, many)]
    assert ids[1].nunique() == 1
    assert ids[0].item() == ids[1][0]


@pytest.mark.parametrize(
    "field",
    ["user_id", "item_id", "target_user_id", "session_id", "occurred_at", "quantity", "value", "query", "domain"],
)
def test_events_that_differ_in_any_field_differ_in_their_ids(field: str) -> None:
    times = ["2024-01-01", "2024-01-02", "soon"]
    other = ["1", "2", "?!" if field not in ("quantity", "value") else "two"]
    raw = pa.table({"user": ["a"] * 3, "at": ["2024-01-01"] * 3, "c": times if field == "occurred_at" else other})
    assert shape(raw, "events", spec(**{field: "c"}), source="s", start=START)["event_id"].is_unique


@pytest.mark.parametrize("table", LANDED)
def test_any_table_has_the_landings_columns_and_types_even_without_rows(table: str) -> None:
    id_ = "user_id" if table == "users" else "item_id"
    raw = pa.table({"user": ["a"], "at": ["2024-01-01"], "id": ["a"]})
    for rows in (raw, raw.slice(0, 0)):
        shaped = shape(rows, table, spec(table), source="s", start=START)
        assert {name: str(dtype) for name, dtype in shaped.dtypes.items()} == LANDED[table]
        assert len(shaped) == len(rows)
        if table != "events":
            assert shaped["valid_from"].eq(START).all()
            assert shaped[id_].eq("a").all()
