"""What the gate is shown: each model's metrics on one examination, put together from what evaluate wrote."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor

from features.catalogue import ids
from features.graph import InterestGraph
from features.hetero import to_hetero
from models.evaluation import Examination, examination
from models.gates.evidence import Evidence, Measured
from models.metrics import SLICES
from models.slices import Labels
from pipelines.params import EvaluateParams


def examination_of(truth: Tensor, graph: InterestGraph, evaluate: EvaluateParams) -> Examination:
    """The hold-out's pairs on `graph`, cut into the slices that params ask for."""
    named = Labels(*(ids(graph, node).to_pylist() for node in ("category", "group")))
    return examination(truth, to_hetero(graph), evaluate.k, families=evaluate.slices, labels=named)


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
