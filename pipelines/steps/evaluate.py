"""Evaluate: candidate, champion and baselines rank all items for the hold-out, on the same graph as of the cut."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from models.behaviour import check_behaviour
from models.catalogue import rebuild
from models.gates.evidence import CANDIDATE, Measured
from models.memory import Remembered, backward_transfer, forgetting
from models.metric_table import to_table
from models.metrics import SLICES
from models.state import State
from pipelines.context import Context
from pipelines.files import write_table
from pipelines.graphs.files import read_graph
from pipelines.jobs import Job
from pipelines.judging.cohorts import keep_memory, measure_memory
from pipelines.judging.contestants import Judged, contestants, judge_all
from pipelines.judging.evidence import examination_of
from pipelines.judging.list_changes import changes_of, tell_changes
from pipelines.judging.shadow import SHADOW, judge_aside, keep_shadow
from pipelines.records import read_result
from pipelines.serving.load_and_query import load_and_query
from pipelines.serving.model_files import read_state


def run(job: Job, context: Context) -> dict[str, Any]:
    """Store each model's metrics a user, and give their means, the candidate's numbers, and how it behaves."""
    plan = read_result("plan", job, context)
    if plan["mode"] == "skip":
        return {"skipped": plan["reason"]}
    graph = read_graph(context.path("graphs", job.name, "cut"))
    asked = examination_of(job, graph, context)
    judged = judge_all(contestants(plan, job, context, asked.graph), asked, job, context)
    state = read_state(context.path("updates", job.name, "candidate"))
    numbers = {name: {"latency_ms": each.latency_ms} for name, each in judged.items()}
    memory = measure_memory(state, plan["base"], job, context)
    outputs = [f"updates/{job.name}/metrics.parquet"]
    aside, shadow = judge_aside(judged[CANDIDATE], asked, job, context)
    if not plan["overtaken"]:  # the version that this window promoted is not what a backfill of it learns
        keep_memory(memory, job, context)
        keep_shadow(aside.get("shadow"), job, context)
        outputs.append(f"updates/{job.name}/memory.json")
    numbers[CANDIDATE] |= _numbers(state, memory)
    measured = {name: Measured(job.name, each.examined.slices, numbers[name]) for name, each in judged.items()}
    write_table(context.path("updates", job.name, "metrics.parquet"), to_table(measured))
    checks = [
        *check_behaviour(state, asked.graph, context.params.evaluate.k, rebuild),
        load_and_query(judged[CANDIDATE].examined, graph, job, context),
    ]
    return {
        "metrics": _means(judged, SLICES) | ({SHADOW: shadow} if shadow else {}),
        "slices": _means(judged, [name for name in asked.relevant if name not in SLICES]),
        "numbers": numbers,
        "memory": {window: asdict(each) for window, each in memory.items()},
        "checks": [asdict(check) for check in checks],
        "changes": tell_changes(changes_of(*_two(judged), graph)) if "champion" in judged else None,
        "outputs": outputs,
    } | aside


def _numbers(state: State, memory: Mapping[str, Remembered]) -> dict[str, float]:
    """The candidate's size, and what it remembers of past windows."""
    size = sum(tensor.numel() * tensor.element_size() for tensor in state.tensors.values())
    return {"size_mb": size / 1e6, "forgetting": forgetting(memory), "backward_transfer": backward_transfer(memory)}


def _means(judged: dict[str, Judged], slices: Any) -> dict[str, dict[str, dict[str, float]]]:
    """By model and slice."""
    return {model: {name: each.examined.slices[name].summary() for name in slices} for model, each in judged.items()}


def _two(judged: dict[str, Judged]) -> tuple[Any, Any]:
    return judged[CANDIDATE].examined, judged["champion"].examined
