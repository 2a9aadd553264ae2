"""What is to be done: a bootstrap over many windows, or an update by one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from models.policy_terms import MODES, Mode
from pipelines.context import Context
from pipelines.errors import ParamsError, WindowError
from pipelines.params.learning import EvaluateParams
from pipelines.params.shape import Params
from pipelines.windows import Window

Kind = Literal["bootstrap", "update"]
Asked = Mode | Literal["auto"]
"""How an update is to learn; `auto`: as the policy says."""
ASKED: tuple[Asked, ...] = ("auto", *MODES)


@dataclass(frozen=True)
class Job:
    """`windows` are those whose events come in, oldest first; the last one names the job."""

    kind: Kind
    windows: tuple[Window, ...]
    mode: Asked
    dry_run: bool = False
    airflow_run: str = ""

    @property
    def window(self) -> Window:
        return self.windows[-1]

    @property
    def name(self) -> str:
        return self.window.name

    def cut(self, evaluate: EvaluateParams) -> datetime:
        """Until where a candidate learns; what follows, up to the window's end, is the hold-out it is judged on."""
        holdout = evaluate.bootstrap_holdout if self.kind == "bootstrap" else evaluate.holdout
        return self.window.end - holdout

    def identity(self) -> dict[str, object]:
        """What makes this job this job; who or what asked for it is not part of it."""
        return {
            "kind": self.kind,
            "windows": [window.name for window in self.windows],
            "mode": self.mode,
            "dry_run": self.dry_run,
        }


def bootstrap_job(until: str, context: Context, *, dry_run: bool = False, airflow_run: str = "") -> Job:
    """The bootstrap over all windows before the one that starts at `until`."""
    windows = tuple(context.calendar.until(until))
    if not windows:
        raise WindowError(
            f"no window ends at or before {until}",
            where="until",
            mend=f"name a start after the first window, {context.params.window.first}",
        )
    job = Job("bootstrap", windows, "full", dry_run=dry_run, airflow_run=airflow_run)
    needed = shortest_bootstrap(context.params)
    if len(windows) < needed:
        raise WindowError(
            f"a bootstrap until {until} has {len(windows)} of the {needed} windows it needs to learn and to be judged",
            where="until",
            mend=f"name {context.calendar.at(needed).name} or a later start",
        )
    return job


def shortest_bootstrap(params: Params) -> int:
    """How many windows it takes at least: something to start from, a window to learn from, and the hold-out."""
    return 2 + -(-params.evaluate.bootstrap_holdout // params.window.length)


def update_job(
    window: str, context: Context, *, mode: str | None = None, dry_run: bool = False, airflow_run: str = ""
) -> Job:
    """The update by the window that starts at `window`; `mode` defaults to plan.mode."""
    for known in ASKED:
        if known == (mode or context.params.plan.mode):
            return Job("update", (context.calendar.window(window),), known, dry_run=dry_run, airflow_run=airflow_run)
    raise ParamsError(f"{mode!r} is no mode", where="mode", mend=f"choose one of: {', '.join(ASKED)}")
