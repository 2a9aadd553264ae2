"""The offline experiment: the bootstrap's own steps as DVC stages, in folders and an MLflow store of their own.

`python -m pipelines.offline STEP` is what `dvc.yaml` runs. It touches no live registry, ledger or alias.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pandas as pd

from pipelines import console
from pipelines.context import Context
from pipelines.errors import ParamsError, TidegraphError
from pipelines.files import write_json, write_text
from pipelines.jobs import Job, bootstrap_job
from pipelines.params.file import read_params
from pipelines.records import read_result
from pipelines.runner import run_step
from pipelines.settings import ROOT, read_settings

HOME = ROOT / "offline"
METRICS = ROOT / "metrics"
UNTIL = "2017-10-08"
STAGES = ("collect", "validate", "snapshot", "refresh", "plan", "fit", "evaluate")


def offline_context() -> Context:
    """This process's settings, moved into `offline/`; of the TIDEGRAPH_ variables only the drop folder is heeded."""
    settings = read_settings({"TIDEGRAPH_HOME": str(HOME), "TIDEGRAPH_MLFLOW_EXPERIMENT": "interest-graph-offline"})
    settings = replace(settings, drop=read_settings().drop)
    return Context(settings, read_params(settings.params), lambda message: print(message, file=sys.stderr))


def run_stage(name: str) -> None:
    """Run one stage; `fit` and `evaluate` also write the curves and metrics that DVC compares."""
    if name not in STAGES:
        raise ParamsError(f"there is no stage {name!r}", where="offline", mend=f"name one of: {', '.join(STAGES)}")
    context = offline_context()
    job = bootstrap_job(UNTIL, context)
    result = run_step(name, job, context)
    if name == "fit":
        _write_curves(result["curves"], METRICS / "curves.csv")
    if name == "evaluate":
        _write_metrics(job, context)


def _write_curves(curves: dict[str, list[float]], path: Path) -> None:
    table = pd.DataFrame({name: pd.Series(values) for name, values in curves.items()})
    write_text(path, table.rename_axis("step").round(6).to_csv(lineterminator="\n"))


def _write_metrics(job: Job, context: Context) -> None:
    metrics = read_result("evaluate", job, context)["metrics"]
    rounded = {
        model: {part: {name: round(value, 6) for name, value in values.items()} for part, values in parts.items()}
        for model, parts in metrics.items()
    }
    write_json(METRICS / "offline.json", rounded)


if __name__ == "__main__":
    try:
        run_stage(sys.argv[1] if len(sys.argv) > 1 else "")
    except TidegraphError as error:
        console.complain(error)
        sys.exit(error.exit_code)
