"""Candidate and champion side by side, baselines beside them, and both on every slice."""

from __future__ import annotations

import math
from typing import Any

from models.gates.wording import metric_name
from models.metric_names import known_metrics
from pipelines.dossier.material import Material
from pipelines.dossier.outcome import NOTHING_JUDGED, champion_rule

CANDIDATE, CHAMPION = "candidate", "champion"
FIRST = "This is the first model: there is no champion to compare with."
_ON_BOTH = ("ndcg", "recall", "hit_rate", "map")
_ON_ALL = (
    "coverage",
    "novelty",
    "diversity",
    "popularity_lift",
    "personalisation",
    "category_divergence",
    "score_error",
)
_OF_MODELS = ("forgetting", "backward_transfer", "latency_ms", "size_mb")
_WITH_UNITS = {"latency_ms": "latency, ms", "size_mb": "size, MB"}


def tell_comparison(material: Material) -> dict[str, Any]:
    """`models` in order, and `rows`: `part` (all, new, model), metric, each model's value, candidate − champion, its
    bounds where a rule has them, and whether that is `better`, `worse` or the `same`."""
    result = material.result("evaluate")
    means, numbers = result.get("metrics") or {}, result.get("numbers") or {}
    models = [name for name in (CANDIDATE, CHAMPION) if name in means] + [
        name for name in means if name not in (CANDIDATE, CHAMPION)
    ]
    wanted = [
        *((part, f"{name}_at_{material.k}") for part in ("all", "new") for name in _ON_BOTH),
        *(("all", f"{name}_at_{material.k}") for name in _ON_ALL),
        *(("model", name) for name in _OF_MODELS),
    ]
    rows = []
    for part, metric in wanted:
        of = numbers if part == "model" else {model: parts.get(part, {}) for model, parts in means.items()}
        values = {model: _number(of.get(model, {}).get(metric)) for model in models}
        if any(value is not None for value in values.values()):
            rows.append(_row(part, metric, values, material))
    note = NOTHING_JUDGED if not models else FIRST if CHAMPION not in models else None
    return {"note": note, "models": models, "rows": rows}


def tell_slices(material: Material) -> dict[str, Any]:
    """`rows`: what each rule against the champion found of a user metric on each slice, the main metric first."""
    rows = [
        {
            "slice": rule.get("slice"),
            "metric": rule.get("metric"),
            "name": metric_name(rule["metric"]),
            "candidate": rule.get("ours"),
            "champion": rule.get("theirs"),
            "difference": rule["value"],
            "lower": rule["lower"],
            "upper": rule["upper"],
            "threshold": rule.get("threshold"),
            "n_users": rule.get("n_users"),
            "judged": rule["outcome"] != "REPORTED",
            "outcome": rule["outcome"],
        }
        for rule in material.verdict.get("rules") or []
        if _is_of_slice(rule)
    ]
    rows.sort(key=lambda row: (row["metric"] != material.ndcg, row["metric"], _place(row["slice"])))
    return {"note": None if rows else _no_slices(material), "rows": rows}


def _is_of_slice(rule: dict[str, Any]) -> bool:
    whole = all(_number(rule.get(name)) is not None for name in ("value", "lower", "upper"))
    named = rule.get("metric") is not None and rule.get("slice") is not None
    return whole and named and rule.get("rival") == CHAMPION


def _no_slices(material: Material) -> str:
    if not material.verdict:
        return NOTHING_JUDGED
    return FIRST if material.base is None else "No rule compares the candidate with the champion on slices."


def _place(name: str) -> tuple[int, str]:
    return {"all": 0, "new": 1}.get(name, 2), name


def _row(part: str, metric: str, values: dict[str, float | None], material: Material) -> dict[str, Any]:
    about = known_metrics(material.k)[metric]
    ours, theirs = values.get(CANDIDATE), values.get(CHAMPION)
    difference = None if ours is None or theirs is None else ours - theirs
    lower, upper = _bounds(part, metric, about.lower_is_better, material)
    return {
        "part": part,
        "metric": metric,
        "name": _WITH_UNITS.get(metric) or metric_name(metric),
        "means": about.means,
        "lower_is_better": about.lower_is_better,
        "values": values,
        "difference": difference,
        "lower": lower,
        "upper": upper,
        "change": _change(difference, about.lower_is_better),
        "shown": None if lower is None or upper is None else lower > 0 or upper < 0,
    }


def _bounds(part: str, metric: str, lower_is_better: bool, material: Material) -> tuple[float | None, float | None]:
    """Of candidate − champion; rules turn theirs so that more is better."""
    rule = champion_rule(material, metric, part) or {}
    lower, upper = _number(rule.get("lower")), _number(rule.get("upper"))
    if lower is None or upper is None:
        return None, None
    return (-upper, -lower) if lower_is_better else (lower, upper)


def _change(difference: float | None, lower_is_better: bool) -> str | None:
    if difference is None:
        return None
    if difference == 0:
        return "same"
    return "better" if (difference < 0) == lower_is_better else "worse"


def _number(value: Any) -> float | None:
    """None for what is no finite number."""
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None
