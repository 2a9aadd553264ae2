"""What the champion's MLflow run and version tell of the watch: realised metrics by day, and the newest finding."""

from __future__ import annotations

from typing import Any

from pipelines import registry, tracking
from pipelines.aliases import MODEL
from pipelines.context import Context
from pipelines.watching.grading import age_of
from pipelines.watching.lists import CHAMPION

TOLD = ("ndcg", "recall", "hit_rate", "map")


def tell_day(graded: dict[str, Any], finding: dict[str, Any], action: dict[str, Any] | None, context: Context) -> None:
    """Log a day into the run of the version that served; logging it twice changes nothing."""
    version = graded["versions"][CHAMPION]
    with registry.mlflow_answers(context):
        client = tracking.open_client(context)
        run_id = client.get_model_version(MODEL, version).run_id
        newest = max(graded["day"], client.get_model_version(MODEL, version).tags.get("watched_until", ""))
        tags = {"watched_until": newest}
        if newest == graded["day"]:  # a look at an older day is not the newest finding
            tags["watch"] = f"{finding['finding']}: {finding['reason']}"
        if action and action["rolled_back"]:
            tags["rolled_back"] = action["reason"]
        for name, text in tags.items():
            client.set_model_version_tag(MODEL, version, name, text)
        if run_id:
            tracking.log_tags(context, run_id, tags)
            tracking.log_points(context, run_id, _points(graded), step=_step(graded, context))


def _points(graded: dict[str, Any]) -> dict[str, float]:
    points = {"realised/users": float(graded["users"])}
    for role, means in graded["metrics"].items():
        for name in (f"{metric}_at_{graded['k']}" for metric in TOLD):
            if means[name] is not None:
                points[f"realised/{name}/{role}"] = means[name]
    return points


def _step(graded: dict[str, Any], context: Context) -> int:
    """Days since the calendar began: lists of several windows make one curve."""
    return age_of(graded, context) + (context.calendar.window(graded["window"]).end - context.calendar.origin).days
