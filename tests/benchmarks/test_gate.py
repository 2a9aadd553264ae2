"""The simulated windows of the gate's benchmark: what is put into them is what holds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import gate
from benchmarks.gate import Pool, Truth, made_true
from pipelines.params.file import read_params
from pipelines.settings import ROOT


@given(st.lists(st.floats(0.01, 0.99), min_size=2, max_size=20), st.floats(0.01, 0.99))
def test_values_made_true_have_the_mean_and_stay_in_range(values: list[float], mean: float) -> None:
    found = made_true(np.array(values), mean)
    assert found.mean() == pytest.approx(mean)
    assert ((found >= 0) & (found <= 1)).all()


@pytest.mark.parametrize(("effect", "outcome"), [(0.3, "PASS"), (-0.3, "FAIL")])
def test_clear_cases_are_judged_by_the_shipped_gate(
    monkeypatch: pytest.MonkeyPatch, effect: float, outcome: str
) -> None:
    monkeypatch.setattr(gate, "SIMULATED", 3)
    ndcg = np.random.default_rng(3).uniform(0.2, 0.4, 500)
    params = read_params(ROOT / "params.yaml")
    asked = Truth("clear", "champion", effect, promotable=effect > 0)
    pool = Pool(candidate=ndcg, champion=ndcg, baseline=ndcg / 2)
    found = gate._verdicts(asked, pool, params.gate.settings(), params.evaluate.k)
    assert found[outcome] == 1.0
