"""Track the accepted rows of the job's windows in the data registry, each window under a tag."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pipelines.context import Context
from pipelines.errors import SnapshotError
from pipelines.jobs import Job
from pipelines.snapshots.data_registry import open_data_registry
from pipelines.snapshots.partition_parts import partition_folder, revised_by


def run(job: Job, context: Context) -> dict[str, Any]:
    """Give `tags` (window → tag), `digests` (window → DVC's digest) and the registry's `commit`.

    Besides the job's windows these are earlier ones whose late events arrived with it: each gets its next revision.
    """
    names = sorted({window.name for window in job.windows} | revised_by(job.windows, context))
    folders = {name: _folder(name, job, context) for name in names}
    context.say(f"snapshot of {len(folders)} window(s)")
    registry = open_data_registry(context)
    tags = registry.add_partitions(folders)
    digests = {window: registry.digest(tag) for window, tag in tags.items()}
    return {"tags": tags, "digests": digests, "commit": registry.commit()}


def _folder(name: str, job: Job, context: Context) -> Path:
    if not context.path("accepted", name).is_dir():
        raise SnapshotError(
            f"window {name} has no accepted rows",
            where=str(context.path("accepted", name)),
            mend=f"run the validate step of {name} first",
        )
    return partition_folder(name, context, beside=context.path("updates", job.name, "partitions"))
