"""The ego picture: names do not run into each other, and files come whole."""

from __future__ import annotations

import base64
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.ego import Interest
from pipelines.graph_views.drawing import embedded, lettering
from pipelines.graph_views.picture import draw_ego, recent_share, short_name, spread


def interest(name: str, short: float, long: float) -> Interest:
    return Interest("category", name, short, long, {"purchase": 1}, 0, 1)


@given(st.lists(st.floats(-1.25, 1.25), min_size=1, max_size=14).map(sorted))
def test_names_lie_apart_and_keep_their_order(heights: list[float]) -> None:
    placed = spread(heights, 0.22)
    assert all(above - below >= 0.22 - 1e-9 for below, above in itertools.pairwise(placed))
    assert sum(placed) == pytest.approx(sum(heights), abs=1e-9)


def test_an_interest_all_of_late_is_recent_and_an_old_one_lasting() -> None:
    assert recent_share(interest("tea", 0.9, 1.0)) > 0.9
    assert recent_share(interest("tea", 0.0, 1.0)) == 0.0
    assert recent_share(interest("tea", 0.0, 0.0)) == 0.0


def test_a_long_name_is_cut_and_a_short_one_is_not() -> None:
    assert short_name("tea") == "tea"
    assert short_name("a tea from the north side of the hill", 12) == "a tea from…"


@pytest.mark.parametrize("many", [0, 1, 40])
def test_a_user_with_any_number_of_interests_is_drawn(many: int) -> None:
    found = {kind: [interest(f"{kind} {n}", 0.5, 9.0) for n in range(many)] for kind in ("category", "item")}
    figure = draw_ego("ann", found, {"2024-01-07": [1.0] * min(many, 5)}, "2024-01-14")
    names = [text.get_text() for text in figure.axes[0].texts]
    assert names.count("ann") == 1
    assert len(names) == 1 + 2 * min(many, 6)


def test_a_page_spells_what_no_font_here_may_have_and_is_the_same_again() -> None:
    pages = []
    for _ in range(2):
        with lettering():
            pages.append(embedded(draw_ego("ann", {"query": [interest("衬衫", 0.5, 1.0)]}, {}, "2024-01-14")))
    assert "衬衫" in base64.b64decode(pages[0].partition(",")[2]).decode()
    assert pages[0] == pages[1]
