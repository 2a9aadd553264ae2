"""What the gate is shown: each model's metrics on one examination, put together from what evaluate wrote."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from features.catalogue import ids
from features.graph import InterestGraph
from features.hetero import to_hetero
from models.evaluation import Examination, examination
from models.gates.evidence import Evidence, Measured
from models.metrics import SLICES
from models.slices import Labels
from pipelines.context import Context
from pipelines.jobs import Job
from pipelines.judging.channels import FAMILY, bought_by_channel
from pipelines.judging.lessons import bought_between


def examination_of(job: Job, graph: InterestGraph, context: Context) -> Examination:
    """The hold-out's pairs on `graph`, cut into the slices that params ask for."""
    evaluate, named = context.params.evaluate, Labels(*(ids(graph, node).to_pylist() for node in ("category", "group")))
    start, end = job.cut(evaluate), job.window.end
    families = tuple(family for family in evaluate.slices if family != FAMILY)
    told = bought_by_channel(start, end, graph, context, job.window) if FAMILY in evaluate.slices else {}
    truth = bought_between(start, end, graph, context, job.window)
    return examination(truth, to_hetero(graph), evaluate.k, families=families, labels=named, told=told)


def evidence_of(
    measured: dict[str, Measured], plan: dict[str, Any], *, window: str, k: int, baselines: Sequence[str]
) -> Evidence:
    """`measured` by name, as the gate looks at it.

    A champion that was not measured is missing; it is not the same as there being none yet. Where the champion is the
    last full fit, it stands for both.
    """
    rivals = []
    if plan["base"]:
        rivals.append("champion")
    if plan["last_full"]:
        rivals.append("last_full")
        if plan["base"] and plan["last_full"] == plan["base"]["version"] and "champion" in measured:
            measured = measured | {"last_full": measured["champion"]}
    known = [set(model.slices) for model in measured.values()]
    slices = sorted(set().union(*known) - set(SLICES)) if known else []
    return Evidence(
        window=window, k=k, models=measured, slices=(*SLICES, *slices), baselines=tuple(baselines), rivals=tuple(rivals)
    )
