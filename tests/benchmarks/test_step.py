"""The ways to take a training step differ in what they cost alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from benchmarks.step import gradient_errors
from benchmarks.step_ways import SEED, Pairs, csr_ways, gowalla, published_ways
from models.threads import one_thread
from pipelines.errors import SourceError

USERS, ITEMS = 20, 30


@pytest.fixture
def pairs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pairs:
    taken = np.argwhere(np.random.default_rng(0).random((USERS, ITEMS)) < 0.2)
    folder = tmp_path / "gowalla_lightgcn"
    folder.mkdir()
    pd.DataFrame(taken, columns=["user", "item"]).to_parquet(folder / "train.parquet")
    monkeypatch.setenv("TIDEGRAPH_DATA", str(tmp_path))
    return gowalla()


def test_items_come_after_users(pairs: Pairs) -> None:
    assert (pairs.users, pairs.items, pairs.nodes) == (USERS, ITEMS, USERS + ITEMS)
    assert pairs.taken[0].max() < USERS <= pairs.taken[1].min()


def test_a_batch_has_what_users_took_and_any_item_beside(pairs: Pairs) -> None:
    users, taken, other = pairs.draw(torch.Generator().manual_seed(SEED))
    known = set(map(tuple, pairs.taken.T.tolist()))
    assert set(zip(users.tolist(), taken.tolist(), strict=True)) <= known
    assert other.unique().tolist() == list(range(USERS, USERS + ITEMS))


def test_a_step_begins_without_the_gradient_of_the_last(pairs: Pairs) -> None:
    batch = pairs.draw(torch.Generator().manual_seed(SEED))
    with one_thread():  # several would add in any order, and round otherwise each time
        for way in (published_ways(pairs) | csr_ways(pairs)).values():
            assert torch.equal(way.gradient(batch).clone(), way.gradient(batch))


def test_every_way_has_the_same_gradient(pairs: Pairs) -> None:
    ways = published_ways(pairs) | csr_ways(pairs)
    errors = gradient_errors(ways, pairs.draw(torch.Generator().manual_seed(SEED)))
    assert len(errors) == 6 and max(errors.values()) <= 1e-5


def test_every_way_learns_the_same_in_a_few_steps(pairs: Pairs) -> None:
    ways, random = published_ways(pairs) | csr_ways(pairs), torch.Generator().manual_seed(SEED)
    started = next(iter(ways.values())).embedding.detach().clone()
    for batch in [pairs.draw(random) for _ in range(5)]:
        for way in ways.values():
            way.step(batch)
    first, *others = [way.embedding.detach() for way in ways.values()]
    assert (first - started).abs().max() > 1e-3
    assert all((other - first).abs().max() < 1e-5 for other in others)


def test_a_gradient_that_is_another_is_told(pairs: Pairs) -> None:
    ways = published_ways(pairs)
    with torch.no_grad():
        list(ways.values())[1].embedding[0] += 1.0
    first, second = gradient_errors(ways, pairs.draw(torch.Generator().manual_seed(SEED))).values()
    assert first == 0.0 and second > 1e-2


def test_data_that_is_not_there_is_told_with_where_to_get_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TIDEGRAPH_DATA", str(tmp_path))
    with pytest.raises(SourceError, match="not there") as told:
        gowalla()
    assert "grecx_datasets" in told.value.mend
