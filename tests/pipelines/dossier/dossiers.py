"""What an update leaves, small enough to look at: material for dossiers."""

from __future__ import annotations

from typing import Any

from pipelines.dossier.material import Material
from pipelines.lineage.facts import Facts
from pipelines.lineage.record import tie_together

CUT, END = "2024-02-09T00:00:00+00:00", "2024-02-11T00:00:00+00:00"
MEANS = {"ndcg_at_20": 0.30, "recall_at_20": 0.25, "popularity_lift_at_20": 2.0}


def material(*, airflow_run: str = "", tags: dict[str, str] | None = None, **changes: Any) -> Material:
    """An update that was promoted over version 1, with everything told; `changes` are fields of the material,
    `airflow_run` and the run's `tags` part of its lineage."""
    given = {**_FIELDS, "records": records(), **changes}
    facts = Facts(
        given["kind"],
        given["windows"],
        airflow_run=airflow_run,
        tags=tags or {"code_revision": "c0de", "git_commit": "5ea1"},
        params_digest="ab12",
        results={step: record["result"] for step, record in given["records"].items()},
    )
    return Material(**{"lineage": tie_together(facts), **given})


def records(**results: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """By step; `results` are merged into those of their steps."""
    steps = _results()
    for step, result in results.items():
        steps[step] = steps[step] | result
    return {step: {"result": result, "cpu_seconds": 1.5, "wall_seconds": 2.5} for step, result in steps.items()}


def rule(slice_name: str = "all", value: float = 0.01, **changes: Any) -> dict[str, Any]:
    """What the rule against the champion found, judged on 200 users and passed."""
    return {
        "name": f"champion: ndcg_at_20, {slice_name}", "outcome": "PASS", "reason": f"no worse on {slice_name}",
        "value": value, "lower": value - 0.02, "upper": value + 0.02, "threshold": -0.03, "n_users": 200,
        "metric": "ndcg_at_20", "slice": slice_name, "rival": "champion", "ours": 0.3, "theirs": 0.3 - value,
        "p_value": 0.01, "smallest_effect": 0.015, "severity": "blocking",
    } | changes  # fmt: skip


def verdict(outcome: str = "PASS", *rules: dict[str, Any], **changes: Any) -> dict[str, Any]:
    found = [*rules] or [rule(), rule("activity/busy", -0.01), rule("age_band/65+", n_users=9, outcome="REPORTED")]
    return {"outcome": outcome, "reasons": [each["reason"] for each in found], "warnings": [], "rules": found} | changes


def changed(user: str = "u1", title: str = "coffee") -> dict[str, Any]:
    return {"user_id": user, "overlap": 0.5, "ndcg_gained": 0.1, "came": [title], "went": ["tea"]}


_FIELDS: dict[str, Any] = {
    "window": "2024-02-04",
    "kind": "update",
    "windows": ("2024-02-04",),
    "window_end": END,
    "k": 20,
    "params": {"fit": {"factors": 8, "seed": 7}, "publish": {"k": 20}, "evaluate": {"slices": ["activity", "price"]}},
    "memory": {"2024-01-28": {"ndcg": 0.2, "first": 0.22, "best": 0.25}},
    "graph_words": ("gained most: coffee +1.00",),
}


def _results() -> dict[str, dict[str, Any]]:
    champion = MEANS | {"ndcg_at_20": 0.29, "popularity_lift_at_20": 1.5}
    models = {"candidate": MEANS, "champion": champion, "popularity": MEANS | {"ndcg_at_20": 0.1}}
    return {
        "validate": {"windows": {"2024-02-04": {
            "collected": {"events": 103}, "accepted": {"events": 100}, "quarantined": {"events": 3}, "late": {},
            "reasons": {"user-id-known": 3}, "warnings": ["events: pace-human (1 row breaks it)"],
        }}},
        "snapshot": {"tags": {"2024-02-04": "snapshot/2024-02-04"}, "digests": {"2024-02-04": "d1"}, "commit": "c1"},
        "refresh": {"delta": {"edges_born": 5}, "hashes": {"cut": "h1", "end": "h2"}, "note": "folded", "proof": None},
        "plan": {"mode": "incremental", "reason": "as asked", "run_id": "r1", "base": {"version": "1"}, "cut": CUT,
                 "update_key": "k1", "overtaken": False},
        "fit": {"device": "cpu", "state": "s1", "cpu_seconds": 1.0, "wall_seconds": 2.0},
        "evaluate": {
            "metrics": {model: {"all": means, "new": means} for model, means in models.items()},
            "slices": {model: {"activity/busy": means, "age_band/65+": means} for model, means in models.items()},
            "numbers": {"candidate": {"latency_ms": 2.0, "size_mb": 1.0, "forgetting": 0.05, "backward_transfer": 0.0},
                        "champion": {"latency_ms": 3.0}},
            "checks": [{"name": "behaviour: invariance", "outcome": "PASS", "reason": "0 of 100 got another list"}],
            "changes": {"mean_overlap": 0.9, "unchanged": 3, "won": 5, "lost": 4, "most_changed": [changed()],
                        "winners": [changed()], "losers": [changed("u2")]},
        },
        "gate": {"verdict": verdict()},
        "promote": {"promoted": True, "version": "2", "reason": "no worse on all"},
        "publish": {"version": "2", "users": 90, "without_list": 2, "digest": "l1", "rolled_back": None},
    }  # fmt: skip
