"""What folding costs against building anew, and what either costs against plain SQL; each run a process of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks.figures import table
from benchmarks.graph_events import write_delta, write_history
from benchmarks.graph_runs import edges_of
from pipelines.graphs.folding import MOST_SEGMENTS
from pipelines.settings import ROOT, read_settings

EVENTS, DELTA, LONGER = 10_000_000, 100_000, 4
REPEATS = 3
"""Of the runs that take little: the median is told."""


def run() -> tuple[str, dict[str, float]]:
    """The section's text and its figures."""
    home = read_settings().home / "benchmarks" / "graph"
    short, long = (_prepare(home / f"{times}x", EVENTS * times) for times in (1, LONGER))
    spent = {"GROUP BY by hand": _measure("group_by", short), "rebuild": _measure("rebuild", short)}
    _measure("rebuild", long)
    folds = [[_measure("fold", folder) for folder in (short, long)] for _ in range(REPEATS)]
    spent["fold"], spent["fold, 4 times the history"] = (_median(runs) for runs in zip(*folds, strict=True))
    spent["making segments one"] = _measure("compact", short)
    opened = _median([_measure("open", long) for _ in range(REPEATS)])
    spent["open, 4 times the history"] = opened
    for name, folder in (("reading every byte", short), ("reading every byte, 4 times the history", long)):
        spent[name] = _median([_measure("check", folder) for _ in range(REPEATS)])
    figures = {
        "fold_to_rebuild_cpu": spent["fold"]["cpu_seconds"] / spent["rebuild"]["cpu_seconds"],
        "fold_cost_growth_at_4x_history": spent["fold, 4 times the history"]["cpu_seconds"]
        / spent["fold"]["cpu_seconds"],
        "rebuild_to_group_by": spent["rebuild"]["cpu_seconds"] / spent["GROUP BY by hand"]["cpu_seconds"],
        "peak_rss_gib": spent["rebuild"]["peak_rss_gib"],
        "open_ms": opened["wall_seconds"] * 1000,
    }
    text = _text(spent, figures, edges_of(short), edges_of(long))
    shutil.rmtree(home)
    return text, figures


def _prepare(folder: Path, events: int) -> Path:
    print(f"making {events:,} events", file=sys.stderr)
    write_history(folder / "history.parquet", events)
    write_delta(folder / "delta.parquet", DELTA)
    return folder


def _measure(name: str, folder: Path) -> dict[str, float]:
    print(f"{name} {folder.name}", file=sys.stderr)
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.graph_runs", name, str(folder)],
        cwd=ROOT,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{name} failed:\n{done.stderr}")
    told: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return told


def _median(runs: Any) -> dict[str, float]:
    ordered = sorted(runs, key=lambda run: run["cpu_seconds"])
    return dict(ordered[len(ordered) // 2])


def _text(
    spent: dict[str, dict[str, float]], figures: dict[str, float], edges: dict[str, int], more: dict[str, int]
) -> str:
    rows: list[dict[str, object]] = [
        {"run": name, "CPU s": run["cpu_seconds"], "seconds": run["wall_seconds"], "peak RSS, GiB": run["peak_rss_gib"]}
        for name, run in spent.items()
    ]
    told = [{"figure": name, "is": value, "asked for": f"at most {_ASKED[name]}"} for name, value in figures.items()]
    return f"""## The interest graph (`make bench-graph`)

{EVENTS:,} events in order of time, made by SQL: {edges["user_item"]:,} user–item, {edges["user_query"]:,} user–query
and {edges["query_item"]:,} query–item edges; with {LONGER} times the history {more["user_item"]:,} user–item edges.
The delta: {DELTA:,} events (1 %), of which one in ten is late, one in ten a return, one in twenty said twice, one in
twenty of a new user, and one in twenty about a new item. Each run is a process of its own on one thread, from files to
files, timed after its libraries are loaded; *by hand* is one `GROUP BY` a kind of edge in DuckDB, over ids, neither
numbered nor sorted nor written. Fold, open and reading are the median of {REPEATS} runs.

{table(rows)}

{table(told)}

Making segments one is no part of a fold: it happens when {MOST_SEGMENTS} folds, or a quarter of the edges, have come
together. Nor is reading every byte of the graph that is folded into, to compare it with its hashes: each update does so
once, and this grows with the graph, as does telling what changed between two graphs, and building what models see.
"""


_ASKED = {
    "fold_to_rebuild_cpu": "0.05",
    "fold_cost_growth_at_4x_history": "1.2",
    "rebuild_to_group_by": "2",
    "peak_rss_gib": "3",
    "open_ms": "100",
}
