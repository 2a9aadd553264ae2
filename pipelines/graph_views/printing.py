"""Graphs, users and histories as tables on a terminal."""

from __future__ import annotations

from typing import Any

from rich.markup import escape
from rich.table import Table

from pipelines import console
from pipelines.graph_views.wording import ERASED, changes_in_words

SHOWN_WINDOWS = 6
"""The newest windows of a history that fit beside each other."""


def show_stats(told: dict[str, Any]) -> None:
    parent = told["parent"]
    console.print_table(
        f"graph of {told['window']} ({told['at']}), as of {told['as_of']}, hash {told['hash'][:12]},"
        f" {told['segments']} segment(s), {told['bytes']:,} bytes,"
        f" {'folded into ' + parent['window'] if parent else 'built without a parent'}"
    )
    columns = ("all", "active", "expired", "not_admitted", "erased")
    nodes = Table("nodes", *(column.replace("_", " ") for column in columns))
    for node, counts in told["nodes"].items():
        nodes.add_row(node, *(f"{counts[column]:,}" if column in counts else "–" for column in columns))
    console.print_table(nodes)
    edges = Table("edges", "number")
    for name, count in told["edges"].items():
        edges.add_row(name, f"{count:,}")
    console.print_table(edges)
    shares: dict[str, float] = next(iter(told["weights"].values()), {})
    weights = Table("quantiles of user–item weights", *(f"{float(share):.0%}" for share in shares))
    for name, values in told["weights"].items():
        weights.add_row(name.removeprefix("weight_"), *(f"{value:.4f}" for value in values.values()))
    console.print_table(weights)
    if told["left_out"]["users"] or told["left_out"]["edges to items"]:
        counts = ", ".join(f"{n:,} {what}" for what, n in told["left_out"].items() if what != "why")
        console.print_table(f"models do not see (refresh.noise_score): {counts}")
        for each in told["left_out"]["why"]:
            console.print_table(escape(f"  {each['user_id']}: {each['left_out']}: {each['reason']}"))


def show_user(told: dict[str, Any]) -> None:
    console.print_table(escape(f"user {told['user_id']}, as of {told['as_of']}"))
    for kind, rows in told["interests"].items():
        if rows:
            console.print_table(_interests(kind, rows))


def _interests(kind: str, rows: list[dict[str, Any]]) -> Table:
    table = Table()
    table.add_column(kind, overflow="fold")
    shown = next((name for name in ("title", "within") if any(row[name] for row in rows)), None)
    if shown:
        table.add_column("in" if shown == "within" else shown, style="dim", overflow="fold")
    for name in ("short", "long", "events", "last seen"):
        table.add_column(name, justify="left" if name == "events" else "right", no_wrap=name != "events")
    table.add_column("days between", justify="right", min_width=7)
    for row in rows:
        gap = row["mean_gap_days"]
        table.add_row(
            escape(row["innermost"]),
            *([escape(row[shown] or "")] if shown else []),
            f"{row['short']:.3f}",
            f"{row['long']:.3f}",
            escape(row["events"]) if len(row["counts"]) < 2 else f"{sum(row['counts'].values()):,} events",
            row["last_at"][:10],
            "–" if gap is None else f"{gap:.1f}",
        )
    return table


def show_history(told: dict[str, Any], *, most: int = 5) -> None:
    """The weights in the newest windows beside each other, then what each window changed, the newest last."""
    windows = told["windows"][-SHOWN_WINDOWS:]
    if not told["interests"]:
        console.print_table(escape(f"user {told['user_id']}: no interests of kind {told['kind']} in any graph"))
        return
    table = Table(title=escape(f"user {told['user_id']}"))
    table.add_column(told["kind"], overflow="fold")
    for window in windows:
        table.add_column(window["window"], justify="right", no_wrap=True)
    for row in told["interests"]:
        weights = row["weights"][-SHOWN_WINDOWS:]
        cells = [f"{weight:.2f}" if weight else "–" for weight in weights]
        table.add_row(escape(row["label"]), *cells)
    console.print_table(table)
    for window in windows[1:] if len(told["windows"]) == len(windows) else windows:
        if window["erased"] and not window["known"]:
            console.print_table(f"{window['window']}: the graph no longer knows the user: erased on request")
            continue
        start = f"{ERASED}: " if window["erased"] else ""
        console.print_table(escape(f"{window['window']}: {start}{changes_in_words(window['changes'], most)}"))
