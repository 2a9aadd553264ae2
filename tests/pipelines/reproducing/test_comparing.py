"""Then and now are the same to a millionth, or it is told how far they are apart."""

from __future__ import annotations

import math
from dataclasses import replace

import pandas as pd
import pytest
import torch

from models.state import State
from pipelines.reproducing.comparing import Number, Pair, compare_numbers, largest_difference
from pipelines.reproducing.reproduce import Reproduction
from pipelines.reproducing.wording import in_words, tabulate

SAME = Pair("h1", "h1")
DONE = Reproduction(
    version="2",
    line=("2",),
    graph_at_cut=SAME,
    graph_at_end=SAME,
    state=SAME,
    apart=0.0,
    verdict=Pair("PASS", "PASS"),
    numbers=(Number("candidate/all/ndcg_at_20", 0.4, 0.4),),
    only_one=(),
    notes=(),
)


def state(*values: float, name: str = "gate") -> State:
    return State(kind="toy", format=1, settings={}, tensors={name: torch.tensor(values)}, tables={"t": pd.DataFrame()})


@pytest.mark.parametrize(
    ("now", "same"), [(0.4, True), (0.4000009, True), (0.4000011, False), (0.3999989, False), (math.nan, False)]
)
def test_a_number_is_the_same_to_a_millionth_and_nan_never_is(now: float, same: bool) -> None:
    assert Number("candidate/all/ndcg_at_20", 0.4, now).same is same


def test_what_tells_of_the_machine_or_of_later_days_is_not_compared_and_names_of_one_side_are_told() -> None:
    then = {"candidate/all/ndcg": 0.1, "cost/fit_cpu_seconds": 3.0, "model/latency_ms": 2.0, "champion/all/ndcg": 0.2}
    then |= {"realised/ndcg_at_20/champion": 0.3, "realised/users": 405.0, "shadow/loss": 0.01}
    both, only_one = compare_numbers(then, {"candidate/all/ndcg": 0.1, "cost/fit_cpu_seconds": 9.0, "ials/all/ndcg": 1})
    assert [each.name for each in both] == ["candidate/all/ndcg"]
    assert only_one == ["champion/all/ndcg", "ials/all/ndcg"]


def test_weights_are_as_far_apart_as_their_farthest_number() -> None:
    assert largest_difference(state(1.0, 2.0), state(1.0, 2.5)) == 0.5
    assert largest_difference(state(), state()) == 0.0
    assert largest_difference(state(1.0), state(1.0, 2.0)) is None
    assert largest_difference(state(1.0), state(1.0, name="other")) is None
    assert largest_difference(state(1.0), state(math.nan)) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"graph_at_cut": Pair("h1", "h2")},
        {"graph_at_end": Pair(None, "h2")},
        {"numbers": (Number("candidate/all/ndcg_at_20", 0.4, 0.5),)},
        {"numbers": ()},
        {"only_one": ("champion/all/ndcg_at_20",)},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_whatever_differs_is_no_reproduction(changes: dict[str, object]) -> None:
    assert DONE.same
    assert not replace(DONE, **changes).same  # type: ignore[arg-type]
    assert "NOT reproduced" in "\n".join(in_words(replace(DONE, **changes)))  # type: ignore[arg-type]


def test_numbers_of_one_side_are_counted() -> None:
    told = list(in_words(replace(DONE, only_one=("champion/all/ndcg_at_20",))))
    assert told[-1].endswith("; 1 number of one side alone")


def test_other_weights_that_rank_alike_are_told_and_no_failure() -> None:
    assert replace(DONE, state=Pair("s1", "s2"), apart=3e-8).same


def test_the_table_has_a_row_for_each_family_of_numbers() -> None:
    smaller = Number("candidate/all/ndcg_at_5", 0.2, 0.2)
    numbers = (smaller, *DONE.numbers, Number("ials/all/ndcg_at_20", 0.3, 0.31), Number("gate/ndcg_lift", 0.1, 0.1))
    table = tabulate(replace(DONE, numbers=numbers))
    told = list(table.columns[0].cells)
    assert told[4:] == ["candidate, 2 numbers (NDCG@20)", "gate, 1 number", "ials, 1 number (NDCG@20)"]
    assert list(table.columns[1].cells)[4] == "0.400000"
    assert list(table.columns[3].cells)[-1] == "NO, 1.0e-02: ials/all/ndcg_at_20"
