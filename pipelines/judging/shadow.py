"""The shadow full retrain of an update: judged beside its candidate, and what its loss tells later updates."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from models.evaluation import Examination
from models.metrics import SLICES
from models.shadow import in_words, shadow_loss
from models.state import State
from pipelines.context import Context
from pipelines.errors import ContractError, StoreError
from pipelines.files import digest_files, read_json, write_json
from pipelines.jobs import Job
from pipelines.judging.contestants import Judged, judge_all, stored
from pipelines.records import read_result
from pipelines.serving.model_files import write_state

SHADOW = "shadow_full"
"""Under which name its metrics are told. It is no rival: the gate never sees it."""


@dataclass(frozen=True)
class LastShadow:
    """The loss that the newest shadow found, and how many windows ago that was."""

    loss: float
    windows_ago: int


def is_due(plan: Mapping[str, Any]) -> bool:
    """Plans of before there were shadows, and where these are switched off, say nothing of one."""
    return bool(plan.get("shadow", {}).get("due"))


def fit_aside(learn: Callable[[], State], job: Job, context: Context) -> dict[str, Any]:
    """Fit the shadow by `learn` and store its state; `shadow` as the fit's result tells it, and what it cost `aside`.

    A shadow that cannot be fitted is told as `failed`: it never stops an update.
    """
    context.say(f"{job.name} fit: a shadow full retrain, to measure what incremental updates lose")
    with _clock() as aside:
        folder = context.path("updates", job.name, "shadow")
        try:
            write_state(folder, learn())
            told = {"state": digest_files(folder)}
        except ValueError as error:
            told = _failed(str(error), job, context)
    return {"shadow": told, "aside": aside}


def judge_aside(
    candidate: Judged, asked: Examination, job: Job, context: Context
) -> tuple[dict[str, Any], dict[str, dict[str, float]]]:
    """`shadow`, what its loss is (or `failed`), and what that cost `aside`; and its means by slice.

    Empty both where the fit made no shadow.
    """
    fitted = read_result("fit", job, context).get("shadow")
    if fitted is None:
        return {}, {}
    with _clock() as aside:
        told, means = (fitted, {}) if "failed" in fitted else _judge(candidate, asked, job, context)
    return {"shadow": told, "aside": aside}, means


def keep_shadow(told: Mapping[str, Any] | None, job: Job, context: Context) -> None:
    """For later updates: the loss that this window's shadow found; a window without one leaves nothing."""
    path = _path(job.name, context)
    if told is None or "failed" in told:
        path.unlink(missing_ok=True)
    else:
        fit = read_result("fit", job, context)["aside"]
        write_json(path, {"window": job.name, "mode": read_result("plan", job, context)["mode"], **told, **fit})


def last_shadow(job: Job, context: Context) -> LastShadow | None:
    """The newest one of a window before the job's; None where there is none, or it tells no loss."""
    for window in reversed(context.calendar.before(job.windows[0].start)):
        path = _path(window.name, context)
        if path.is_file():
            ago = context.calendar.index(job.window) - context.calendar.index(window)
            loss = _loss(path)
            return None if loss is None else LastShadow(loss, ago)
    return None


def _judge(
    candidate: Judged, asked: Examination, job: Job, context: Context
) -> tuple[dict[str, Any], dict[str, dict[str, float]]]:
    gate = context.params.gate
    makers = {SHADOW: stored(context.path("updates", job.name, "shadow"), asked.graph)}
    try:
        shadow = judge_all(makers, asked, job, context)[SHADOW].examined.slices
        found = shadow_loss(
            candidate.examined.slices["all"],
            shadow["all"],
            confidence=gate.confidence,
            resamples=gate.resamples,
            seed=gate.seed,
        )
    except (ContractError, ValueError) as error:
        return _failed(error.what if isinstance(error, ContractError) else str(error), job, context), {}
    context.say(f"{job.name} evaluate: {in_words(asdict(found))}")
    return asdict(found), {name: shadow[name].summary() for name in SLICES}


def _failed(why: str, job: Job, context: Context) -> dict[str, Any]:
    context.say(f"{job.name}: {in_words({'failed': why})}")
    return {"failed": why}


@contextmanager
def _clock() -> Iterator[dict[str, float]]:
    """Seconds that the block took, once it has ended."""
    spent: dict[str, float] = {}
    cpu, wall = time.process_time(), time.perf_counter()
    yield spent
    spent |= {"cpu_seconds": time.process_time() - cpu, "wall_seconds": time.perf_counter() - wall}


def _loss(path: Path) -> float | None:
    try:
        found = read_json(path)["loss"]
    except (StoreError, KeyError, TypeError):
        return None  # damaged: not known, so that the next one is due
    return float(found) if isinstance(found, int | float) and math.isfinite(found) else None


def _path(window: str, context: Context) -> Path:
    return context.path("updates", window, "shadow.json")
