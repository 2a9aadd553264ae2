"""How fast the marketplace makes events, and that memory does not grow with them."""

from __future__ import annotations

import subprocess
import sys
import tempfile

from benchmarks.figures import table

SIZES = (1_000_000, 5_000_000)
WANTED = 300_000

_CHILD = """
import resource, sys, time
from pathlib import Path
from sources.marketplace.settings import Options, Settings
from sources.marketplace.world import World
from sources.marketplace.writing import write_simulation

begun = time.process_time()
world = World(Settings(options=Options(events=int(sys.argv[1]))))
written = write_simulation(world, Path(sys.argv[2]), lambda told: None)
spent = time.process_time() - begun
print(written.events, spent, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20)
"""


def run() -> tuple[str, dict[str, float]]:
    """The section of docs/benchmarks.md, and the figures of the largest size."""
    rows = [_measure(size) for size in SIZES]
    speed = float(rows[-1]["events a CPU second"])  # type: ignore[arg-type]
    text = f"""## The simulator

10,000 users, 20,000 items, 90 days, all flaws; generation and writing together, in CPU seconds of one process: the
figure is that of a single core. Asked for: at least {WANTED:,} events a second.

{table(rows)}

simulated_events_per_second: {speed:.0f}
"""
    peak = float(rows[-1]["peak RSS, GiB"])  # type: ignore[arg-type]
    return text, {"simulated_events_per_second": speed, "peak_rss_gib": peak}


def _measure(events: int) -> dict[str, object]:
    """One simulation in a process of its own, so that its peak is nobody else's."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-c", _CHILD, str(events), folder]
        told = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    made, spent, peak = int(told[0]), float(told[1]), float(told[2])
    return {"events": made, "CPU seconds": spent, "events a CPU second": round(made / spent), "peak RSS, GiB": peak}
