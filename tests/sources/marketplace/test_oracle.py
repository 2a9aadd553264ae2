"""The truth ranks best: its probabilities come true, and no ranking from the data alone does better."""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sources.connector import SourceFault
from sources.marketplace.oracle import Oracle, mean_ndcg
from sources.marketplace.sessions import FAVOURITES, favourites
from sources.marketplace.writing import SETTINGS, read_world
from tests.sources.marketplace.worlds import START, WEEK, history, quiet, world

AS_OF = START + 3 * WEEK


@cache
def oracle() -> Oracle:
    return Oracle(quiet())


@cache
def everybody() -> np.ndarray:
    return oracle().probability(users(), AS_OF, WEEK)


def users() -> list[str]:
    return quiet().people.ids.to_pylist()


def bought() -> pd.DataFrame:
    """The distinct pairs of what was bought in the last week."""
    events = history(quiet()).query("event_type == 'purchase' and window == 3")
    return events[["user_id", "item_id"]].drop_duplicates()


def lists(items: pd.DataFrame) -> pd.DataFrame:
    """Items with a weight, by user, as lists."""
    ordered = items.sort_values(["user_id", "weight", "item_id"], ascending=[True, False, True])
    return ordered.assign(rank=ordered.groupby("user_id").cumcount() + 1)


def popular() -> pd.DataFrame:
    counts = history(quiet()).query("event_type == 'purchase' and window < 3")["item_id"].value_counts().head(20)
    top = pd.DataFrame({"item_id": counts.index.astype("str"), "weight": counts.to_numpy()})
    return lists(bought()[["user_id"]].drop_duplicates().merge(top, how="cross"))


def personal() -> pd.DataFrame:
    past = history(quiet()).query("window < 3 and event_type in ('view', 'cart', 'purchase')")
    weight = past["event_type"].map({"view": 0.2, "cart": 0.5, "purchase": 1.0}).astype(float)
    items = past.assign(weight=weight).groupby(["user_id", "item_id"], as_index=False)["weight"].sum()
    return lists(items)


def test_as_many_pairs_are_bought_as_the_probabilities_say() -> None:
    chances = everybody()
    spread = np.sqrt((chances * (1 - chances)).sum())
    assert len(bought()) == pytest.approx(chances.sum(), abs=4 * spread)


def test_what_is_said_to_be_likely_happens_as_often_as_said() -> None:
    user, item = ({each: row for row, each in enumerate(names)} for names in (users(), oracle().item_ids))
    happened = np.zeros(everybody().shape, bool)
    happened[bought()["user_id"].map(user), bought()["item_id"].map(item)] = True
    for low, high in ((0.01, 0.05), (0.05, 0.3), (0.3, 0.8), (0.8, 1.01)):
        here = (everybody() >= low) & (everybody() < high)
        chances = everybody()[here]
        spread = np.sqrt((chances * (1 - chances)).sum())
        assert here.any() and happened[here].sum() == pytest.approx(chances.sum(), abs=4 * spread + 1)


def test_favourites_are_bought_as_often_as_said_where_there_are_many_other_items() -> None:
    wide = world(users=400, items=5_000, days=14, events=80_000, clean=True)
    names, items = wide.people.ids.to_pylist(), wide.catalogue.ids.to_pylist()
    user = np.repeat(np.arange(400), FAVOURITES)
    item = favourites(wide, user, wide.people.slots[user, 1], np.tile(np.arange(FAVOURITES), 400))
    liked = np.zeros((400, 5_000), bool)
    liked[user, item] = True
    liked[wide.staples.user, wide.staples.item] = False
    chances = Oracle(wide).probability(names, START, 2 * WEEK)[liked]
    pairs = history(wide).query("event_type == 'purchase'")[["user_id", "item_id"]].drop_duplicates()
    who, what = (pd.Index(known).get_indexer(pairs[name]) for known, name in ((names, "user_id"), (items, "item_id")))
    spread = np.sqrt((chances * (1 - chances)).sum())
    assert liked[who, what].sum() == pytest.approx(chances.sum(), abs=3 * spread)


def test_the_best_ranking_beats_popularity_and_habit() -> None:
    ceiling = oracle().ceiling(bought(), AS_OF, WEEK)
    assert ceiling > mean_ndcg(personal(), bought(), k=20) + 0.05 > mean_ndcg(popular(), bought(), k=20) + 0.1


def test_the_ceiling_is_what_the_probabilities_lead_one_to_expect() -> None:
    expected = oracle().expected_ndcg(users(), AS_OF, WEEK, draws=10)
    assert oracle().ceiling(bought(), AS_OF, WEEK) == pytest.approx(expected, abs=0.05)


def test_a_ranking_is_by_falling_probability_without_a_repeat() -> None:
    ranking = oracle().ranking(users()[:5], AS_OF, timedelta(days=3), k=10)
    assert list(ranking["rank"]) == [*range(1, 11)] * 5
    assert not ranking.duplicated(["user_id", "item_id"]).any()
    assert (ranking.groupby("user_id")["probability"].diff().dropna() <= 0).all()


def test_longer_horizons_are_likelier_and_none_is_impossible() -> None:
    short, long = (oracle().probability(users()[:50], AS_OF, timedelta(days=days)) for days in (2, 5))
    assert (long >= short - 1e-12).all()
    assert not oracle().probability(users()[:50], AS_OF, timedelta(0)).any()


def test_a_repeat_purchase_that_has_just_happened_is_not_expected_at_once() -> None:
    staples = quiet().staples
    row = int(staples.due(10, 0.0, 0.5)[0][0])
    user, item = users()[staples.user[row]], int(staples.item[row])
    period = float(staples.period[row])
    soon = timedelta(days=min(period / 4, 3))
    before = oracle().probability([user], START + timedelta(days=10), soon)[0, item]
    after = oracle().probability([user], START + timedelta(days=10.9), soon)[0, item]
    assert before > 0.4 > after


def test_the_truth_of_a_written_simulation_is_that_of_its_world(tmp_path: Path) -> None:
    with pytest.raises(SourceFault, match="no simulation"):
        read_world(tmp_path)
    (tmp_path / SETTINGS).parent.mkdir()
    (tmp_path / SETTINGS).write_text(quiet().settings.model_dump_json(), encoding="utf-8")
    again = Oracle(read_world(tmp_path)).probability(users()[:20], AS_OF, WEEK)
    np.testing.assert_array_equal(again, oracle().probability(users()[:20], AS_OF, WEEK))


def test_a_user_whom_nobody_knows_is_named() -> None:
    with pytest.raises(SourceFault, match="nobody"):
        oracle().probability(["nobody"], AS_OF, WEEK)


@pytest.mark.parametrize(("place", "gain"), [(1, 1.0), (3, 0.5), (7, 1 / 3)])
def test_ndcg_of_a_single_hit_is_the_discount_of_its_place(place: int, gain: float) -> None:
    ranking = pd.DataFrame({"user_id": "u", "rank": range(1, 11), "item_id": [f"i{row}" for row in range(1, 11)]})
    held_out = pd.DataFrame({"user_id": ["u"], "item_id": [f"i{place}"]})
    assert mean_ndcg(ranking, held_out, k=10) == pytest.approx(gain)
