"""Runs steps: in order, one at a time a window, each only when its inputs changed."""

from __future__ import annotations

import importlib
import time
from collections.abc import Iterable
from types import ModuleType
from typing import Any

from pipelines.context import Context
from pipelines.errors import StoreError
from pipelines.files import digest_json
from pipelines.guards import check_window
from pipelines.jobs import Job
from pipelines.learning_group import learning_group
from pipelines.locks import hold
from pipelines.records import Record, StepRun, drop_records, find_record, write_record
from pipelines.revision import code_revision

STEPS = (
    "collect", "validate", "snapshot", "refresh", "plan", "fit", "evaluate", "gate", "promote", "publish", "report",
)  # fmt: skip

_SECTIONS = {name: (name,) for name in STEPS} | {
    "collect": ("window", "collect"),
    "refresh": ("refresh", "evaluate"),
    "snapshot": (),
    "report": (),
}
"""Which sections of params.yaml a step's result depends on, besides those of the steps before it."""


def run_step(name: str, job: Job, context: Context) -> dict[str, Any]:
    """Run one step of `job`, or give its recorded result when nothing it depends on has changed.

    Raises BusyError when another process works on the same window.
    """
    return perform([name], job, context)[name].result


def run_all(job: Job, context: Context) -> dict[str, dict[str, Any]]:
    """Run all steps in order under one lock; results by step."""
    return {name: done.result for name, done in perform(STEPS, job, context).items()}


def perform(names: Iterable[str], job: Job, context: Context) -> dict[str, StepRun]:
    """Run the steps named in their order, under one lock; by name what each gave, and whether it was done before."""
    with learning_group(job, context), hold(context.path("locks"), f"window-{job.name}"):
        return {name: _run(name, job, context) for name in names}


def _run(name: str, job: Job, context: Context) -> StepRun:
    if name not in STEPS:
        raise StoreError(f"there is no step {name!r}", where="step", mend=f"name one of: {', '.join(STEPS)}")
    check_window(job, context)
    module = importlib.import_module(f"pipelines.steps.{name}")
    key = _key(name, job, context, module)
    record = find_record(name, job, context)
    if record is not None and record.key == key and _stands(record, module, job, context):
        context.say(f"{job.name} {name}: already done")
        return StepRun(record.result, repeated=True)
    context.say(f"{job.name} {name}")
    drop_records(STEPS[STEPS.index(name) :], job, context)
    cpu, wall = time.process_time(), time.perf_counter()
    result = module.run(job, context)
    aside = result.get("aside", {})  # what was only measured beside the update is no cost of the update's
    spent = {
        "cpu_seconds": time.process_time() - cpu - aside.get("cpu_seconds", 0.0),
        "wall_seconds": time.perf_counter() - wall - aside.get("wall_seconds", 0.0),
    }
    write_record(Record(name, key, result, **spent), job, context)
    if "skipped" in result:
        context.say(f"{job.name} {name}: skipped: {result['skipped']}")
    return StepRun(result, repeated=False)


def _key(name: str, job: Job, context: Context, module: ModuleType) -> str:
    place = STEPS.index(name)
    material: dict[str, Any] = {
        "step": name,
        "code": code_revision(),
        "kind": job.kind,
        "windows": [window.name for window in job.windows],
        "params": [context.params.model_dump(mode="json", by_alias=True)[section] for section in _SECTIONS[name]],
    }
    if place >= STEPS.index("plan"):
        material["mode"] = job.mode
    if place >= STEPS.index("promote"):
        material["dry_run"] = job.dry_run
    if hasattr(module, "fingerprint"):
        material["fingerprint"] = module.fingerprint(job, context)
    if place:
        before = find_record(STEPS[place - 1], job, context)
        if before is None:
            raise StoreError(
                f"step {name} needs step {STEPS[place - 1]}, which has not run",
                where=f"window {job.name}",
                mend=f"run `tidegraph step {STEPS[place - 1]} --window {job.name}` first",
            )
        material["before"] = [before.key, before.result]
    return digest_json(material)


def _stands(record: Record, module: ModuleType, job: Job, context: Context) -> bool:
    """Whether a recorded result still holds: its outputs are there, and the step itself does not object."""
    if not all(context.path(output).exists() for output in record.result.get("outputs", [])):
        return False
    still_valid = getattr(module, "still_valid", None)
    return still_valid is None or bool(still_valid(record.result, job, context))
