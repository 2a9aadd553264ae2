"""What is known before an update: the situation by which the policy chooses how it learns."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from models.policy_terms import Mode, Situation
from pipelines import registry
from pipelines.context import Context
from pipelines.files import read_json
from pipelines.graphs.files import read_graph, read_manifest
from pipelines.jobs import Job
from pipelines.judging.shadow import last_shadow
from pipelines.planning.drift import largest_psi, measure_drift
from pipelines.planning.full_fits import last_full_fit, window_of
from pipelines.records import read_result
from pipelines.watching.requests import retrain_request


def situation_of(job: Job, base: registry.Version, context: Context) -> Situation:
    """Of the window that `job` brings in, over the champion `base`."""
    end = context.path("graphs", job.name, "end")
    drift = measure_drift(job.window, read_graph(end), context, psi=context.params.plan.policy.psi_much)
    manifest = read_manifest(end)
    edges = sum((manifest["edges"] if manifest["schema"] == 1 else manifest["about"]["edges"]).values())
    shadow = last_shadow(job, context)
    return Situation(
        new_edges=read_result("refresh", job, context)["delta"]["edges_born"] / edges if edges else None,
        psi=largest_psi(drift),
        forgetting=_forgotten(base.window, context),
        windows_since_full=_since_full(job, context),
        windows_since_shadow=shadow.windows_ago if shadow else None,
        shadow_loss=shadow.loss if shadow else None,
        retrain_for=retrain_request(context, before=job.name, until=job.window.end).signals,
        cpu_seconds=dict(_cpu_seconds(context)),
    )


def _forgotten(window: str, context: Context) -> float | None:
    """The share of NDCG that the champion lost on memory cohorts, as its own update measured it."""
    path = context.path("updates", window, "memory.json")
    memory = list(read_json(path).values()) if path.is_file() else []
    lost = [(each["best"] - each["ndcg"]) / each["best"] for each in memory if each["best"] > 0]
    return sum(lost) / len(lost) if lost else None


def _since_full(job: Job, context: Context) -> float | None:
    version = last_full_fit(context, job.name)
    window = window_of(version, context) if version else None
    if window is None:
        return None
    calendar = context.calendar
    return float(calendar.index(job.window) - calendar.index(calendar.window(window)))


def _cpu_seconds(context: Context) -> Iterator[tuple[Mode, float]]:
    """What the fit of the newest update of each mode took; bootstraps count as full fits."""
    for folder in sorted(context.path("updates").glob("*/records")):
        plan, fit = (_record(folder / f"{step}.json") for step in ("plan", "fit"))
        if plan and fit and "cpu_seconds" in fit["result"]:
            yield plan["result"]["mode"], float(fit["result"]["cpu_seconds"])


def _record(path: Path) -> dict[str, Any] | None:
    return read_json(path) if path.is_file() else None
