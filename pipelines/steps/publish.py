"""Publish: the champion's lists for every user, and a line for each user who got none."""

from __future__ import annotations

from typing import Any

from pipelines import registry
from pipelines.context import Context
from pipelines.errors import RegistryError
from pipelines.jobs import Job
from pipelines.publishing import publish_lists, smoke
from pipelines.records import read_result


def run(job: Job, context: Context) -> dict[str, Any]:
    """Publish over the graph of the window's end; a promoted version that cannot be loaded and asked is rolled back."""
    plan = read_result("plan", job, context)
    if job.dry_run or plan["overtaken"]:
        return {"skipped": "dry run: nothing is published" if job.dry_run else plan["reason"]}
    promoted = read_result("promote", job, context)["promoted"]
    failure = smoke(context) if promoted else None
    if failure:
        _undo(failure, context)
    champion = registry.champion(context)
    if champion is None:
        return {"skipped": "there is no champion to publish"}
    published = publish_lists(context, champion.version, job.name)
    return published | {"rolled_back": failure, "outputs": [f"predictions/{job.name}"]}


def _undo(failure: str, context: Context) -> None:
    if registry.previous(context) is None:
        raise RegistryError(
            f"the first champion does not answer: {failure}",
            where="model registry",
            mend="look at the version's artefact in MLflow, then run the bootstrap again with changed params",
        )
    registry.rollback(context, reason=f"smoke test failed: {failure}", actor="publish")
