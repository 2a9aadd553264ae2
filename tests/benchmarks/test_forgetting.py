"""What is measured of forgetting: a later model over an earlier graph."""

from __future__ import annotations

from dataclasses import asdict, replace

import pytest
import torch

from benchmarks import forgetting
from benchmarks.contests.contest import untrained
from benchmarks.forgetting import K, _follow, _full_refits, network_of
from models.metrics import evaluate_slice
from models.recommender import Slice
from tests.benchmarks.toy_contest import toy_contest
from tests.models.flagship_toy import SMALL


def test_of_the_last_week_nothing_is_forgotten_and_full_fits_are_judged_on_the_weeks_of_the_last_updates(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in (("LEARNED", 1), ("UPDATES", 1), ("QUARTER", 1)):
        monkeypatch.setattr(forgetting, name, value)
    contest, chosen = toy_contest(), replace(SMALL, epochs=3)
    course = _follow(contest, chosen, "toy")
    assert course.lost.tolist() == course.lost_by_network.tolist() == [0.0]
    full = untrained("interest_ranker", asdict(chosen))
    full.fit(contest.slices(2), contest.heteros[2])
    judged = evaluate_slice("all", full, contest.taken[2], contest.heteros[2], K).ndcg.mean()
    assert _full_refits(contest, chosen).tolist() == [pytest.approx(float(judged))]
    updated = untrained("interest_ranker", asdict(chosen))
    updated.fit(contest.slices(1), contest.heteros[1])
    updated.update([Slice(contest.heteros[1], contest.taken[1])], contest.heteros[2])
    ahead = evaluate_slice("all", updated, contest.taken[2], contest.heteros[2], K).ndcg.mean()
    assert course.ahead.tolist() == [pytest.approx(float(ahead))]


def test_of_a_later_model_the_network_alone_is_put_over_the_embeddings_of_before() -> None:
    contest, fitted = toy_contest(), untrained("interest_ranker", asdict(replace(SMALL, epochs=3)))
    fitted.fit(contest.slices(1), contest.heteros[1])
    before = fitted.state()
    fitted.update([Slice(contest.heteros[1], contest.taken[1])], contest.heteros[2])
    after = fitted.state()
    assert not torch.equal(after.tensors["item_factors"], before.tensors["item_factors"])
    mixed = network_of(after, before)
    for name, tensor in mixed.tensors.items():
        source = after if name.startswith("network/") else before
        assert torch.equal(tensor, source.tensors[name]), name
    assert mixed.settings == before.settings
    assert any(not torch.equal(mixed.tensors[name], before.tensors[name]) for name in before.tensors)
