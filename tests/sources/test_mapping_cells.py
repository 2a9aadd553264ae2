"""How a mapping reads cells: what becomes a text, a number or an instant, and what is a fault."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.schema import LANDED
from sources.mapping.records import to_table
from sources.mapping.shape import FEW, shape
from sources.mapping.spec import Mapping, TableSpec

START = datetime(2024, 1, 1, tzinfo=UTC)


def spec(table: str = "events", **fields: Any) -> TableSpec:
    """A table whose required fields are there, and `fields`."""
    needed = {"events": {"user_id": "user", "event_type": {"constant": "view"}, "occurred_at": "at"}}
    rules = needed.get(table, {f"{table[:-1]}_id": "id"}) | fields
    content = {"name": "shop", "connector": "files", "tables": {table: {"fields": rules}}}
    return Mapping.model_validate(content).tables[table]


def read(cells: Any, field: str, **rule: Any) -> pd.DataFrame:
    """Rows whose column `cell` becomes `field` by `rule`; the other cells are in order."""
    column = cells if isinstance(cells, pa.Array) else to_table([{"cell": cell} for cell in cells])["cell"]
    schema = None if isinstance(cells, pa.Array) else to_table([{"cell": cell} for cell in cells]).schema.field("cell")
    fields = [pa.field("user", pa.string()), pa.field("at", pa.string()), schema or pa.field("cell", column.type)]
    rows = pa.Table.from_arrays(
        [pa.repeat("ann", len(column)), pa.repeat("2024-01-01", len(column)), column], schema=pa.schema(fields)
    )
    return shape(rows, "events", spec(**{field: {"column": "cell", **rule}}), source="shop", start=START)


def at(text: str) -> pd.Timestamp:
    return pd.Timestamp(text).tz_convert("UTC")


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


ISO = {
    "2024-03-01T10:00:00Z": "2024-03-01T10:00:00Z",
    "2024-03-01 10:00:00+02:00": "2024-03-01T08:00:00Z",
    "2024-03-01T10:00+0530": "2024-03-01T04:30:00Z",
    "2024-03-01": "2024-03-01T00:00:00Z",
    " 2024-03-01T10:00:00.1234567891 ": "2024-03-01T10:00:00.123456Z",
    "2999-12-31T23:59:59Z": "2999-12-31T23:59:59Z",
    "1969-12-31T23:59:59.5": "1969-12-31T23:59:59.5Z",
}


@pytest.mark.parametrize("cell", ISO)
def test_an_iso_time_is_the_same_alone_and_among_others_of_any_form(cell: str) -> None:
    assert read([cell], "arrived_at")["arrived_at"].item() == at(ISO[cell])
    mixed = read([*ISO, "soon", cell], "arrived_at")
    assert mixed["arrived_at"].tolist() == [*map(at, ISO.values()), pd.NaT, at(ISO[cell])]
    assert mixed["fault"].notna().sum() == 1


@pytest.mark.parametrize("cell", ["2017", "20240301", 1_700_000_000, 1.7e9, True, "2024-02-30", "0000-01-01", "1:00"])
def test_a_bare_number_or_a_day_that_no_calendar_has_is_no_time(cell: Any) -> None:
    rows = read([cell, "2024-01-02"], "arrived_at")
    assert rows["arrived_at"].isna().tolist() == [True, False]
    assert "is no ISO 8601 time" in rows["fault"][0]


@given(st.datetimes(datetime(1900, 1, 1), datetime(2999, 12, 31)))
def test_seconds_milliseconds_and_microseconds_give_the_instant_they_count(instant: datetime) -> None:
    micro = (instant - datetime(1970, 1, 1)) // timedelta(microseconds=1)
    wanted = pd.Timestamp(instant, tz="UTC")
    assert read([micro], "arrived_at", unit="us")["arrived_at"].item() == wanted
    assert read([str(micro)], "arrived_at", unit="us")["arrived_at"].item() == wanted
    assert read([micro // 1000], "arrived_at", unit="ms")["arrived_at"].item() == wanted.floor("ms")
    assert read([str(micro // 10**6)], "arrived_at", unit="s")["arrived_at"].item() == wanted.floor("s")


@pytest.mark.parametrize("cell", [10**18, "-99999999999999", "soon", "1e30", float("inf"), "2024-01-01"])
def test_a_number_beyond_the_years_1_to_9999_is_no_time(cell: Any) -> None:
    rows = read([cell, 0], "arrived_at", unit="s")
    assert rows["arrived_at"].tolist() == [pd.NaT, at("1970-01-01T00:00:00Z")]
    assert "is no time in s since 1970" in rows["fault"][0]


def test_a_fraction_of_a_second_is_kept_to_the_microsecond() -> None:
    rows = read(["1433221332.117", "1433221332"], "arrived_at", unit="s")
    assert rows["arrived_at"].tolist() == [at("2015-06-02T05:02:12.117Z"), at("2015-06-02T05:02:12Z")]


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_typed_times_may_be_of_any_unit_naive_or_of_a_zone(unit: str) -> None:
    instant = datetime(2024, 7, 1, 12)
    assert read(pa.array([instant], pa.timestamp(unit)), "arrived_at")["arrived_at"].item() == at("2024-07-01T12:00Z")
    berlin = pa.array([instant], pa.timestamp(unit, "Europe/Berlin"))
    assert read(berlin, "arrived_at")["arrived_at"].item() == at("2024-07-01T12:00Z")
    local = read(pa.array([instant], pa.timestamp(unit)), "arrived_at", zone="Europe/Berlin")
    assert local["arrived_at"].item() == at("2024-07-01T10:00Z")


TWICE, NEVER = "2024-10-27 02:30", "2024-03-31 02:30"


@pytest.mark.parametrize("cell", [TWICE, NEVER])
@pytest.mark.parametrize("form", [{}, {"format": "%Y-%m-%d %H:%M"}], ids=["iso", "format"])
def test_a_local_time_that_a_daylight_saving_change_has_twice_or_never_is_a_fault(
    cell: str, form: dict[str, str]
) -> None:
    rows = read([cell, "2024-10-27 03:30"], "arrived_at", zone="Europe/Berlin", **form)
    assert rows["arrived_at"].tolist() == [pd.NaT, at("2024-10-27T02:30Z")]
    assert cell in rows["fault"][0]
    assert "that Europe/Berlin has exactly once" in rows["fault"][0]


def test_a_rule_may_say_which_of_two_local_times_is_meant() -> None:
    for side, instant in (("earliest", "2024-10-27T00:30Z"), ("latest", "2024-10-27T01:30Z")):
        rows = read([TWICE], "arrived_at", zone="Europe/Berlin", ambiguous=side)
        assert rows["arrived_at"].item() == at(instant)
        assert read([NEVER], "arrived_at", zone="Europe/Berlin", ambiguous=side)["fault"].isna().all()


def test_of_several_formats_the_first_that_suits_a_cell_reads_it() -> None:
    rows = read(["31.12.2023 10:00", "2023-12-30", "12/31/2023"], "arrived_at", format=["%d.%m.%Y %H:%M", "ISO8601"])
    assert rows["arrived_at"].tolist() == [at("2023-12-31T10:00Z"), at("2023-12-30T00:00Z"), pd.NaT]
    assert "'12/31/2023' is no time of the format %d.%m.%Y %H:%M or ISO8601" in rows["fault"][2]


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
    "field", ["user_id", "item_id", "session_id", "occurred_at", "quantity", "value", "query", "domain"]
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
