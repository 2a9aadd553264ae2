"""Evaluate: candidate, champion and baselines rank all items for the hold-out, on the same graph as of the cut."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from torch_geometric.data import HeteroData

from models.catalogue import rebuild
from models.evaluation import examine
from models.gates.evidence import Measured
from models.metric_table import to_table
from models.metrics import SLICES
from models.recommender import Recommender
from models.threads import one_thread
from pipelines import registry
from pipelines.context import Context
from pipelines.errors import ContractError
from pipelines.evidence import examination_of
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
    truth = bought_between(job.cut(context.params.evaluate), job.window.end, graph, context, job.window)
    asked = examination_of(truth, graph, context.params.evaluate)
    makers = _contestants(plan, job, context, asked.graph)

    def judge(name: str) -> Measured:
        context.say(f"{job.name} evaluate: {name}")
        try:
            return Measured(job.name, examine(makers[name](), asked))
        except ValueError as error:
            raise ContractError(
                f"the {name} cannot be judged on the graph of window {job.name}: {error}",
                where=str(context.path("graphs", job.name, "cut")),
                mend="restore the graph or the model from a backup; nothing was promoted, the champion keeps serving",
            ) from error

    # iALS, the slowest, spends its time outside Python's lock, so that two at a time take about its time alone
    with one_thread(), ThreadPoolExecutor(max_workers=2) as pool:
        judged = {name: pool.submit(judge, name) for name in reversed(makers)}
        measured = {name: judged[name].result() for name in makers}
    write_table(context.path("updates", job.name, "metrics.parquet"), to_table(measured))
    return {
        "metrics": {
            model: {name: found.slices[name].summary() for name in SLICES} for model, found in measured.items()
        },
        "outputs": [f"updates/{job.name}/metrics.parquet"],
    }


def _contestants(
    plan: dict[str, Any], job: Job, context: Context, hetero: HeteroData
) -> dict[str, Callable[[], Recommender]]:
    """What makes each model, by the name its metrics bear; models are made only when their turn comes."""

    def stored(folder: Path) -> Callable[[], Recommender]:
        return lambda: rebuild(read_state(folder), hetero)

    def fitted(baseline: Recommender) -> Callable[[], Recommender]:
        def fit() -> Recommender:
            baseline.fit([], hetero)
            return baseline

        return fit

    makers = {"candidate": stored(context.path("updates", job.name, "candidate"))}
    if plan["base"]:
        makers["champion"] = stored(registry.model_folder(context, plan["base"]["version"]) / "state")
    if plan["last_full"] and plan["last_full"] != plan["base"]["version"]:
        makers["last_full"] = stored(registry.model_folder(context, plan["last_full"]) / "state")
    baselines = make_baselines(context.params.evaluate, context.params.fit.seed)
    return makers | {name: fitted(baseline) for name, baseline in baselines.items()}
