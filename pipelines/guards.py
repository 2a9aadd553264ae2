"""What must hold before a step of a job may touch anything."""

from __future__ import annotations

from pipelines.context import Context
from pipelines.errors import WindowError
from pipelines.jobs import Job, shortest_bootstrap
from pipelines.windows import Window


def check_window(job: Job, context: Context) -> None:
    """Refuse an update whose predecessor's events are not in the graph yet, naming it and where to start."""
    if job.kind == "bootstrap":
        return
    missing: Window | None = None
    window = context.calendar.previous(job.window)
    while window is not None and not _is_snapshotted(window, context):
        missing, window = window, context.calendar.previous(window)
    if window is None:
        least = context.calendar.at(shortest_bootstrap(context.params)).name
        raise WindowError(
            f"window {job.name} cannot be folded: no window before it is in the graph",
            where=str(context.path("graphs")),
            mend=f"start with `tidegraph bootstrap --until {max(job.name, least)}`",
        )
    if missing is not None:
        predecessor = context.calendar.previous(job.window)
        raise WindowError(
            f"window {job.name} cannot be folded: its predecessor {predecessor.name if predecessor else ''} is not in "
            f"the graph, which ends with {window.name}",
            where=str(context.path("graphs")),
            mend=f"run `tidegraph update --window {missing.name}` first",
        )


def _is_snapshotted(window: Window, context: Context) -> bool:
    return context.path("registry", "partitions", f"{window.name}.dvc").is_file()
