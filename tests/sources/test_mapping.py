"""What a mapping file may say, and how a wrong one is refused."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from sources.connector import SourceFault
from sources.mapping.columns import check_columns
from sources.mapping.rules import FieldRule
from sources.mapping.spec import TableSpec, read_mapping

GOOD: dict[str, Any] = {
    "name": "shop",
    "connector": "files",
    "window": {"first": date(2024, 1, 1), "length": "7d"},
    "tables": {
        "events": {
            "from": {"paths": ["events.csv"]},
            "fields": {
                "user_id": "visitor",
                "item_id": ["item", "itemid"],
                "event_type": {"column": "event", "values": {"v": "view"}},
                "occurred_at": {"column": "at", "unit": "ms"},
            },
        },
        "items": {"from": {"paths": ["events.csv"]}, "fields": {"item_id": "item", "title": "name"}},
    },
}


def written(path: Path, content: Any) -> Path:
    path.write_text(content if isinstance(content, str) else yaml.safe_dump(content), encoding="utf-8")
    return path


def changed(path: str, value: Any) -> dict[str, Any]:
    """GOOD with the value at the dotted path changed."""
    content = yaml.safe_load(yaml.safe_dump(GOOD))
    *parents, last = path.split(".")
    part = content
    for name in parents:
        part = part[name]
    part[last] = value
    return content


def test_a_mapping_is_read_with_its_calendar_its_rows_and_its_rules(tmp_path: Path) -> None:
    mapping = read_mapping(written(tmp_path / "m.yaml", GOOD))
    assert (mapping.name, mapping.connector, mapping.path) == ("shop", "files", tmp_path / "m.yaml")
    assert mapping.window is not None
    assert (mapping.window.first, mapping.window.length) == (date(2024, 1, 1), timedelta(days=7))
    assert mapping.tables["events"].rows == {"paths": ["events.csv"]}
    assert mapping.tables["events"].fields["user_id"] == FieldRule(column="visitor")


def test_a_digest_changes_with_what_is_said_and_not_with_comments(tmp_path: Path) -> None:
    text = yaml.safe_dump(GOOD)
    digests = [
        read_mapping(written(tmp_path / "m.yaml", content)).digest()
        for content in (text, f"# a comment\n{text}", text.replace("unit: ms", "unit: s"))
    ]
    assert digests[0] == digests[1] != digests[2]


WRONG: dict[str, tuple[Any, str, str]] = {
    "no YAML": ("name: [", "no YAML", "line 1"),
    "no mapping": ("- 1\n", "expected keys such as name", "m.yaml"),
    "a key said twice": ("name: a\nname: b\n", "'name' is said twice", "line 2"),
    "no name": (changed("name", None), "name", "m.yaml"),
    "a name with a blank": (changed("name", "my shop"), "name", "m.yaml"),
    "an unknown key": (changed("colour", 1), "colour: there is no such key", "m.yaml"),
    "an unknown table": (changed("tables.orders", {}), "no table 'orders'", "m.yaml"),
    "an unknown field": (changed("tables.events.fields.user", "x"), "did you mean user_id?", "m.yaml"),
    "a length in weeks": (changed("window.length", "1w"), "whole days", "m.yaml"),
    "no origin": (changed("tables.events.fields.query", {}), "query: a field needs one of column", "m.yaml"),
    "two origins": (
        changed("tables.events.fields.query", {"column": "a", "constant": 1}),
        "column, constant",
        "m.yaml",
    ),
    "no column": (changed("tables.events.fields.query", ""), "name is empty", "m.yaml"),
    "an unknown option": (changed("tables.events.fields.query", {"column": "a", "uni": "s"}), "query.uni", "m.yaml"),
    "an unknown zone": (changed("tables.events.fields.query", {"column": "a", "zone": "Mars"}), "time zone", "m.yaml"),
    "a broken pattern": (
        changed("tables.events.fields.query", {"column": "a", "patterns": {"(": "x"}}),
        "no regular expression",
        "m.yaml",
    ),
    "a broken format": (changed("tables.events.fields.query", {"column": "a", "format": "%Q"}), "no format", "m.yaml"),
    "unit and format": (
        changed("tables.events.fields.query", {"column": "a", "format": "%Y", "unit": "s"}),
        "not by both",
        "m.yaml",
    ),
    "an unknown event type": (
        changed("tables.events.fields.event_type", {"column": "e", "values": {"b": "buy"}}),
        "no event type 'buy'",
        "m.yaml",
    ),
    "a bare yes": (
        "name: a\nconnector: files\ntables: {items: {fields: {item_id: {column: a, values: {yes: b}}}}}",
        "values",
        "m.yaml",
    ),
    "a field that every row needs": (
        changed("tables.events.fields", {"user_id": "u", "event_type": "e"}),
        "lacks occurred_at",
        "m.yaml",
    ),
}


@pytest.mark.parametrize(("content", "what", "where"), WRONG.values(), ids=WRONG)
def test_a_wrong_mapping_is_refused_with_the_key_the_place_and_a_way_to_mend_it(
    tmp_path: Path, content: Any, what: str, where: str
) -> None:
    with pytest.raises(SourceFault) as caught:
        read_mapping(written(tmp_path / "m.yaml", content))
    assert what in caught.value.what
    assert where in caught.value.where
    assert caught.value.mend


def test_a_mapping_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceFault) as caught:
        read_mapping(tmp_path / "none.yaml")
    assert caught.value.where.endswith("none.yaml")


def events(tmp_path: Path) -> TableSpec:
    return read_mapping(written(tmp_path / "m.yaml", GOOD)).tables["events"]


def test_a_missing_column_that_every_row_needs_names_the_columns_there_are_and_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(SourceFault) as caught:
        check_columns(["Visitors", "event", "at"], "events", events(tmp_path), "events.csv")
    assert caught.value.what == "column visitor is missing"
    assert caught.value.where == "events.csv has Visitors, event, at"
    assert "did you mean Visitors?" in caught.value.mend


def test_a_missing_optional_column_and_an_unknown_one_are_told(tmp_path: Path) -> None:
    told = check_columns(["visitor", "event", "at", "colour"], "events", events(tmp_path), "events.csv")
    assert told == (
        "events.csv: column item is missing, so that item_id is null",
        "events.csv: column colour: not in the contract, kept in extras",
    )


def test_a_column_that_another_table_of_the_same_rows_takes_is_not_unknown(tmp_path: Path) -> None:
    told = check_columns(["visitor", "itemid", "event", "at", "name"], "events", events(tmp_path), "events.csv")
    assert told == ()
