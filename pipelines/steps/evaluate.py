"""Evaluate: candidate, champion and baselines rank all items for the hold-out, on the same graph as of the cut."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from torch_geometric.data import HeteroData

from features.hetero import to_hetero
from models.catalogue import rebuild
from models.metric_table import to_table
from models.metrics import Evaluation, evaluate
from models.recommender import Recommender
from pipelines import registry
from pipelines.context import Context
from pipelines.files import write_table
from pipelines.graph_files import read_graph
from pipelines.jobs import Job
from pipelines.lessons import bought_between
from pipelines.model_files import read_state
from pipelines.ranker import make_baselines
from pipelines.records import read_result


def run(job: Job, context: Context) -> dict[str, Any]:
    """Store each model's metrics a user, and give their means by model and slice."""
    plan = read_result("plan", job, context)
    if plan["mode"] == "skip":
        return {"skipped": plan["reason"]}
    graph = read_graph(context.path("graphs", job.name, "cut"))
    hetero = to_hetero(graph)
    truth = bought_between(job.cut(context.params.evaluate), job.window.end, graph, context)
    evaluations: dict[str, Evaluation] = {}
    for name, recommender in _contestants(plan, job, context, hetero):
        context.say(f"{job.name} evaluate: {name}")
        evaluations[name] = evaluate(recommender, truth, hetero, context.params.evaluate.k)
    write_table(context.path("updates", job.name, "metrics.parquet"), to_table(evaluations))
    return {
        "metrics": {
            model: {name: metrics.summary() for name, metrics in evaluation.items()}
            for model, evaluation in evaluations.items()
        },
        "outputs": [f"updates/{job.name}/metrics.parquet"],
    }


def _contestants(
    plan: dict[str, Any], job: Job, context: Context, hetero: HeteroData
) -> Iterator[tuple[str, Recommender]]:
    """One at a time, so that only one is in memory."""
    yield "candidate", rebuild(read_state(context.path("updates", job.name, "candidate")), hetero)
    if plan["base"]:
        folder = registry.model_folder(context, plan["base"]["version"])
        yield "champion", rebuild(read_state(folder / "state"), hetero)
    for name, baseline in make_baselines(context.params.evaluate, context.params.fit.seed).items():
        baseline.fit([], hetero)
        yield name, baseline
