"""What each step of a job did: one JSON file a step, written last, so that a step that has one is whole."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from pipelines.context import Context
from pipelines.errors import StoreError
from pipelines.files import read_json, write_json
from pipelines.jobs import Job


@dataclass(frozen=True)
class Record:
    """`key` digests everything the result depends on; seconds are of the run that made it."""

    step: str
    key: str
    result: dict[str, Any]
    cpu_seconds: float
    wall_seconds: float


@dataclass(frozen=True)
class StepRun:
    """What a step gave, and whether it gave it before and was not run again."""

    result: dict[str, Any]
    repeated: bool


def find_record(step: str, job: Job, context: Context) -> Record | None:
    path = context.path("updates", job.name, "records", f"{step}.json")
    return Record(**read_json(path)) if path.is_file() else None


def read_result(step: str, job: Job, context: Context) -> dict[str, Any]:
    """The result of an earlier step of the same job."""
    record = find_record(step, job, context)
    if record is None:
        raise StoreError(
            f"step {step} of window {job.name} has not run",
            where=str(context.path("updates", job.name)),
            mend=f"run `tidegraph step {step} --window {job.name}` first, or `tidegraph update --window {job.name}`",
        )
    return record.result


def drop_records(steps: Iterable[str], job: Job, context: Context) -> None:
    """Forget what later steps did with inputs that are about to change."""
    for step in steps:
        context.path("updates", job.name, "records", f"{step}.json").unlink(missing_ok=True)


def write_record(record: Record, job: Job, context: Context) -> None:
    write_json(context.path("updates", job.name, "records", f"{record.step}.json"), asdict(record))
