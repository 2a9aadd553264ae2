"""Who is judged in an update: the candidate, the models it has to stand beside, and the baselines."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch_geometric.data import HeteroData

from models.catalogue import rebuild
from models.evaluation import Examination, Examined, examine
from models.gates.evidence import CANDIDATE
from models.recommender import Recommender
from models.threads import one_thread
from pipelines import registry
from pipelines.context import Context
from pipelines.errors import ContractError
from pipelines.jobs import Job
from pipelines.judging.ranker import make_baselines
from pipelines.serving.model_files import read_state

Makers = Mapping[str, Callable[[], Recommender]]


@dataclass(frozen=True)
class Judged:
    """What a contestant did, and the CPU milliseconds it took a user."""

    examined: Examined
    latency_ms: float


def contestants(plan: dict[str, Any], job: Job, context: Context, hetero: HeteroData) -> Makers:
    """What makes each model, by the name its metrics bear; models are made only when their turn comes."""

    def fitted(baseline: Recommender) -> Callable[[], Recommender]:
        def fit() -> Recommender:
            baseline.fit([], hetero)
            return baseline

        return fit

    makers = {CANDIDATE: stored(context.path("updates", job.name, "candidate"), hetero)}
    if plan["base"]:
        makers["champion"] = stored(registry.model_folder(context, plan["base"]["version"]) / "state", hetero)
    if plan["last_full"] and plan["last_full"] != plan["base"]["version"]:
        makers["last_full"] = stored(registry.model_folder(context, plan["last_full"]) / "state", hetero)
    baselines = make_baselines(context.params.evaluate, context.params.fit.seed)
    return makers | {name: fitted(baseline) for name, baseline in baselines.items()}


def stored(folder: Path, hetero: HeteroData) -> Callable[[], Recommender]:
    """What makes the model whose state lies in `folder`, standing on `hetero`."""
    return lambda: rebuild(read_state(folder), hetero)


def judge_all(makers: Makers, asked: Examination, job: Job, context: Context) -> dict[str, Judged]:
    """Each contestant on the same examination; ContractError names the one that cannot be judged on its graph."""

    def judge(name: str) -> Judged:
        context.say(f"{job.name} evaluate: {name}")
        try:
            recommender, started = makers[name](), time.thread_time()
            examined = examine(recommender, asked)
            return Judged(examined, 1000 * (time.thread_time() - started) / max(len(examined.users), 1))
        except ValueError as error:
            raise ContractError(
                f"the {name} cannot be judged on the graph of window {job.name}: {error}",
                where=str(context.path("graphs", job.name, "cut")),
                mend="restore the graph or the model from a backup; nothing was promoted, the champion keeps serving",
            ) from error

    # iALS, the slowest, spends its time outside Python's lock, so that two at a time take about its time alone
    with one_thread(), ThreadPoolExecutor(max_workers=2) as pool:
        running = {name: pool.submit(judge, name) for name in reversed(list(makers))}
        return {name: running[name].result() for name in makers}
