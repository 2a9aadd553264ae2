"""What the demo runs, in order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

UNTIL = "2017-10-08"
BOOTSTRAP = "2017-10-01"
"""The bootstrap's last window, which names it."""
WINDOWS = ("2017-10-08", "2017-10-15", "2017-10-22")


@dataclass(frozen=True)
class DemoRun:
    """One DAG run: which DAG, with which form, and how it is called on screen."""

    dag: str
    title: str
    form: dict[str, Any]


RUNS = (
    DemoRun("interest_graph_bootstrap", f"bootstrap until {UNTIL}", {"until": UNTIL}),
    *(DemoRun("interest_graph_update", f"update {window}", {"window": window}) for window in WINDOWS),
)
