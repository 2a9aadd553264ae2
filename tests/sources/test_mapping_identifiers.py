"""An id holds no control character: where a source's does, the row says so, and other rows and fields are as before."""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.schema import TABLES
from sources.mapping.cells import controlled
from sources.mapping.shape import shape
from sources.mapping.spec import TableSpec

START = datetime(2024, 1, 1, tzinfo=UTC)
FIELDS = {"user_id": "user", "event_type": {"constant": "view"}, "occurred_at": {"constant": "2024-01-02"}}


def shaped(cells: list[str | None], field: str, **rule: object) -> pd.DataFrame:
    """Rows of user ann whose column `cell` becomes `field`, by `rule` if there is one."""
    spec = TableSpec.model_validate({"fields": {**FIELDS, field: rule or "cell"}})
    raw = pa.table({"user": pa.array(["ann"] * len(cells)), "cell": pa.array(cells, pa.string())})
    return shape(raw, "events", spec, source="shop", start=START)


@pytest.mark.parametrize("field", [name for name in TABLES["events"] if name.endswith("_id")])
@pytest.mark.parametrize("char", ["\0", "\t", "\n", "\x1f", "\x7f", "\x80", "\x9f"])
def test_an_id_with_a_control_character_is_a_fault_of_its_row_alone(field: str, char: str) -> None:
    rows = shaped(["tea", f"te{char}a", None], field)
    assert rows["fault"].tolist()[1] == f"{field}: {f'te{char}a'!r} holds a control character, which no id may"
    assert rows["fault"].isna().tolist() == [True, False, True]
    if field != "event_id":  # which is made of the rest where there is none
        assert rows[field].isna().tolist() == [False, True, True]


def test_an_id_that_is_joined_of_several_columns_is_looked_at_as_a_whole() -> None:
    rows = shaped(["a\0"], "item_id", join=["user", "cell"])
    assert rows["fault"].item() == "item_id: 'ann-a\\x00' holds a control character, which no id may"


def test_texts_that_are_no_ids_may_have_lines() -> None:
    rows = shaped(["two\nlines"], "query")
    assert rows["query"].item() == "two\nlines"
    assert rows["fault"].isna().all()


@pytest.mark.parametrize("cell", ["grün", "кофе", "茶", "£5", "½ tea", " ", "a b", "🫖"])
def test_other_writing_is_an_id(cell: str) -> None:
    assert shaped([cell], "item_id")["fault"].isna().all()


@given(st.lists(st.none() | st.text(st.characters(codec="utf-8"), max_size=4)), st.integers(0, 3))
def test_exactly_the_texts_with_a_character_of_category_cc_are_controlled(cells: list[str | None], skip: int) -> None:
    found = controlled(pa.array(cells, pa.string()).slice(skip))
    assert found.tolist() == [any(unicodedata.category(c) == "Cc" for c in cell or "") for cell in cells[skip:]]
