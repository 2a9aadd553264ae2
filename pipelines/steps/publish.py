"""Publish: the champion's lists for every user, and a line for each user who got none."""

from __future__ import annotations

from typing import Any

from pipelines import registry
from pipelines.context import Context
from pipelines.errors import RegistryError
from pipelines.jobs import Job
from pipelines.locks import hold
from pipelines.promotion.by_hand import LOCK
from pipelines.promotion.proving import prove
from pipelines.records import read_result
from pipelines.serving.publishing import publish_lists

PATIENCE_SECONDS = 600.0


def run(job: Job, context: Context) -> dict[str, Any]:
    """Publish over the graph of the window's end; a promoted version that does not answer as it should is rolled back.

    What serves is asked in a fresh process, which has to answer with the version just promoted and its canned answers.
    The lists of the version before, and of a candidate that was refused, are kept beside for the watch.
    """
    plan = read_result("plan", job, context)
    if job.dry_run or plan["overtaken"]:
        overtaken = f"the champion already covers window {job.name}: its lists are newer"
        return {"skipped": "dry run: nothing is published" if job.dry_run else overtaken}
    # so that nobody rolls back between asking who serves and publishing their lists
    with hold(context.path("locks"), LOCK, wait_seconds=PATIENCE_SECONDS):
        return _publish(read_result("promote", job, context), job, context)


def _publish(promote: dict[str, Any], job: Job, context: Context) -> dict[str, Any]:
    champion = registry.champion(context)
    failure, told = None, None
    # one that was rolled back, or overtaken, since it was promoted does not serve and is not asked
    if promote["promoted"] and champion is not None and champion.version == promote["version"]:
        failure, told = _ask(champion.version, context)
        champion = registry.champion(context)
    if champion is None:
        return {"skipped": "there is no champion to publish"}
    refused = None if promote["promoted"] else promote["version"]
    published = publish_lists(context, champion.version, job.name, candidate=refused)
    return published | {"rolled_back": failure, "proof": told, "outputs": [f"predictions/{job.name}"]}


def _ask(version: str, context: Context) -> tuple[str | None, str]:
    """What is wrong with the version that was promoted, which then serves no more; and what was proven in the end."""
    proof = prove(context, version)
    if proof.failure is None:
        return None, proof.told
    if registry.previous(context) is None:
        raise RegistryError(
            f"the first champion does not answer: {proof.failure}",
            where="model registry",
            mend="look at the version's artefact in MLflow, then run the bootstrap again with changed params",
        )
    entry = registry.rollback(context, reason=f"what serves was asked: {proof.failure}", actor="publish")
    restored = prove(context, entry.version)
    if restored.failure is not None:
        raise RegistryError(
            f"{proof.failure}; it was rolled back, but {restored.failure}",
            where="model registry",
            mend='let another version serve: tidegraph rollback --to VERSION --reason "..."',
        )
    return proof.failure, restored.told
