"""`tidegraph source check` on live sources: a database and an HTTP API are sampled, others are told how to be tried."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from pipelines.commands.source import app
from pipelines.errors import SourceError
from tests.sources.mapped import EVENT_FIELDS
from tests.sources.rough_server import Answer, RoughServer, running

WINDOW = {"first": "2024-01-07", "length": "7d"}
NO_NUMBER = "quantity: 'two' is no number"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TIDEGRAPH_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def checked(content: dict[str, Any], *options: str) -> tuple[int, Any]:
    Path("shop.yaml").write_text(yaml.safe_dump({"name": "shop", "window": WINDOW, **content}), encoding="utf-8")
    return check("shop.yaml", *options)


def check(*arguments: str) -> tuple[int, Any]:
    done = CliRunner().invoke(app, ["check", *arguments])
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, json.loads(done.stdout) if "--json" in arguments else " ".join(done.stdout.split())


def fault(content: dict[str, Any]) -> SourceError:
    with pytest.raises(SourceError) as caught:
        checked(content)
    return caught.value


def row(number: int, quantity: object = 1, at: str = "2024-01-08 09:00") -> tuple[object, ...]:
    return (number, f"user {number}", "tea", "view", f"{at}:{number:02}", quantity, f"{at}:{number:02}")


def database(monkeypatch: pytest.MonkeyPatch, *rows: tuple[object, ...]) -> dict[str, Any]:
    """The mapping of a SQLite file with these orders."""
    monkeypatch.setenv("SHOP_DATABASE_URL", f"sqlite:///{Path('shop.db').resolve()}")
    with closing(sqlite3.connect("shop.db")) as connection:
        connection.execute("CREATE TABLE orders (id, visitor, item, action, at, quantity, loaded)")
        connection.executemany("INSERT INTO orders VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
        connection.commit()
    events = {"from": {"table": "orders", "watermark": "loaded"}, "fields": EVENT_FIELDS}
    return {"connector": "sql", "options": {"url_env": "SHOP_DATABASE_URL"}, "tables": {"events": events}}


def api(server: RoughServer, *rows: tuple[object, ...]) -> dict[str, Any]:
    """The mapping of an API that answers each question with these orders."""
    names = ("id", "visitor", "item", "action", "at", "quantity")
    server.reply = lambda _: Answer([dict(zip(names, values, strict=False)) for values in rows])
    params = {"since": "{start}", "until": "{end}"}
    events = {"from": {"path": "/orders", "params": params}, "fields": EVENT_FIELDS}
    return {"connector": "http_api", "options": {"base_url": server.url}, "tables": {"events": events}}


def test_a_database_is_sampled_and_would_work(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = database(monkeypatch, *(row(number) for number in range(30)))
    code, report = checked(content, "--json", "--rows", "20")
    events = report["tables"]["events"]
    assert (code, report["problems"], report["connector"]) == (0, [], "sql")
    assert (events["rows"], events["refused"], events["files"]) == (20, 0, ["table orders"])
    assert events["event_types"] == {"view": 20}
    assert sorted(path.name for path in home.iterdir()) == ["shop.db", "shop.yaml"]


def test_a_refused_row_of_a_database_is_told_with_its_table_and_cell(monkeypatch: pytest.MonkeyPatch) -> None:
    code, report = checked(database(monkeypatch, row(1), row(2, "two")), "--json")
    assert code == 1
    assert report["tables"]["events"]["examples"] == [f"{NO_NUMBER} (table orders)"]
    assert "50.0% of the rows would be refused" in report["problems"][0]


def test_a_watermark_is_not_said_to_be_a_field_that_should_be_mapped(monkeypatch: pytest.MonkeyPatch) -> None:
    assert checked(database(monkeypatch, row(1)), "--json")[1]["tables"]["events"]["hints"] == []


def test_rows_older_than_the_calendar_say_so_where_there_are_no_others(monkeypatch: pytest.MonkeyPatch) -> None:
    content = database(monkeypatch, row(1, at="2020-01-08 09:00"))
    code, told = checked(content)
    assert code == 1
    assert "older than the calendar's first window: 1 of 1; the sample begins on 2020-01-08" in told


def test_a_database_without_rows_has_no_events(monkeypatch: pytest.MonkeyPatch) -> None:
    code, told = checked(database(monkeypatch))
    assert code == 1
    assert "events: no rows" in told
    assert "there are no events" in told


def test_a_column_that_the_table_lacks_is_named_with_those_it_has(monkeypatch: pytest.MonkeyPatch) -> None:
    content = database(monkeypatch, row(1))
    content["tables"]["events"]["fields"] = {**EVENT_FIELDS, "user_id": "visiter"}
    broken = fault(content)
    assert "table orders has id, visitor" in broken.where
    assert "did you mean visitor?" in broken.mend


def test_an_api_is_sampled_and_a_refused_record_told_with_its_path_and_number(home: Path) -> None:
    with running() as server:
        code, report = checked(api(server, row(1), row(2), row(3, "two")), "--json")
    events = report["tables"]["events"]
    assert code == 1
    assert (events["rows"], events["refused"], events["files"]) == (3, 1, ["/orders"])
    assert events["examples"] == [f"{NO_NUMBER} (/orders, record 3)"]
    assert [path.name for path in home.iterdir()] == ["shop.yaml"]


def test_one_of_anything_is_told_in_the_singular(monkeypatch: pytest.MonkeyPatch) -> None:
    content = database(monkeypatch, row(1)) | {"window": {"first": "2024-01-08", "length": "1d"}}
    told = checked(content)[1]
    assert "windows of 1 day from" in told
    assert "events: 1 row of table orders" in told
    assert "would be refused: 0 of 1 row " in f"{told} "
    assert not [wrong for wrong in ("1 rows", "1 days", "1 windows") if wrong in told]


def test_a_mapping_that_is_not_there_is_told_as_the_argument_that_it_is() -> None:
    with pytest.raises(SourceError) as caught:
        check("nothere.yaml")
    assert caught.value.where == "nothere.yaml"
    assert "argument" in caught.value.mend
    assert "TIDEGRAPH_MAPPING" not in str(caught.value)


STREAM = {"from": {"topic": "orders"}, "fields": EVENT_FIELDS}
PAGES = {"start_urls": ["http://127.0.0.1:9/"], "hosts": ["127.0.0.1:9"], "user_agent": "trial (you@example.org)"}
UNSAMPLED: dict[str, tuple[dict[str, Any], str]] = {
    "stream": (
        {"options": {"broker": "redis", "url_env": "SHOP_BROKER"}, "tables": {"events": STREAM}},
        "`connector: files`",
    ),
    "catalogue_crawler": ({"options": PAGES, "tables": {"items": {}}}, "tidegraph stream crawl shop.yaml"),
    "marketplace": (
        {"options": {"users": 200, "items": 150, "days": 28, "events": 6000}},
        "TIDEGRAPH_HOME=try TIDEGRAPH_MAPPING=shop.yaml tidegraph bootstrap --until 2024-01-28",
    ),
}


@pytest.mark.parametrize("connector", UNSAMPLED)
def test_a_source_that_cannot_be_sampled_is_told_how_to_be_tried(connector: str) -> None:
    content, way = UNSAMPLED[connector]
    broken = fault({"connector": connector, **content})
    assert f"a source of kind {connector} cannot be sampled" in broken.what
    assert way in broken.mend


def test_messages_of_a_stream_saved_as_a_file_can_be_checked_as_the_advice_says() -> None:
    advice = fault({"connector": "stream", **UNSAMPLED["stream"][0]}).mend
    assert "from: {paths: [some.jsonl]}" in advice
    message = {"id": 1, "visitor": "ann", "item": "tea", "action": "view", "at": "2024-01-08T09:00:00Z", "quantity": 1}
    Path("saved").mkdir()
    Path("saved/some.jsonl").write_text(json.dumps(message), encoding="utf-8")
    events = {"from": {"paths": ["some.jsonl"]}, "fields": EVENT_FIELDS}
    code, report = checked({"connector": "files", "tables": {"events": events}}, "--drop", "saved", "--json")
    assert (code, report["tables"]["events"]["rows"]) == (0, 1)
