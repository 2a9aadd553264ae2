"""The demo's last words: one row a window, from what the report step wrote."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pipelines.files import read_json

MODELS = {
    "candidate": "candidate",
    "champion": "champion",
    "popularity": "popularity",
    "personal_decay": "personal decay",
    "ials": "iALS",
}
SLICES = {"all": "all items", "new": "new items only"}
_UPDATE = ("mode", "accepted", "quarantined", "edges_born", "edges_faded", "fit_seconds", "verdict", "champion_version")


def read_rows(home: Path, windows: list[str]) -> list[dict[str, Any]]:
    """The rows of the windows named. Raises StoreError for a window that has none."""
    return [read_json(home / "updates" / window / "row.json") for window in windows]


def print_tables(console: Console, rows: list[dict[str, Any]]) -> None:
    console.print(_updates(rows))
    for slice_name in SLICES:
        console.print(_metrics(rows, slice_name))
    for row in rows:
        said = escape(f"{_show(row.get('verdict'))}: {_show(row.get('reason'))}")
        console.print(f"[bold]{row['window']}[/] {said}")


def _updates(rows: list[dict[str, Any]]) -> Table:
    table = _table("Updates")
    for name in _UPDATE:
        justify: Any = "left" if name in ("mode", "verdict") else "right"
        table.add_column(name.replace("_", "\n"), justify=justify, overflow="fold")
    for row in rows:
        table.add_row(row["window"], *[_show(row.get(name)) for name in _UPDATE])
    return table


def _metrics(rows: list[dict[str, Any]], slice_name: str) -> Table:
    at = " or ".join(sorted({str(row["k"]) for row in rows}))
    table = _table(f"NDCG@{at} and Recall@{at} on the hold-out, {SLICES[slice_name]}")
    for title in MODELS.values():
        table.add_column(title, justify="right", overflow="fold")
    for row in rows:
        models = row.get("metrics") or {}
        table.add_row(row["window"], *[_pair((models.get(name) or {}).get(slice_name), row["k"]) for name in MODELS])
    return table


def _table(title: str) -> Table:
    """An empty table of which each row is a window."""
    table = Table(title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("window", no_wrap=True)
    return table


def _pair(metrics: dict[str, float | None] | None, k: int) -> str:
    if not metrics:
        return "–"
    return "/".join(_metric(metrics.get(name)) for name in (f"ndcg_at_{k}", f"recall_at_{k}"))


def _metric(value: float | None) -> str:
    return "–" if value is None else f"{value:.4f}".lstrip("0")


def _show(value: object) -> str:
    if value is None:
        return "–"
    if isinstance(value, float):
        return f"{value:.1f}"
    return f"{value:,}" if isinstance(value, int) else str(value)
