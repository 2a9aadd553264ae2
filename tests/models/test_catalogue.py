"""The catalogue finds classes by kind, and lets a test or a plug-in add its own."""

from __future__ import annotations

import pytest
import torch

from models import catalogue
from models.baselines.popularity import Popularity
from models.catalogue import RECOMMENDERS, rebuild, recommender_class, register
from models.state import State
from tests.models.toy import shop


class Sabotaged(Popularity):
    """Another kind, made of a known one."""

    kind = "sabotaged"


@pytest.fixture(autouse=True)
def own_catalogue(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogue, "RECOMMENDERS", dict(RECOMMENDERS))


@pytest.mark.parametrize("kind", RECOMMENDERS)
def test_each_kind_leads_to_the_class_that_bears_it(kind: str) -> None:
    assert recommender_class(kind).kind == kind


def test_an_unknown_kind_is_refused_with_those_there_are() -> None:
    with pytest.raises(ValueError, match=f"'oracle'; there are {', '.join(sorted(RECOMMENDERS))}"):
        rebuild(State("oracle", {}), shop())


def test_a_registered_kind_is_rebuilt_from_its_state() -> None:
    register("sabotaged", Sabotaged)
    rebuilt = rebuild(State("sabotaged", {"half_life": 21.0}), shop())
    assert type(rebuilt) is Sabotaged
    assert rebuilt.recommend(torch.tensor([0]), 1).items.tolist() == [[0]]


def test_a_taken_kind_is_replaced_only_on_purpose() -> None:
    with pytest.raises(ValueError, match="'popularity' is taken"):
        register("popularity", Sabotaged)
    register("popularity", Sabotaged, replace=True)
    assert recommender_class("popularity") is Sabotaged
