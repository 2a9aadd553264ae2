"""Learning and judging a past version once more, in its sandbox, by the steps that did it then."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipelines.context import Context
from pipelines.dossier.material import gather
from pipelines.dossier.numbers import metrics_of
from pipelines.jobs import Job
from pipelines.lineage.seen import Lineage
from pipelines.records import Record, write_record
from pipelines.reproducing.refolding import folds_of, job_of
from pipelines.reproducing.shelf import Shelf
from pipelines.steps import evaluate, fit, gate


def relearn(lineage: Lineage, shelf: Shelf, sandbox: Context) -> str:
    """Learn the candidate; gives the digest of its state. Its base version is on the shelf where one is needed."""
    job = job_of(folds_of(lineage)[-1], sandbox)
    _note("plan", _plan(lineage, shelf), job, sandbox)
    sandbox.say(f"learning: mode {lineage['mode']}, window {job.name}")
    return str(_note("fit", fit.run(job, sandbox), job, sandbox)["state"])


def rejudge(lineage: Lineage, sandbox: Context) -> tuple[dict[str, float], str]:
    """Judge what was learned; gives its numbers by the names they have in MLflow, and the verdict."""
    job = job_of(folds_of(lineage)[-1], sandbox)
    evaluated = _note("evaluate", evaluate.run(job, sandbox), job, sandbox)
    verdict = _note("gate", gate.run(job, sandbox), job, sandbox)["verdict"]
    row = {"metrics": evaluated["metrics"], "accepted": 0, "quarantined": 0}
    return metrics_of(row, gather(job, sandbox, lineage=lineage)), str(verdict["outcome"])


def _plan(lineage: Lineage, shelf: Shelf) -> dict[str, Any]:
    """The plan of then; versions by their numbers in the sandbox, and those that are not on the shelf left out."""
    base: Mapping[str, Any] | None = lineage.get("base")
    number = shelf.number(base["version"]) if base else None
    return {
        "mode": lineage["mode"],
        "reason": "reproduced",
        "overtaken": lineage["backfill"],
        "base": {**base, "version": number} if base and number else None,
        "last_full": shelf.number(lineage.get("last_full_version")),
        "cut": lineage["data_cut"],
        "run_id": None,
    }


def _note(step: str, result: dict[str, Any], job: Job, sandbox: Context) -> dict[str, Any]:
    write_record(Record(step, "", result, 0.0, 0.0), job, sandbox)
    return result
