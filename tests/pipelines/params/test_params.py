"""params.yaml: read once, typed, and strangers are named."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from pipelines.errors import ParamsError
from pipelines.params.file import read_params
from pipelines.settings import ROOT


def changed(folder: Path, section: str, **values: object) -> Path:
    """The repository's params with one section changed."""
    content = yaml.safe_load((ROOT / "params.yaml").read_text())
    content[section] |= values
    path = folder / "params.yaml"
    path.write_text(yaml.safe_dump(content))
    return path


def test_the_shipped_params_are_valid() -> None:
    assert read_params(ROOT / "params.yaml").gate.settings().rules[1].bound == 0.015


def test_a_mistyped_key_is_named_with_the_nearest_known_one(tmp_path: Path) -> None:
    with pytest.raises(ParamsError, match=r"unknown key gate\.confidenc[\s\S]*did you mean confidence\?"):
        read_params(changed(tmp_path, "gate", confidenc=0.9))


def test_an_unknown_section_is_named(tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    path.write_text((ROOT / "params.yaml").read_text() + "\nfti: {}\n")
    with pytest.raises(ParamsError, match=r"unknown key fti[\s\S]*did you mean fit\?"):
        read_params(path)


@pytest.mark.parametrize(
    ("section", "values", "told"),
    [
        ("fit", {"epochs": 0}, "fit.epochs"),
        ("fit", {"epochs": "three"}, "fit.epochs"),
        ("evaluate", {"holdout": 3}, "evaluate.holdout"),
        ("window", {"length": "36h"}, "window.length"),
        ("refresh", {"half_lives": ["21d", "7d"]}, "refresh.half_lives"),
        ("refresh", {"event_weights": {"purchase": 1.0}}, "refresh.event_weights"),
        ("gate", {"confidence": float("nan")}, "gate.confidence"),
        ("plan", {"mode": "sometimes"}, "plan.mode"),
        ("collect", {"connector": "kafka"}, "collect.connector"),
        ("fit", {"epochs": True}, "fit.epochs"),
        ("fit", {"seed": -1}, "fit.seed"),
        ("fit", {"seed": 2**32}, "fit.seed"),
        ("fit", {"factors": 10**9}, "fit.factors"),
        ("fit", {"replay_rows": 10**23}, "fit.replay_rows"),
        ("fit", {"als_half_life": "20d"}, "fit.als_half_life is not one of"),
        ("fit", {"hop_half_life": "20d"}, "fit.hop_half_life is not one of"),
        ("fit", {"again": 1}, "fit.again = 1: write true or false"),
        ("fit", {"walk_power": 0.5}, "fit.walk_power is above 0 and fit.near_power is not"),
        ("fit", {"row_scale": "none"}, "fit.row_scale"),
        ("evaluate", {"holdout": "8d"}, "evaluate.holdout is longer"),
        ("gate", {"rules": [{"metric": "ndcg_at_21", "floor": 0.1}]}, "gate.rules.0 names ndcg_at_21"),
        ("gate", {"rules": [{"metric": "ndcg_at_20"}]}, "needs exactly one of floor"),
        ("gate", {"rules": [{"metric": "ndcg_at_20", "floor": 0.1, "ceiling": 0.2}]}, "it has floor, ceiling"),
        ("gate", {"rules": [{"metric": "ndcg_at_20", "not_worse_than": "champion"}]}, "needs a margin"),
        ("gate", {"rules": [{"metric": "ndcg_at_20", "floor": 0.1, "margin": 0.1}]}, "a floor has no margin"),
        ("gate", {"rules": [{"metric": "ndcg_at_20", "floor": 0.1, "needs": "no_harm"}]}, "is a plain bound"),
        ("gate", {"rules": [{"metric": "ndcg_at_20", "floor": float("nan")}]}, "gate.rules.0.floor"),
        ("gate", {"rules": [{"metric": "ndcg_at_20", "better_than": "everybody"}]}, "gate.rules.0.better_than"),
        ("gate", {"rules": [{"metric": "forgetting", "better_than": "best_baseline"}]}, "of a model as a whole"),
        ("gate", {"rules": [{"metric": "coverage_at_20", "slice": "price/*", "gap": 0.1}]}, "a gap is told of"),
        ("gate", {"rules": [{"metric": "ndcg_at_20", "floor": 0.1, "severity": "warning"}]}, "without a blocking rule"),
        ("gate", {"rules": []}, "without a blocking rule"),
        ("promote", {"cool_down": 7}, "promote.cool_down = 7"),
        ("promote", {"freeze": [{"from": "2026-12-31", "to": "2026-12-01", "reason": "x"}]}, "before it begins"),
        ("promote", {"freeze": [{"from": "2026-12-01", "to": "2026-12-31"}]}, "promote.freeze.0.reason"),
        ("promote", {"freeze": [{"from": "2026-12-01", "to": "2026-12-31", "reason": ""}]}, "promote.freeze.0.reason"),
        ("promote", {"freeze": [{"form": "2026-12-01"}]}, "unknown key promote.freeze.0.form"),
        ("promote", {"freeze": [{"from": "Christmas", "to": "2026-12-31", "reason": "x"}]}, "promote.freeze.0.from"),
    ],
)
def test_a_wrong_value_is_named_by_its_path(tmp_path: Path, section: str, values: dict, told: str) -> None:
    with pytest.raises(ParamsError, match=re.escape(told)):
        read_params(changed(tmp_path, section, **values))


def test_a_missing_file_and_broken_yaml_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(ParamsError, match="cannot be read"):
        read_params(tmp_path / "none.yaml")
    (tmp_path / "bad.yaml").write_text("gate: [")
    with pytest.raises(ParamsError, match="no YAML"):
        read_params(tmp_path / "bad.yaml")


@pytest.mark.parametrize(
    ("text", "told"), [("", "is empty"), ("- fit", "no sections"), ("fit: 1\nfit: 2", "'fit' is given twice")]
)
def test_a_file_that_says_nothing_or_a_thing_twice_is_refused(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "odd.yaml").write_text(text)
    with pytest.raises(ParamsError, match=told):
        read_params(tmp_path / "odd.yaml")


def test_params_cannot_be_changed_after_reading() -> None:
    params = read_params(ROOT / "params.yaml")
    with pytest.raises(ValueError, match="frozen"):
        params.fit.epochs = 1  # type: ignore[misc]
