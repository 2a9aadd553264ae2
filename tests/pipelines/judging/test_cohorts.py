"""What is remembered of past windows: of those in which somebody bought something, and kept for the next update."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from models.memory import Remembered, forgetting
from models.state import State
from pipelines.context import Context, read_context
from pipelines.jobs import Job, bootstrap_job, update_job
from pipelines.judging import cohorts
from pipelines.judging.cohorts import keep_memory, measure_memory
from pipelines.serving.model_files import read_state
from tests.drop import UNTIL, copy_home, window


@pytest.fixture
def context(bootstrapped: Path, tmp_path: Path) -> Context:
    return read_context(environment=copy_home(bootstrapped, tmp_path / "shop"))


@pytest.fixture
def state(context: Context) -> State:
    return read_state(context.path("updates", window(4), "candidate"))


BASE = {"window": window(4), "version": "1"}
"""The bootstrap's model, which remembers nothing."""


def job(context: Context) -> Job:
    return update_job(UNTIL, context)


def test_the_window_before_is_a_cohort_and_a_bootstrap_has_none(context: Context, state: State) -> None:
    found = measure_memory(state, None, job(context), context)
    assert found.keys() == {window(4)}
    (only,) = found.values()
    assert 0 < only.ndcg == only.first == only.best <= 1
    assert measure_memory(state, None, bootstrap_job(UNTIL, context), context) == {}


def test_what_the_base_had_is_what_may_be_forgotten(context: Context, state: State) -> None:
    keep_memory({window(4): Remembered(0.9, 0.8, 1.0)}, bootstrap_job(UNTIL, context), context)
    found = measure_memory(state, BASE, job(context), context)
    now = found[window(4)].ndcg
    assert found[window(4)] == Remembered(now, 0.8, 1.0)
    assert forgetting(found) == pytest.approx(1.0 - now)


def test_what_the_base_was_worth_on_its_own_window_may_be_forgotten_at_once(context: Context, state: State) -> None:
    honest = measure_memory(state, BASE, job(context), context)
    turned = {name: -state.tensors[name] for name in ("network/gate.4.weight", "network/skip.weight")}
    found = measure_memory(replace(state, tensors=state.tensors | turned), BASE, job(context), context)
    assert forgetting(honest) == 0.0
    assert found[window(4)].best == honest[window(4)].ndcg
    assert forgetting(found) > 0.1


def test_a_window_in_which_nobody_bought_anything_is_no_cohort(
    context: Context, state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cohorts, "bought_between", lambda *_: torch.empty(2, 0, dtype=torch.int64))
    assert measure_memory(state, None, job(context), context) == {}
