"""Plan: how this update learns, from which champion, and under which MLflow run it is told."""

from __future__ import annotations

from typing import Any

from features.kinds import USER_ITEM
from features.rules import DAY_US
from models.policy import decide_update
from models.policy_terms import Decision, Mode
from pipelines import registry, tracking
from pipelines.context import Context
from pipelines.errors import ParamsError
from pipelines.files import digest_json
from pipelines.graphs.files import read_graph
from pipelines.jobs import Job
from pipelines.planning.full_fits import last_full_fit
from pipelines.planning.situation import situation_of
from pipelines.records import find_record, read_result
from pipelines.revision import code_revision, git_commit

Chosen = tuple[Mode, tuple[str, ...], dict[str, Any] | None]
"""The mode, every reason that applied, and whether a shadow full retrain is due (None: nobody asks for them)."""


def run(job: Job, context: Context) -> dict[str, Any]:
    """Choose the mode and open the update's run.

    A window not after the champion's was overtaken: it is judged against the champion of before it, and promotes
    nothing; where there was none, it is skipped.
    """
    registry.sync_aliases(context)
    champion, base = registry.champion(context), _base(job, context)
    overtaken = bool(champion and job.name <= champion.window)
    mode, reasons, shadow = _skipped(champion, job) if champion and base is None else _mode(job, base, context)
    reason = reasons[0]
    if base and mode != "skip":
        _check_half_lives(base, context)
    key = update_key(job, context, base.version if base else None)
    plan = {
        "mode": mode,
        "reason": reason,
        "reasons": list(reasons),
        "overtaken": overtaken,
        "base": base.to_dict() if base else None,
        "last_full": last_full_fit(context, job.name) if base else None,
        "cut": job.cut(context.params.evaluate).isoformat(),
        "update_key": key,
    }
    if shadow and not overtaken:
        plan["shadow"] = shadow
    return plan | {"run_id": _open_run(job, context, plan)}


def fingerprint(job: Job, context: Context) -> str:
    """All params: an update under other params is another update, with a run of its own."""
    return digest_json(context.params.model_dump(mode="json", by_alias=True))


def still_valid(result: dict[str, Any], job: Job, context: Context) -> bool:
    """A plan stands while its base is what it would be now, and for good once its update has ended or promoted."""
    if find_record("report", job, context) is not None:
        return True
    base = _base(job, context)
    if (base.version if base else None) == (result["base"]["version"] if result["base"] else None):
        return True
    return registry.promoted_by(context, result["update_key"])


def update_key(job: Job, context: Context, base_version: str | None) -> str:
    """What makes two updates the same: snapshots, code, params and base version."""
    return digest_json(
        {
            "kind": job.kind,
            "mode": job.mode,
            "snapshots": read_result("snapshot", job, context)["tags"],
            "code": code_revision(),
            "params": context.params.model_dump(mode="json", by_alias=True),
            "base": base_version,
        }
    )


def _base(job: Job, context: Context) -> registry.Version | None:
    """The champion; of an update that it overtook, the one that served before the window. Bootstraps have none then."""
    champion = registry.champion(context)
    if champion is None or job.name > champion.window:
        return champion
    return registry.champion_before(context, job.name) if job.kind == "update" else None


def _skipped(champion: registry.Version, job: Job) -> Chosen:
    covered = f"({champion.window}, cut {champion.data_cut})"
    return "skip", (f"window {job.name} is not after the champion's {covered}: nothing to learn",), None


def _mode(job: Job, base: registry.Version | None, context: Context) -> Chosen:
    if base is None:
        asked = "there is no champion to start from"
        why = asked if job.mode == "auto" else f"{job.mode} was asked for, but {asked}"
        return "full", ("as asked" if job.mode == "full" else why,), None
    if job.mode != "auto":
        return job.mode, ("as asked",), None
    policy = context.params.plan.policy
    decision = decide_update(situation_of(job, base, context), policy.rules())
    return decision.mode, decision.reasons, _shadow(decision) if policy.shadow_every else None


def _shadow(decision: Decision) -> dict[str, Any]:
    """Whether one is `due`, and why; an update that learns nothing has no candidate to compare it with."""
    if decision.mode == "skip":
        return {"due": False, "reason": "nothing is learned, so that there is nothing to compare with"}
    return {"due": decision.shadow_due, "reason": decision.shadow_reason}


def _check_half_lives(base: registry.Version, context: Context) -> None:
    """ParamsError where the champion could not be judged on a graph made by these params."""
    learned = read_graph(registry.model_folder(context, base.version) / "graph").half_lives
    now = context.params.refresh.rules().half_lives[USER_ITEM.name]
    if learned != now:
        told, asked = (", ".join(f"{span / DAY_US:g}d" for span in spans) for spans in (learned, now))
        raise ParamsError(
            f"the champion (version {base.version}) learned with half-lives {told}, and params.yaml has {asked}",
            where="refresh.half_lives.user_item",
            mend="put them back; or, to change them, bootstrap anew in another TIDEGRAPH_HOME and serve from there",
        )


def _open_run(job: Job, context: Context, plan: dict[str, Any]) -> str:
    tags = read_result("snapshot", job, context)["tags"]
    base = plan["base"]
    return tracking.open_run(
        context,
        update_key=plan["update_key"],
        name=f"{job.name} {plan['mode']}",
        tags={
            "window": job.name,
            "mode": plan["mode"],
            "snapshot": tags[job.name],
            "snapshots": ", ".join(tags.values()),
            "base_version": base["version"] if base else "",
            "data_cut": plan["cut"],
            "code_revision": code_revision(),
            "git_commit": git_commit(),
            "airflow_run": job.airflow_run,
        },
    )
