"""What params.yaml says about the fit reaches the flagship."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import Any, get_args, get_type_hints

import pytest

from models.flagship.settings import GRAPH_LAYERS, ROW_SCALES
from pipelines.judging.ranker import make_candidate
from pipelines.params.file import read_params
from pipelines.params.learning import FitParams
from pipelines.settings import ROOT

FIT = read_params(ROOT / "params.yaml").fit
OTHER: dict[str, Any] = {
    "again": False,
    "text": True,
    "demographics": True,
    "row_scale": "mean",
    "graph_layer": "interest_sum",
}


def test_params_offer_what_the_settings_know() -> None:
    offered = {name: get_args(get_type_hints(FitParams)[name]) for name in ("row_scale", "graph_layer")}
    assert offered == {"row_scale": ROW_SCALES, "graph_layer": GRAPH_LAYERS}


SPANS = ("als_half_life", "hop_half_life")


@pytest.mark.parametrize("name", [name for name in type(FIT).model_fields if name not in ("slices", *SPANS)])
def test_a_changed_key_of_fit_changes_the_setting_of_its_name(name: str) -> None:
    value = OTHER[name] if name in OTHER else getattr(FIT, name) + 1
    # walks need nearness beside them
    ranker: Any = make_candidate(FIT.model_copy(update={"near_power": 1.0, name: value}))
    assert asdict(ranker.settings)[name] == value


@pytest.mark.parametrize("name", SPANS)
def test_a_half_life_of_fit_reaches_the_setting_of_its_name_in_days(name: str) -> None:
    ranker: Any = make_candidate(FIT.model_copy(update={name: timedelta(days=56)}))
    assert {other: getattr(ranker.settings, other) == 56.0 for other in SPANS} == {
        other: other == name for other in SPANS
    }
