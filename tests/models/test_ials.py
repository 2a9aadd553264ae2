"""iALS against a dense solution of its own objective, and its way of going on from old factors."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
import torch
from scipy.sparse import csr_matrix

from models.baselines.ials import Ials
from models.factorisation import Factors, factorise
from models.ranking import interest_matrix
from tests.models.toy import AS_OF, DAY_US, N_ITEMS, N_USERS, lessons, purchases, shop

SETTINGS: dict[str, Any] = {"factors": 4, "regularization": 0.1, "alpha": 5.0, "seed": 7}


def interests() -> csr_matrix:
    return interest_matrix(shop(), 21.0)


def ials(**settings: Any) -> Ials:
    recommender = Ials(**{**SETTINGS, "half_life": 21.0, "iterations": 20, **settings})
    recommender.fit([], shop())
    return recommender


def loss(matrix: csr_matrix, factors: Factors) -> float:
    """The objective of the docstring, dense."""
    weights = matrix.toarray()
    wanted, confidence = (weights > 0).astype(float), np.where(weights > 0, SETTINGS["alpha"] * weights, 1.0)
    errors = confidence * (wanted - factors[0] @ factors[1].T) ** 2
    return float(errors.sum() + SETTINGS["regularization"] * sum((part**2).sum() for part in factors))


def solved_users(matrix: csr_matrix, items: np.ndarray) -> np.ndarray:
    """The users' factors that minimise the objective for given `items`, by dense normal equations."""
    rows = []
    for weights in matrix.toarray():
        confidence = np.where(weights > 0, SETTINGS["alpha"] * weights, 1.0)
        system = items.T @ (confidence[:, None] * items) + SETTINGS["regularization"] * np.eye(items.shape[1])
        rows.append(np.linalg.solve(system, items.T @ (confidence * (weights > 0))))
    return np.array(rows)


def test_the_factors_solve_the_normal_equations_of_the_objective() -> None:
    users, items = factorise(interests(), **SETTINGS, iterations=200)
    assert users == pytest.approx(solved_users(interests(), items.astype(float)), abs=2e-3)


def test_every_further_iteration_lowers_the_loss() -> None:
    losses = [loss(interests(), factorise(interests(), **SETTINGS, iterations=n)) for n in (1, 2, 4, 8)]
    assert losses == sorted(losses, reverse=True)


def test_iterations_may_be_made_in_two_goes() -> None:
    first = factorise(interests(), **SETTINGS, iterations=3)
    going_on = factorise(interests(), **SETTINGS, iterations=2, start=first)
    for ours, theirs in zip(going_on, factorise(interests(), **SETTINGS, iterations=5), strict=True):
        assert np.array_equal(ours, theirs)


def test_a_start_is_left_as_it_was_and_new_rows_are_learned() -> None:
    old = csr_matrix(interests()[:5, :8])
    start = factorise(old, **SETTINGS, iterations=10)
    kept = [part.copy() for part in start]
    users, items = factorise(interests(), **SETTINGS, iterations=1, start=start)
    assert all(np.array_equal(part, copy) for part, copy in zip(start, kept, strict=True))
    assert (users.shape, items.shape) == ((6, 4), (9, 4))
    assert np.abs(users[5]).max() > 0.05
    assert (items[8] == 0).all()  # never bought


def test_a_start_that_does_not_fit_is_refused() -> None:
    start = factorise(interests(), **SETTINGS, iterations=1)
    with pytest.raises(ValueError, match=r"\[6, 4\] cannot start a factorisation of \[5, 4\]"):
        factorise(csr_matrix(interests()[:5]), **SETTINGS, iterations=1, start=start)
    with pytest.raises(ValueError, match=r"\[6, 4\] cannot start a factorisation of \[6, 8\]"):
        factorise(interests(), **{**SETTINGS, "factors": 8}, iterations=1, start=start)


def test_factors_that_are_not_finite_are_refused() -> None:
    broken = interests()
    broken.data[0] = np.inf
    with pytest.raises(ValueError, match="not finite"):
        factorise(broken, **SETTINGS, iterations=2)


def test_learning_is_silent(capfd: pytest.CaptureFixture[str]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        factorise(interests(), **SETTINGS, iterations=2)
    assert capfd.readouterr() == ("", "")


def test_an_update_learns_what_was_bought_since() -> None:
    recommender, bought = ials(warm_iterations=3), purchases() | {(0, 4): [0.1] * 6, (0, 5): [0.1] * 6}
    before = float(recommender.recommend(torch.tensor([0]), N_ITEMS).scores[0, 0])
    recommender.update(lessons()[-1:], shop(bought, as_of=AS_OF + 7 * DAY_US))
    found = recommender.recommend(torch.tensor([0]), N_ITEMS)
    scores = dict(zip(found.items[0].tolist(), found.scores[0].tolist(), strict=True))
    assert scores[4] > 0.4 * before


def test_a_row_born_since_the_learning_scores_nothing() -> None:
    recommender = ials()
    recommender.stand_on(shop(users=N_USERS + 1, items=N_ITEMS + 1))
    assert recommender.recommend(torch.tensor([N_USERS]), 3).scores.tolist() == [[0.0] * 3]


def test_a_graph_that_lost_rows_is_refused() -> None:
    with pytest.raises(ValueError, match="fewer than the"):
        ials().stand_on(shop({(0, 0): [1.0]}, users=2, items=9))


def test_nothing_learned_is_said() -> None:
    untrained = Ials(**SETTINGS, half_life=21.0, iterations=1)
    for ask in (untrained.state, lambda: untrained.stand_on(shop()), lambda: untrained.update([], shop())):
        with pytest.raises(ValueError, match="fit it first"):
            ask()


def test_a_converged_score_is_explained_by_the_own_items() -> None:
    table = ials(iterations=1000).explain(0, 3).set_index("channel")["value"]
    assert set(table.index) == {"item 0", "item 1", "item 2", "remainder"}
    assert abs(table["remainder"]) < 1e-4 * table.sum()
    assert table.drop("remainder").abs().max() > 0.2
