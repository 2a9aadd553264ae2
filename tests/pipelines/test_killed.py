"""Every step, killed in the middle and run again, ends where an undisturbed update ends."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from pipelines.context import Context, read_context
from pipelines.files import digest_files
from pipelines.ledger.book import Ledger
from pipelines.runner import STEPS
from pipelines.snapshots.data_registry import open_data_registry
from pipelines.tracking import open_client
from tests.drop import UNTIL, copy_home
from tests.pipelines.child import run_in_child

KEPT = ("landing", "accepted", "quarantine", "predictions")


def test_an_update_whose_every_step_was_killed_ends_like_an_undisturbed_one(bootstrapped: Path, tmp_path: Path) -> None:
    variables = copy_home(bootstrapped, tmp_path / "one")
    disturbed = copy_home(bootstrapped, tmp_path / "two")
    calls = {}
    for step in STEPS:
        assert run_in_child(step, variables, window=UNTIL, count=str(tmp_path / step)) == 0
        calls[step] = int((tmp_path / step).read_text())
    for step in STEPS:
        assert run_in_child(step, disturbed, window=UNTIL, kill_at=max(1, calls[step] // 2)) == -9, step
        assert run_in_child(step, disturbed, window=UNTIL) == 0
    assert state_of(read_context(environment=disturbed)) == state_of(read_context(environment=variables))


def state_of(context: Context) -> dict[str, Any]:
    """Everything an update leaves, but for run ids, times and commit hashes."""
    client = open_client(context)
    versions = client.search_model_versions("name = 'interest-graph'")
    experiment = client.get_experiment_by_name(context.settings.mlflow_experiment)
    runs = client.search_runs([experiment.experiment_id])
    entries = Ledger(context.settings.ledger_url).entries()
    registry = open_data_registry(context)
    return {
        "files": {name: digest_files(context.path(name)) for name in KEPT},
        "graphs": {str(p.parent.name): digest_files(p / "tables") for p in context.path("graphs").glob("*/*")},
        "candidate": digest_files(context.path("updates", UNTIL, "candidate")),
        "metrics": _measured(context),
        "tags": registry.tags(),
        "partitions": {w: digest_files(registry.partition_path(w)) for w in (UNTIL,)},
        "ledger": [(e.kind, e.version, e.base_version, e.window, e.data_cut, e.verdict, e.reason) for e in entries],
        "versions": sorted((v.version, tuple(sorted(v.aliases)), v.tags["window"]) for v in versions),
        "runs": sorted((run.info.run_name, run.info.status, _metrics_without_costs(run.data.metrics)) for run in runs),
        "left over": sorted(path.name for path in context.settings.home.rglob("*.partial")),
    }


def _measured(context: Context) -> dict[str, list[object]]:
    """Without the time it took; what was not measured of a model, which equals nothing, is told as −1."""
    table = pd.read_parquet(context.path("updates", UNTIL, "metrics.parquet"))
    return table.drop(columns="model/latency_ms").fillna(-1.0).to_dict("list")


def _metrics_without_costs(metrics: dict[str, float]) -> list[tuple[str, float]]:
    times = ("cost/", "model/latency_ms")
    return sorted((name, value) for name, value in metrics.items() if not name.startswith(times))
