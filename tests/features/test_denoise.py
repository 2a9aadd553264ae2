"""Denoising: a planted bot is found and told why; people are left alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from features.denoise import LEAST_USERS, find_noise, robust_scores
from features.graph import InterestGraph
from features.hetero import to_hetero
from tests.features.shop import START, blank, events, fold_days

DAYS, SCORE = 56, 3.5


def people(number: int, *, seed: int = 3) -> pd.DataFrame:
    """Events of `number` users who come a few times a day, mostly for what they had before."""
    rng = np.random.default_rng(seed)
    rows = []
    for user in range(number):
        favourites = rng.integers(0, 300, size=int(rng.integers(15, 40)))
        for _ in range(int(rng.integers(150, 250))):
            item = favourites[int(len(favourites) * rng.random() ** 2)] if rng.random() < 0.8 else rng.integers(0, 300)
            rows.append((f"u{user:03d}", f"i{item}", float(rng.random() * DAYS)))
    return events(*sorted(rows, key=lambda row: row[2]))


def bot(name: str = "bot") -> pd.DataFrame:
    """Six hundred pages in four bursts, one every two seconds, hardly one twice."""
    pages = [(name, f"i{page % 290}", 10 * (page // 150) + (page % 150) * 2 / 86_400) for page in range(600)]
    return events(*pages, first=1_000_000)


def even(name: str = "eve") -> pd.DataFrame:
    """Seventy things, bought once each, at a person's pace."""
    return events(*[(name, f"i{item}", item * 0.8) for item in range(70)], first=2_000_000)


def shop(*parts: pd.DataFrame) -> InterestGraph:
    return fold_days(blank(7, 112), pd.concat(parts, ignore_index=True), as_of_day=DAYS)


def with_score(graph: InterestGraph, score: float) -> InterestGraph:
    return replace(graph, rules=replace(graph.rules, noise_score=score))


def seen_users(graph: InterestGraph) -> set[str]:
    rows = to_hetero(graph)["user", "interacts", "item"].edge_index[0].unique().numpy()
    return set(graph.users["user_id"].iloc[rows])


def test_a_planted_bot_is_left_out_and_told_why() -> None:
    graph = with_score(shop(people(80), bot()), SCORE)
    told = find_noise(graph, SCORE).told
    assert told["left_out"].tolist() == ["user"]
    assert graph.users["user_id"].iloc[told["user_row"]].tolist() == ["bot"]
    (reason,) = told["reason"]
    assert "acts 20.0 times a day" in reason and "at the next item after 2.0 s" in reason
    assert told["score"].item() > SCORE
    assert seen_users(graph) == set(graph.users["user_id"]) - {"bot"}


def test_who_is_left_out_keeps_row_and_edges_and_stays_active() -> None:
    graph = shop(people(80), bot())
    cleaned = with_score(graph, SCORE)
    assert cleaned.users.equals(graph.users)
    assert cleaned.edge_table("user_item").equals(graph.edge_table("user_item"))
    assert to_hetero(cleaned)["user"].num_nodes == graph.count("user")
    assert to_hetero(cleaned)["user"].active.all()


def test_edges_that_are_all_alike_are_left_out_but_the_user_is_no_bot() -> None:
    graph = with_score(shop(people(80), even()), SCORE)
    noise = find_noise(graph, SCORE)
    assert noise.told["left_out"].tolist() == ["edges to items"]
    assert "spreads weight over items almost evenly" in noise.told["reason"].item()
    assert not noise.users.any()
    assert "eve" not in seen_users(graph)


def test_a_bot_goes_with_its_queries_and_follows() -> None:
    asked = bot().assign(item_id=None, query="tea", event_type="search", event_id=lambda rows: "q" + rows["event_id"])
    followed = bot().head(1).assign(item_id=None, target_user_id="u001", event_type="follow", event_id="f")
    graph = with_score(shop(people(80), bot(), asked.head(2), followed), SCORE)
    seen = to_hetero(graph)
    assert seen["user", "asks", "query"].edge_index.shape[1] == 0
    assert seen["user", "follows", "user"].edge_index.shape[1] == 0
    assert to_hetero(with_score(graph, 0))["user", "follows", "user"].edge_index.shape[1] == 1


@pytest.mark.parametrize("seed", range(4))
def test_nobody_is_left_out_of_an_honest_shop(seed: int) -> None:
    assert find_noise(shop(people(80, seed=seed)), SCORE).told.empty


def test_nobody_is_left_out_where_few_can_be_compared() -> None:
    assert find_noise(shop(people(LEAST_USERS - 5), bot()), SCORE).told.empty


def test_nobody_is_left_out_of_an_empty_graph_or_by_default() -> None:
    assert find_noise(blank(), SCORE).told.empty
    graph = shop(people(80), bot())
    assert graph.rules.noise_score == 0
    assert "bot" in seen_users(graph)


def test_newcomers_are_not_judged() -> None:
    """Everything is new to them, and all of it is one visit."""
    first_visit = bot("new").head(40)
    graph = shop(people(80), first_visit)
    assert find_noise(graph, SCORE).told.empty


def test_scores_are_deviations_from_the_median_that_outliers_do_not_move() -> None:
    values = np.r_[np.arange(101.0), 1e9]
    scores = robust_scores(values)
    assert scores[50] == pytest.approx(-0.5 / (1.4826 * 25.5))
    assert robust_scores(np.r_[np.arange(101.0), 1e12])[:101] == pytest.approx(scores[:101])


def test_nobody_stands_out_where_half_are_alike() -> None:
    assert (robust_scores(np.r_[np.ones(60), 1e6]) == 0).all()
    assert (robust_scores(np.r_[0.1 + np.arange(60) * 1e-17, 1e6]) == 0).all()


def test_what_is_not_known_scores_nothing_and_is_no_company() -> None:
    assert (robust_scores(np.r_[np.full(100, np.nan), np.arange(49.0)]) == 0).all()
    assert robust_scores(np.r_[np.nan, np.arange(60.0)])[0] == 0


def test_the_same_graph_tells_the_same_twice() -> None:
    graph = shop(people(80), bot())
    assert find_noise(graph, SCORE).told.equals(find_noise(graph, SCORE).told)
    assert graph.as_of == int((START + pd.Timedelta(days=DAYS)).timestamp() * 1e6)
