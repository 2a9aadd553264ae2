"""The lineage of one update: Airflow run, code, params, snapshots, validation, graph, model, version and lists."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipelines.files import digest_json
from pipelines.lineage.facts import Facts

FORMAT = 1
"""Counts up when names in `lineage.json` change their meaning."""


def tie_together(facts: Facts) -> dict[str, Any]:
    """JSON values only; None for what there is none of, or is not known.

    `snapshots` are those that the update took, `knew` the newest of every window then: what its graph was folded from.
    `graph_folds` tells how that graph was made, fold by fold since it was last built from scratch.
    """
    return {
        "format": FORMAT,
        "window": facts.windows[-1],
        "kind": facts.kind,
        "windows": list(facts.windows),
        "mode": facts.result("plan").get("mode"),
        "dry_run": facts.dry_run,
        "backfill": bool(facts.result("plan").get("overtaken")),
        **_runs(facts),
        **_data(facts),
        **_graph(facts),
        **_model(facts),
    }


def _runs(facts: Facts) -> dict[str, Any]:
    plan = facts.result("plan")
    return {
        "airflow_run": facts.airflow_run or facts.tags.get("airflow_run") or None,
        "mlflow_run": plan.get("run_id"),
        "update_key": plan.get("update_key"),
        "code_revision": facts.tags.get("code_revision"),
        "git_commit": facts.tags.get("git_commit"),
        "environment": dict(facts.environment),
        "params_digest": facts.params_digest or None,
        "params": dict(facts.params),
    }


def _data(facts: Facts) -> dict[str, Any]:
    snapshot = facts.result("snapshot")
    digests = snapshot.get("digests") or {}
    return {
        "sources": [_source(name, facts.landings[name]) for name in facts.windows if name in facts.landings],
        "validation": [
            {"window": name, "passed": told.get("passed"), "digest": told["sha256"]}
            for name, told in facts.validations.items()
        ],
        "snapshots": [
            {"window": window, "tag": tag, "digest": digests.get(window)}
            for window, tag in (snapshot.get("tags") or {}).items()
        ],
        "registry_commit": snapshot.get("commit"),
        "knew": [{"window": window, "tag": tag, "digest": digest} for window, (tag, digest) in facts.knew.items()],
    }


def _source(window: str, landing: Mapping[str, Any]) -> dict[str, Any]:
    told = {name: landing.get(name) for name in ("connector", "fingerprint")}
    return {"window": window, **told, "files": landing.get("files") or {}}


def _graph(facts: Facts) -> dict[str, Any]:
    refresh = facts.result("refresh")
    hashes = refresh.get("hashes") or {}
    return {
        "graph_at_cut": hashes.get("cut"),
        "graph_at_end": hashes.get("end"),
        "graph_made": refresh.get("note"),
        "graph_folds": _folds(facts, hashes.get("end")),
        "erasures": facts.graph.get("erasures"),
    }


def _folds(facts: Facts, made: str | None) -> list[dict[str, Any]] | None:
    """None where the graph was folded into one of which this is not known."""
    cut = facts.result("plan").get("cut")
    if made is None or cut is None or "parent" not in facts.graph:
        return None
    own = {"kind": facts.kind, "first": facts.windows[0], "window": facts.windows[-1], "cut": cut, "hash": made}
    own["erasures"] = facts.graph.get("erasures", 0)
    if facts.graph["parent"] is None:
        return [own]
    before = facts.parent.get("graph_folds") if facts.parent else None
    return None if before is None else [*before, own]


def _model(facts: Facts) -> dict[str, Any]:
    plan, publish = facts.result("plan"), facts.result("publish")
    base, verdict = plan.get("base"), facts.result("gate").get("verdict")
    return {
        "data_cut": plan.get("cut"),
        "base_version": base["version"] if base else None,
        "base": {name: base.get(name) for name in ("version", "window", "data_cut")} if base else None,
        "last_full_version": plan.get("last_full"),
        "model_version": facts.result("promote").get("version"),
        "model_state": facts.result("fit").get("state"),
        "memory": facts.result("evaluate").get("memory"),
        "memory_cuts": dict(facts.cohorts),
        "verdict": _verdict(verdict) if verdict else None,
        "promoted": bool(facts.result("promote").get("promoted")),
        "predictions": publish.get("digest"),
        "predictions_version": publish.get("version"),
    }


def _verdict(verdict: Mapping[str, Any]) -> dict[str, Any]:
    reasons = verdict.get("reasons") or []
    return {
        "outcome": verdict.get("outcome"),
        "reason": reasons[0] if reasons else None,
        "digest": digest_json(verdict),
    }
