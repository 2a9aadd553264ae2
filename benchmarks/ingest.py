"""How long ten million simulated events take through collect, validate and snapshot, beside a bare DuckDB copy."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import psutil

from benchmarks.figures import table
from pipelines.local.memory import PeakMemory
from pipelines.settings import ROOT

EVENTS, DAYS = 10_000_000, 91
FLAWS = ("bots", "duplicates", "late", "corrections", "broken")
"""All that a good batch may hold; a bad batch and a broken schema stop the run, as they should."""
WANTED_SECONDS, WANTED_GIB = 90, 4

_SIMULATE = """
import json, sys
from pathlib import Path
from sources.marketplace.settings import Options, Settings
from sources.marketplace.world import World
from sources.marketplace.writing import write_simulation

options = Options(events=int(sys.argv[1]), days=int(sys.argv[2]), flaws=json.loads(sys.argv[3]))
write_simulation(World(Settings(options=options)), Path(sys.argv[4]), lambda told: print(told, file=sys.stderr))
"""
_INGEST = """
import json, sys, time
from datetime import timedelta
from pipelines.context import read_context
from pipelines.jobs import bootstrap_job
from pipelines.runner import run_step

context = read_context(lambda told: print(told, file=sys.stderr))
job = bootstrap_job((context.calendar.origin + timedelta(days=int(sys.argv[1]))).date().isoformat(), context)
seconds, told = {}, {}
for step in ("collect", "validate", "snapshot"):
    begun = time.perf_counter()
    told[step] = run_step(step, job, context)
    seconds[step] = time.perf_counter() - begun
windows = told["validate"]["windows"].values()
counts = {kind: sum(window[kind]["events"] for window in windows) for kind in ("collected", "accepted", "quarantined")}
print(json.dumps({"seconds": seconds, "late": sum(sum(window["late"].values()) for window in windows), **counts}))
"""


def run() -> tuple[str, dict[str, float]]:
    """The section of docs/benchmarks.md, and the figures."""
    with TemporaryDirectory() as folder:
        drop, home = Path(folder, "drop"), Path(folder, "home")
        drop.mkdir()
        _python(_SIMULATE, str(EVENTS), str(DAYS), json.dumps(FLAWS), str(drop))
        copied = _copy(drop, Path(folder, "copy.parquet"))
        told, peak = _ingest(drop, home)
    wall = sum(told["seconds"].values())
    figures = {
        "events": told["collected"],
        "wall_seconds": wall,
        "peak_rss_gib": peak,
        "ratio_to_duckdb_copy": wall / copied,
    }
    rows = [{"step": step, "seconds": round(seconds, 1)} for step, seconds in told["seconds"].items()]
    rows.append({"step": "bare DuckDB copy of the same files", "seconds": round(copied, 1)})
    text = f"""## Ingest

{told["collected"]:,} simulated events in {DAYS // 7} weekly windows: {told["accepted"]:,} accepted ({told["late"]:,}
of them late), {told["quarantined"]:,} quarantined. Asked for: at most {WANTED_SECONDS} s and {WANTED_GIB} GiB on 2
cores.

{table(rows)}

All three steps: {wall:.1f} s, {wall / copied:.1f} times the bare copy; peak memory {peak:.2f} GiB (PSS, sampled).
"""
    return text, figures


def _copy(drop: Path, target: Path) -> float:
    """Seconds that DuckDB takes to read all events and write them again, with as many threads as it likes."""
    begun = time.perf_counter()
    with duckdb.connect() as engine:
        files = f"read_parquet('{drop}/*/events.parquet', union_by_name=true)"
        engine.execute(f"COPY (FROM {files}) TO '{target}' (FORMAT parquet, COMPRESSION zstd)")
    return time.perf_counter() - begun


def _ingest(drop: Path, home: Path) -> tuple[dict, float]:
    environment = {
        "TIDEGRAPH_HOME": str(home), "TIDEGRAPH_DROP": str(drop), "TIDEGRAPH_MAPPING": str(drop / "mapping.yaml"),
    }  # fmt: skip
    own = psutil.Process()
    with PeakMemory(lambda: own.children(recursive=True), period=0.5) as memory:
        told = json.loads(_python(_INGEST, str(DAYS), **environment))
    return told, memory.peak.total / 2**30


def _python(code: str, *arguments: str, **environment: str) -> str:
    """Run `code` in a process of its own; what it prints."""
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=ROOT, env={**os.environ, **environment}, stdout=subprocess.PIPE, text=True, check=True,
    )  # fmt: skip
    return done.stdout
