"""The candidate's own files are what was judged: a fresh process that reads them answers alike."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from features.graph import InterestGraph
from features.hetero import to_hetero
from models.catalogue import rebuild
from models.evaluation import Examined, examination, examine
from models.ranking import owned_pairs
from pipelines.context import Context, read_context
from pipelines.graphs.files import read_graph
from pipelines.jobs import Job, bootstrap_job
from pipelines.serving.load_and_query import load_and_query
from pipelines.serving.model_files import read_state, write_state
from tests.drop import UNTIL, copy_home

Judged = tuple[Examined, InterestGraph, Job, Context]


@pytest.fixture
def judged(bootstrapped: Path, tmp_path: Path) -> Judged:
    context = read_context(environment=copy_home(bootstrapped, tmp_path / "shop"))
    job = bootstrap_job(UNTIL, context)
    graph = read_graph(context.path("graphs", job.name, "cut"))
    hetero = to_hetero(graph)
    asked = examination(owned_pairs(hetero)[:, ::7], hetero, 10)
    state = read_state(context.path("updates", job.name, "candidate"))
    return examine(rebuild(state, hetero), asked), graph, job, context


def test_the_files_that_were_judged_answer_alike(judged: Judged) -> None:
    found = load_and_query(*judged)
    assert (found.outcome, found.n_users) == ("PASS", 100)


def test_files_changed_since_then_are_found_out(judged: Judged) -> None:
    _, _, job, context = judged
    folder = context.path("updates", job.name, "candidate")
    state = read_state(folder)
    turned = {name: -tensor if name == "network/skip.weight" else tensor for name, tensor in state.tensors.items()}
    write_state(folder, replace(state, tensors=turned))
    found = load_and_query(*judged)
    assert found.outcome == "FAIL"
    assert "rank 1:" in found.reason


def test_files_that_cannot_be_read_fail_and_raise_nothing(judged: Judged) -> None:
    _, _, job, context = judged
    shutil.rmtree(context.path("updates", job.name, "candidate"))
    found = load_and_query(*judged)
    assert found.outcome == "FAIL"
    assert "state" in found.reason
