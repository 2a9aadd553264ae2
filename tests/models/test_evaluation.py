"""Slices of what users took, and all that is measured on them."""

from __future__ import annotations

import torch
from torch_geometric.data import HeteroData

from models.baselines.popularity import Popularity
from models.evaluation import examination, examine
from models.metric_names import known_metrics
from models.metrics import evaluate
from models.slices import Labels, slices_of
from tests.models.toy import pairs, shop

TAKEN = pairs([(0, 0), (0, 3), (1, 4), (3, 4), (3, 8), (4, 60), (70, 0)])
FAMILIES = ("activity", "tenure", "category", "price", "age_band", "channel")
LABELS = Labels(categories=["food", "food/coffee", "tea"], groups=["age_band=25-34", "age_band=65+", "gender=f"])


def graph() -> HeteroData:
    """Category 1 lies in 0; users 0 and 1 are 25–34, user 3 is 65+; of items 0 to 3 a price is known."""
    data = shop()
    data["category", "within", "category"].edge_index = torch.tensor([[1], [0]])
    data["group"].num_nodes = 3
    data["user", "in", "group"].edge_index = torch.tensor([[0, 1, 3, 3], [0, 0, 1, 2]])
    data["item"].price[:4] = torch.tensor([1.0, 2.0, 3.0, 4.0])
    return data


def found(family: str, taken: torch.Tensor = TAKEN) -> dict[str, list[tuple[int, int]]]:
    masks = slices_of(taken, graph(), (family,), LABELS)
    return {name: [(user, item) for user, item in taken[:, mask].T.tolist()] for name, mask in masks.items()}


def test_thirds_of_users_by_what_they_did() -> None:
    taken = pairs([(0, 0), (0, 3), (1, 4), (2, 4)])
    busier = graph()
    busier["user", "interacts", "item"].count[busier["user", "interacts", "item"].edge_index[0] == 1] = 99
    masks = slices_of(taken, busier, ("activity",), LABELS)
    assert {name: taken[0, mask].unique().tolist() for name, mask in masks.items()} == {
        "activity/quiet": [0], "activity/middling": [2], "activity/busy": [1],
    }  # fmt: skip


def test_who_came_lately_is_cold() -> None:
    assert set(found("tenure", pairs([(0, 0)]))) == {"tenure/cold"}  # the toy shop is ten days old
    old = graph()
    old["user", "interacts", "item"].first_age[:] = 40.0
    assert list(slices_of(pairs([(0, 0)]), old, ("tenure",), LABELS)) == ["tenure/warm"]


def test_categories_are_the_outermost() -> None:
    assert found("category") == {
        "category/food": [(0, 0), (0, 3), (1, 4), (3, 4), (70, 0)], "category/tea": [(3, 8)],
    }  # fmt: skip


def test_only_priced_items_have_a_band() -> None:
    assert found("price") == {"price/low": [(0, 0), (70, 0)], "price/high": [(0, 3)]}


def test_demographic_groups_by_attribute() -> None:
    assert found("age_band") == {"age_band/25-34": [(0, 0), (0, 3), (1, 4)], "age_band/65+": [(3, 4), (3, 8)]}
    assert found("channel") == {}


def test_all_and_new_are_what_evaluate_gives_and_every_metric_is_there() -> None:
    popular = Popularity(half_life=21.0)
    popular.fit([], graph())
    asked = examination(TAKEN, graph(), 4, families=FAMILIES, labels=LABELS)
    full = examine(popular, asked).slices
    plain = evaluate(popular, TAKEN, graph(), 4)
    for name, metrics in plain.items():
        assert torch.equal(metrics.users, full[name].users)
        assert all(torch.equal(value, full[name].values[metric]) for metric, value in metrics.values.items())
    wanted = {name for name, metric in known_metrics(4).items() if metric.of != "model"}
    assert all(set(metrics.values) | set(metrics.overall) == wanted for metrics in full.values())
    assert list(full)[:2] == ["all", "new"] and "age_band/65+" in full


def test_a_slice_of_users_has_the_values_they_have_on_all() -> None:
    popular = Popularity(half_life=21.0)
    popular.fit([], graph())
    full = examine(popular, examination(TAKEN, graph(), 4, families=FAMILIES, labels=LABELS)).slices
    young = full["age_band/25-34"]
    at = torch.searchsorted(full["all"].users, young.users)
    for metric, value in young.values.items():
        assert torch.equal(value, full["all"].values[metric][at])


def test_of_a_slice_of_items_only_these_count_as_right() -> None:
    popular = Popularity(half_life=21.0)
    popular.fit([], graph())
    full = examine(popular, examination(TAKEN, graph(), 9, families=FAMILIES, labels=LABELS)).slices
    assert full["category/tea"].users.tolist() == [3]
    assert full["category/tea"].values["recall_at_9"].item() == 1.0
    assert full["all"].values["recall_at_9"][full["all"].users == 3].item() == 1.0


def test_a_slice_that_is_told_holds_what_of_it_was_truly_taken_and_nothing_that_is_empty() -> None:
    told = {"channel/web": pairs([(0, 0), (3, 4), (2, 2)]), "channel/app": pairs([(5, 5)])}
    asked = examination(TAKEN, graph(), 5, told=told)
    assert asked.relevant["channel/web"].T.tolist() == [[0, 0], [3, 4]]
    assert set(asked.relevant) == {"all", "new", "channel/web"}
