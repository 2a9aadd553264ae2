"""What a newcomer reads when a mapping is wrong: plain words, the dotted place, and what was probably meant."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from sources.connector import SourceFault
from sources.mapping.columns import check_columns
from sources.mapping.spec import TableSpec, options_as, read_mapping
from sources.stream.options import StreamOptions
from tests.sources.mapped import open_mapped

FIELDS = {"user_id": "u", "event_type": {"constant": "view"}, "occurred_at": "at"}
PYDANTIC = ("Input", "valid", "instance", "tuple", "dictionary", "the whole")


def refused(folder: Path, content: Any) -> SourceFault:
    path = folder / "m.yaml"
    path.write_bytes(content if isinstance(content, bytes) else yaml.safe_dump(content).encode())
    with pytest.raises(SourceFault) as caught:
        read_mapping(path)
    return caught.value


def mapping(**more: Any) -> dict[str, Any]:
    return {"name": "shop", "connector": "files", "tables": {"events": {"fields": FIELDS}}, **more}


def with_field(name: str, rule: Any) -> dict[str, Any]:
    return mapping(tables={"events": {"fields": {**FIELDS, name: rule}}})


IN_THE_FILE: dict[str, tuple[Any, str, str]] = {
    "nothing at all": (b"", "expected keys such as name, connector, window, options, found nothing", "`key: value`"),
    "a list": ([1], "expected keys such as name, connector, window, options, found a list", "`key: value`"),
    "a text": ("x", "expected keys such as name, connector, window, options, found a text", "`key: value`"),
    "UTF-16": ("name: shop".encode("utf-16"), "the mapping is not UTF-8", "save it as UTF-8"),
    "a name with a blank": (mapping(name="my shop"), "name: write letters, digits, - and _ only", "mend name"),
    "a key like another": (mapping(windows={}), "windows: there is no such key", "did you mean window?"),
    "a key like none": (mapping(xyz=1), "xyz: there is no such key", "the keys here are name, connector, window"),
    "no window": (mapping(window="7d"), "window: expected keys such as first, length, found a text", "below window"),
    "no date": (mapping(window={"first": "soon"}), "window.first: expected a date such as 2024-01-07", "a date"),
    "no table": (mapping(tables={"events": None}), "tables.events: expected keys such as from, fields", "below tables"),
    "no fields": (mapping(tables={"events": {"fields": []}}), "fields: expected keys with values", "below tables"),
    "a text for a list": (
        mapping(tables={"events": {"fields": FIELDS, "once": "user_id"}}),
        "tables.events.once: expected a list, found a text",
        "write once: [...] with brackets",
    ),
    "a rule's key like another": (
        with_field("query", {"colum": "q"}),
        "tables.events.fields.query.colum: there is no such key",
        "did you mean column?",
    ),
    "no rule": (
        with_field("query", None),
        "tables.events.fields.query: expected a column's name, a list of such, or keys such as column",
        "`query: COLUMN`",
    ),
    "a column that is true": (with_field("query", True), "tables.events.fields.query: expected a column", "in quotes"),
    "a column without a name": (with_field("query", {"column": None}), "query: column is empty", "mend tables"),
    "a column of columns": (
        with_field("query", {"column": {"a": 1}}),
        "tables.events.fields.query.column: expected a text or a list, found keys with values",
        "write a text or a list there",
    ),
    "a value that is none": (
        with_field("query", {"column": "q", "values": {"a": [1]}}),
        "tables.events.fields.query.values.a: expected a text, a number or true or false, found a list",
        "write a text",
    ),
    "a key that is yes": (
        with_field("query", {"column": "q", "values": {True: "a"}}),
        "tables.events.fields.query.values: its key true is no text",
        "in quotes",
    ),
    "none of some words": (
        with_field("occurred_at", {"column": "at", "unit": "sec"}),
        "tables.events.fields.occurred_at.unit: expected 's', 'ms' or 'us'",
        "one of these",
    ),
    "neither true nor false": (
        with_field("query", {"column": "q", "whole": "maybe"}),
        "tables.events.fields.query.whole: expected true or false, found a text",
        "write true or false there",
    ),
    "values of nothing": (
        with_field("query", {"constant": "q", "values": {"a": "b"}}),
        "tables.events.fields.query: values and patterns replace the cells of a column, and here is none",
        "mend tables.events.fields.query",
    ),
    "a default of nothing": (
        with_field("quantity", {"column": "q", "default": 1}),
        "tables.events.fields.quantity: default stands for cells that values or patterns do not name",
        "mend tables.events.fields.quantity",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("content", "what", "mend"), IN_THE_FILE.values(), ids=IN_THE_FILE)
def test_a_wrong_mapping_is_told_in_plain_words_with_its_place(
    tmp_path: Path, content: Any, what: str, mend: str
) -> None:
    fault = refused(tmp_path, content)
    assert what in fault.what
    assert mend in fault.mend
    assert not [word for word in PYDANTIC if word in fault.what + fault.mend]


IN_FROM: dict[str, tuple[dict[str, Any], str, str]] = {
    "one path without brackets": ({"paths": "a.csv"}, "paths: expected a list, found a text", "write paths: [...]"),
    "no paths": ({"paths": []}, "paths: expected a list of 1 or more, found an empty list", "write paths: [...]"),
    "paths left out": ({}, "paths: this key is missing", "add `paths: ...` there"),
    "paths misspelt": ({"path": ["a.csv"]}, "path: there is no such key", "did you mean paths?"),
    "a long delimiter": (
        {"paths": ["a"], "delimiter": ";;"}, "delimiter: expected one character, found 2 characters", "one character",
    ),
    "an unknown format": (
        {"paths": ["a"], "format": "json"}, "format: expected 'csv', 'tsv', 'jsonl' or 'parquet'", "mean jsonl?",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("rows", "what", "mend"), IN_FROM.values(), ids=IN_FROM)
def test_a_wrong_from_is_told_in_plain_words(tmp_path: Path, rows: dict[str, Any], what: str, mend: str) -> None:
    with pytest.raises(SourceFault) as caught:
        open_mapped(tmp_path, connector="files", tables={"events": {"from": rows, "fields": FIELDS}})
    assert caught.value.what == what
    assert mend in caught.value.mend
    assert caught.value.where.endswith("mapping.yaml, tables.events.from")


def test_a_number_that_is_too_small_is_told_with_its_bound() -> None:
    with pytest.raises(SourceFault) as caught:
        options_as(StreamOptions, {"broker": "kafka", "url_env": "X", "batch_messages": 0}, "m.yaml, options")
    assert caught.value.what == "batch_messages: expected a number above 0, found 0"


@pytest.mark.parametrize(
    "secret", [{"broker": "redis://:hunter2@host"}, {"url_env": ["hunter2"]}, {"batch_messages": "hunter2"}]
)
def test_a_text_where_it_does_not_belong_is_not_shown(secret: dict[str, Any]) -> None:
    with pytest.raises(SourceFault) as caught:
        options_as(StreamOptions, {"broker": "kafka", "url_env": "X"} | secret, "m.yaml, options")
    assert "hunter2" not in f"{caught.value.what} {caught.value.where} {caught.value.mend}"


LOST: dict[str, tuple[str, Any, str]] = {
    "a word for a number": ("quantity", {"constant": "many"}, "quantity.constant: 'many' is no number"),
    "true for a number": ("quantity", {"constant": True}, "quantity.constant: 'true' is no number"),
    "NaN for a number": ("quantity", {"constant": "nan"}, "quantity.constant: 'nan' is no number"),
    "a decimal comma": ("value", {"constant": "2,5"}, "value.constant: '2,5' is no number"),
    "too many digits": ("value", {"constant": 2**53 + 1}, "value.constant: 9007199254740993 is larger"),
    "a half revision": ("revision", {"constant": 1.5}, "revision.constant: '1.5' is no whole number"),
    "a float for a text": ("domain", {"constant": 1.5}, "domain.constant: 1.5 is no text: put it in quotes"),
    "yes for a text": ("domain", {"constant": True}, "domain.constant: true is no text: put it in quotes"),
    "a word for a time": ("occurred_at", {"constant": "soon"}, "occurred_at.constant: 'soon' is no ISO 8601 time"),
    "a time of another format": (
        "arrived_at", {"constant": "2024-01-07", "format": "%d.%m.%Y"}, "'2024-01-07' is no time of the format",
    ),
    "half an object": ("extras", {"constant": "{"}, "extras.constant: '{' is no JSON object"),
    "an id that is no number": ("item_id", {"constant": "tea", "whole": True}, "'tea' is no whole number"),
    "an id with NUL": ("item_id", {"constant": "tea\0"}, "holds a control character"),
    "no user": ("user_id", {"constant": None}, "user_id.constant: every row must have this field"),
    "a blank user": ("user_id", {"constant": " "}, "user_id.constant: every row must have this field"),
    "one of the values": (
        "quantity", {"column": "q", "values": {"a": 1, "b": "two"}}, "quantity.values.b: 'two' is no number",
    ),
    "one of the patterns": ("quantity", {"column": "q", "patterns": {"^b": "two"}}, "quantity.patterns.^b: 'two'"),
    "the default": (
        "quantity", {"column": "q", "values": {"a": 1}, "default": "none"}, "quantity.default: 'none' is no number",
    ),
    "an event type": (
        "event_type", {"column": "e", "values": {"v": "veiw"}}, "event_type.values.v: the contract has no event type",
    ),
    "a text without its sign": ("domain", {"column": "d", "absolute": True}, "domain.absolute: domain is no number"),
    "a product of texts": ("item_id", {"product": ["a", "b"]}, "item_id.product: item_id is no number"),
}  # fmt: skip


@pytest.mark.parametrize(("name", "rule", "what"), LOST.values(), ids=LOST)
def test_what_a_rule_writes_and_its_field_cannot_take_is_refused_when_the_mapping_is_read(
    tmp_path: Path, name: str, rule: Any, what: str
) -> None:
    fault = refused(tmp_path, with_field(name, rule))
    assert what in fault.what
    assert fault.what.startswith(f"tables.events.fields.{name}.")
    assert fault.mend


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("quantity", {"constant": 2}), ("quantity", {"constant": "2,5", "decimal": ","}), 
        ("quantity", {"constant": None}),
        ("user_id", {"constant": 0}), ("domain", {"constant": "1.5"}), ("occurred_at", {"constant": 5, "unit": "s"}),
        ("arrived_at", {"constant": "2024-01-07"}), ("extras", {"constant": "{}"}), ("revision", {"constant": 1}),
        ("quantity", {"column": "q", "values": {"a": 1}, "default": None}),
    ],
)  # fmt: skip
def test_what_its_field_can_take_is_read(tmp_path: Path, name: str, rule: Any) -> None:
    (tmp_path / "m.yaml").write_text(yaml.safe_dump(with_field(name, rule)))
    assert name in read_mapping(tmp_path / "m.yaml").tables["events"].fields


SPEC = TableSpec.model_validate({"fields": {"user_id": "customer", "event_type": "action", "occurred_at": "when"}})


@pytest.mark.parametrize(
    ("columns", "called", "mend"),
    [
        (["when;customer;action"], "';'", 'delimiter: ";"'),
        (["when\tcustomer\taction"], "tabs", r'delimiter: "\t"'),
        (["when|customer|action"], "'|'", 'delimiter: "|"'),
        (["when,customer,action"], "commas", 'delimiter: ","'),
        (["when;customer;price", " EUR;action"], "';'", 'delimiter: ";"'),
        (["at;buyer"], "';'", 'delimiter: ";"'),
    ],
)
def test_a_header_parted_by_something_else_is_told_with_the_delimiter_to_set(
    columns: list[str], called: str, mend: str
) -> None:
    with pytest.raises(SourceFault) as caught:
        check_columns(columns, "events", SPEC, "clicks.csv")
    assert caught.value.what == f"column customer is missing: the header looks delimited by {called}"
    assert f"set `{mend}` in the mapping, at tables.events.from" in caught.value.mend


def test_a_column_that_is_simply_missing_is_no_matter_of_delimiters() -> None:
    with pytest.raises(SourceFault) as caught:
        check_columns(["when", "action; kind"], "events", SPEC, "clicks.csv")
    assert "delimited" not in caught.value.what


def drop(folder: Path, text: str) -> None:
    (folder / "drop").mkdir()
    (folder / "drop" / "clicks.csv").write_text(text, encoding="utf-8")


def collected(folder: Path, **rows: Any) -> Any:
    fields = {"user_id": "customer", "event_type": {"constant": "view"}, "occurred_at": "when"}
    tables = {"events": {"from": {"paths": ["clicks.csv"], **rows}, "fields": fields}}
    connector: Any = open_mapped(folder, connector="files", tables=tables)
    return connector.collect(connector.first_start, connector.first_start, "2024-01-07").events


def test_a_quoted_header_parted_by_something_else_says_to_set_the_delimiter(tmp_path: Path) -> None:
    drop(tmp_path, '"when";"customer"\n"2024-01-08";"ann"\n')
    with pytest.raises(SourceFault, match="after a cell in quotes comes something else than ','") as caught:
        collected(tmp_path)
    assert "set `delimiter` in the mapping" in caught.value.mend


def test_rows_without_a_header_that_are_parted_by_something_else_are_told_so(tmp_path: Path) -> None:
    drop(tmp_path, "2024-01-08;ann\n")
    (fault,) = collected(tmp_path, columns=["when", "customer"])["fault"]
    assert fault == "row: 1 cell under 2 column names: '2024-01-08;ann' (delimited by ';'?) (clicks.csv, row 1)"
