"""Track the accepted rows of the job's windows in the data registry, each window under a tag."""

from __future__ import annotations

from typing import Any

from pipelines.context import Context
from pipelines.data_registry import open_data_registry
from pipelines.errors import SnapshotError
from pipelines.jobs import Job


def run(job: Job, context: Context) -> dict[str, Any]:
    """Give `tags` (window → tag), `digests` (window → DVC's digest) and the registry's `commit`."""
    accepted = {window.name: context.path("accepted", window.name) for window in job.windows}
    for name, folder in accepted.items():
        if not folder.is_dir():
            raise SnapshotError(
                f"window {name} has no accepted rows",
                where=str(folder),
                mend=f"run the validate step of {name} first",
            )
    context.say(f"snapshot of {len(accepted)} window(s)")
    registry = open_data_registry(context)
    tags = registry.add_partitions(accepted)
    digests = {window: registry.digest(tag) for window, tag in tags.items()}
    return {"tags": tags, "digests": digests, "commit": registry.commit()}
