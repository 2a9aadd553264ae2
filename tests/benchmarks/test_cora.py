"""Every network learns two communities that the eye sees; the epoch that is told is chosen in validation alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch_geometric.data import Data
from torch_geometric.utils import to_undirected

from benchmarks.cora import PARTS, cora
from benchmarks.cora_networks import NETWORKS, Curves, learn
from benchmarks.cora_picture import draw_curves
from pipelines.errors import SourceError

SIZE = 10
"""Papers of each community, all of whom cite each other; words say nothing."""


def communities() -> Data:
    ones = torch.combinations(torch.arange(SIZE)).T
    edges = to_undirected(torch.cat([ones, ones + SIZE], dim=1))
    place = torch.arange(2 * SIZE) % SIZE
    words = torch.rand(2 * SIZE, 30, generator=torch.Generator().manual_seed(0))
    subject = torch.arange(2 * SIZE) // SIZE
    masks = {"train_mask": place < 2, "val_mask": (place >= 2) & (place < 5), "test_mask": place >= 5}
    return Data(x=words, edge_index=edges, y=subject, **masks)


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_tells_communities_apart_by_their_edges(name: str) -> None:
    curves = learn(NETWORKS[name], communities(), seed=0)
    assert len(curves.test) == len(curves.validation) == 200
    assert curves.told >= 0.9  # chance is .5


def test_the_same_seed_gives_the_same_curve_and_another_another() -> None:
    one, again, other = (learn(NETWORKS["InterestConv, mean"], communities(), seed, epochs=30) for seed in (1, 1, 2))
    assert np.array_equal(one.test, again.test)
    assert not np.array_equal(one.test, other.test)


def test_the_earliest_epoch_that_is_best_in_validation_is_told() -> None:
    assert Curves(np.array([0.1, 0.7, 0.7, 0.2]), np.array([0.0, 0.5, 0.6, 0.9])).told == 0.5


def test_the_picture_has_a_line_for_each_network_and_for_what_is_asked() -> None:
    runs = [Curves(np.array([0.5, 0.6]), np.array([0.4, 0.6])), Curves(np.array([0.5, 0.6]), np.array([0.6, 0.8]))]
    whole, near = draw_curves(dict.fromkeys(NETWORKS, runs), 0.815).axes
    assert [list(line.get_ydata()) for line in whole.lines] == [*[[0.5, 0.7]] * 3, [0.815, 0.815]]
    assert len(near.lines) == 4
    legend = whole.get_legend()
    assert legend is not None and legend.get_texts()[0].get_text() == "GCN (70.0%)"


def test_data_that_is_not_there_is_told_with_where_to_get_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TIDEGRAPH_DATA", str(tmp_path))
    with pytest.raises(SourceError, match="not there") as told:
        cora()
    assert all(f"ind.cora.{part}" in told.value.mend for part in PARTS)
