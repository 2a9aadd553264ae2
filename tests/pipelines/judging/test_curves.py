"""Pictures of a fit show every curve, and curves that belong together in one plot."""

from __future__ import annotations

from pipelines.judging.curves import draw_curves


def test_curves_that_differ_in_the_last_word_share_a_plot_and_no_empty_plot_is_drawn() -> None:
    curves = {"loss": [3.0, 2.0], "weight_a": [1.0, 1.1], "weight_b": [0.5, 0.4], "best_ever": [1.0, 2.0], "x": [0.0]}
    drawn = [axis for axis in draw_curves(curves).axes if axis.axison]
    assert [axis.get_title() for axis in drawn] == ["loss", "weight", "best_ever", "x"]
    assert [len(axis.lines) for axis in drawn] == [1, 2, 1, 1]
    assert [text.get_text() for text in drawn[1].get_legend().get_texts()] == ["a", "b"]
