"""What the command line prints: progress on stderr, results on stdout, as text or JSON."""

from __future__ import annotations

import json
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pandas as pd
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pipelines.errors import TidegraphError
from pipelines.ledger.wording import tell_record
from pipelines.records import StepRun
from pipelines.settings import read_settings

_OUT, _ERR = Console(), Console(stderr=True)


@contextmanager
def voice() -> Iterator[Callable[[str], None]]:
    """A `say` for long work: a spinner with what is going on, one line a message where stderr is no terminal."""
    if not _ERR.is_terminal:
        yield lambda message: print(f"{message}\n", end="", file=sys.stderr, flush=True)  # one write: threads talk too
        return
    with _ERR.status("starting") as status:

        def say(message: str) -> None:
            _ERR.print(f"[dim]{escape(message)}[/]")
            status.update(escape(message))

        yield say


def print_json(content: Any) -> None:
    print(json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False))


def print_json_table(table: pd.DataFrame) -> None:
    """Rows as JSON objects, times in ISO form, nothing known as null."""
    print(table.to_json(orient="records", date_format="iso", indent=2, force_ascii=False))


def print_table(table: Table | str) -> None:
    _OUT.print(table)


def print_line(line: str) -> None:
    """A line as it is, such as a path: never broken, nothing in it is markup."""
    print(line)


def show_result(step: str, done: StepRun, *, as_json: bool) -> None:
    if as_json:
        print_json(done.result)
        return
    skipped = done.result.get("skipped")
    end = f"skipped: {skipped}" if skipped else "already done" if done.repeated else "done"
    _OUT.print(f"{step}: {end}")


def show_row(row: dict[str, Any], *, as_json: bool) -> None:
    """The row of an update; one that was done before says what this command did, which is nothing."""
    if as_json:
        print_json(row)
        return
    table = Table("", *row["metrics"], title=f"window {row['window']}, {row['mode']}")
    for label, part, metric in _METRIC_ROWS:
        values = [row["metrics"][model].get(part, {}).get(f"{metric}_at_{row['k']}") for model in row["metrics"]]
        table.add_row(label.format(k=row["k"]), *("–" if value is None else f"{value:.4f}" for value in values))
    if row["metrics"]:
        _OUT.print(table)
    _OUT.print(f"events: {row['accepted']} accepted, {row['quarantined']} quarantined")
    print_line(f"verdict: {row['verdict']}: {row['reason']}")
    if row.get("shadow"):
        from models.shadow import in_words  # here: it brings torch along

        print_line(in_words(row["shadow"]))
    registered = f"version {row['version']}" if row.get("version") else "no version"
    champion = f"version {row['champion_version']}" if row["champion_version"] else "none"
    _OUT.print(f"registered: {registered}; promoted: {'yes' if row['promoted'] else 'no'}; champion: {champion}")


_METRIC_ROWS = [
    ("NDCG@{k}, all items", "all", "ndcg"),
    ("Recall@{k}, all items", "all", "recall"),
    ("NDCG@{k}, new items", "new", "ndcg"),
    ("Recall@{k}, new items", "new", "recall"),
]


def show_status(status: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(status)
        return
    for name in ("champion", "previous"):
        version = status[name]
        text = (
            f"version {version['version']}, window {version['window']}, data up to {version['data_cut']}"
            if version
            else "none"
        )
        _OUT.print(f"{name}: {text}")
    graph = status["graph"]
    _OUT.print(f"graph: window {graph['window']}" if graph else "graph: none yet")
    for part in ("nodes", "edges") if graph else ():
        counts = ", ".join(f"{count:,} {kind}" for kind, count in graph[part].items())
        _OUT.print(f"  {part}: {counts}")
    _OUT.print(f"snapshots: {len(status['snapshots'])}; quarantined rows: {status['quarantined']}")
    for line in tell_record(status):
        print_line(line)


def show_recommendations(user: str, version: str, items: pd.DataFrame, *, as_json: bool) -> None:
    if as_json:
        rows = (
            items[["item_id", "score", "title"]]
            .astype(object)
            .where(items[["item_id", "score", "title"]].notna(), None)
        )
        print_json({"user_id": user, "version": version, "items": rows.to_dict("records")})
        return
    table = Table("", "item", "score", "title", title=f"user {user}, version {version}")
    for row in items.itertuples():
        table.add_row(
            str(row.rank), str(row.item_id), f"{row.score:.4f}", row.title if isinstance(row.title, str) else ""
        )
    _OUT.print(table)


def complain(error: TidegraphError) -> None:
    print(f"error: {error}", file=sys.stderr)


def complain_unexpected(error: Exception) -> int:
    """Tell of an error nobody foresaw: the sentence on stderr, the traceback into a file; gives the exit code."""
    log = read_settings().home / "errors.log"
    message = f"{type(error).__name__}: {error}".splitlines()[0]
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("a", encoding="utf-8") as file:
            traceback.print_exception(error, file=file)
    except OSError:
        log = None  # type: ignore[assignment]
    where = f"details in {log}" if log else "the log could not be written"
    print(
        f"error: {message}\n  where: {where}\n  mend:  run the same command again; nothing half-written is used",
        file=sys.stderr,
    )
    return 1
