"""How a mapping reads cells: what becomes an id, a number or a word, and what is a fault."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.mapping.shape import shape
from tests.sources.cells import START, read, spec


@pytest.mark.parametrize("cell", ["7", 7, 7.0, pa.array([7], pa.uint8()), pa.array([Decimal("7.0")]), pa.array([b"7"])])
def test_a_whole_number_is_the_same_id_however_it_is_typed(cell: Any) -> None:
    rows = read(cell if isinstance(cell, pa.Array) else [cell], "item_id")
    assert rows["item_id"].item() == "7"
    assert rows["fault"].isna().all()


@pytest.mark.parametrize("cell", [1.5, True, ["a"], float("inf"), 2.0**60])
def test_what_several_texts_could_be_spelled_for_is_no_id(cell: Any) -> None:
    rows = read([cell, "tea"], "item_id")
    assert rows["item_id"].isna().tolist() == [True, False]
    assert rows["fault"][0].startswith(f"item_id: {cell if not isinstance(cell, list) else '['}")
    assert pd.isna(rows["fault"][1])


@given(st.integers(-(2**63), 2**64 - 1))
def test_no_whole_number_loses_a_digit_as_an_id(number: int) -> None:
    assert read([number], "item_id")["item_id"].item() == str(number)


@pytest.mark.parametrize(
    ("cell", "id_"), [("17850.0", "17850"), (" 12 ", "12"), ("-3.", "-3"), ("007", "007"), (5, "5")]
)
def test_an_id_that_was_written_as_a_number_is_whole(cell: Any, id_: str) -> None:
    assert read([cell], "item_id", whole=True)["item_id"].item() == id_


@pytest.mark.parametrize("cell", ["1.5", "tea", "1e3", "1,0"])
def test_what_is_no_whole_number_is_no_whole_id(cell: str) -> None:
    assert "is no whole number" in read([cell], "item_id", whole=True)["fault"].item()


@pytest.mark.parametrize("cell", ["", "   ", None, float("nan")])
def test_an_empty_cell_is_null_and_no_fault(cell: Any) -> None:
    for field in ("item_id", "quantity", "arrived_at"):
        rows = read([cell, None], field)
        assert rows[[field, "fault"]].isna().all(axis=None)


@pytest.mark.parametrize(
    ("cell", "decimal", "number"),
    [("2.5", ".", 2.5), ("2,5", ",", 2.5), (" +2 ", ".", 2.0), ("1e3", ".", 1000.0), ("-.5", ".", -0.5), (3, ",", 3.0)],
)
def test_a_number_is_read_with_its_decimal_mark(cell: Any, decimal: str, number: float) -> None:
    for beside in ([], ["two"]):  # alone, and where a cell spoils the column's quick way
        assert read([cell, *beside], "quantity", decimal=decimal)["quantity"][0] == number


@pytest.mark.parametrize(
    ("cell", "decimal"), [("two", "."), ("1_000", "."), ("2,5", "."), ("1.234,5", ","), (True, "."), (2**60 + 1, ".")]
)
def test_what_is_no_number_or_could_be_two_is_a_fault_with_its_value(cell: Any, decimal: str) -> None:
    rows = read([cell, 1], "quantity", decimal=decimal)
    assert rows["quantity"].isna().tolist() == [True, False]
    assert rows["fault"][0].startswith("quantity: ")
    assert "is no number" in rows["fault"][0]


def test_infinity_is_a_number_for_the_contract_to_refuse() -> None:
    assert read(["inf", "-Infinity", "x"], "quantity")["quantity"].tolist()[:2] == [float("inf"), -float("inf")]


def test_values_replace_cells_and_one_they_do_not_name_is_a_fault_unless_there_is_a_default() -> None:
    cells, values = ["t", 1, "", "x"], {"t": "purchase", "1": "cart", "": "search"}
    strict = read(cells, "event_type", values=values)
    assert strict["event_type"].tolist()[:3] == ["purchase", "cart", "search"]
    assert strict["fault"].notna().tolist() == [False, False, False, True]
    assert read(cells, "event_type", values=values, default="view")["event_type"][3] == "view"
    nothing = read(cells, "event_type", values=values, default=None)
    assert pd.isna(nothing["event_type"][3])
    assert nothing["fault"].isna().all()


def test_the_first_pattern_that_matches_replaces_a_cell() -> None:
    rows = read(["C53", "53", "A1"], "event_type", patterns={"^C": "return", "^[0-9C]": "purchase"})
    assert rows["event_type"].tolist()[:2] == ["return", "purchase"]
    assert "'A1' is not among the values" in rows["fault"][2]


def shop_rows(**fields: Any) -> pd.DataFrame:
    rows = pa.table({"user": ["a", "b"], "at": ["2024-01-01"] * 2, "x": ["2", "-3"], "y": ["5", None], "z": ["1", "1"]})
    return shape(rows, "events", spec(**fields), source="shop", start=START)


def test_a_joined_id_needs_all_its_parts_and_another_text_any() -> None:
    rows = shop_rows(session_id={"join": ["x", "y"]}, domain={"join": ["x", "y"], "separator": " > "})
    assert rows["session_id"].tolist()[0] == "2-5"
    assert rows["session_id"].isna()[1]
    assert rows["domain"].tolist() == ["2 > 5", "-3"]


def test_a_product_multiplies_and_absolute_drops_the_sign() -> None:
    rows = shop_rows(value={"product": ["x", "z"], "absolute": True}, quantity={"product": ["x", "y"]})
    assert rows["value"].tolist() == [2, 3]
    assert rows["quantity"].tolist()[0] == 10
    assert rows["quantity"].isna()[1]
