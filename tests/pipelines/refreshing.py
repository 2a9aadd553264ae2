"""Refreshes of a small shop after its bootstrap, and what they are compared with."""

from __future__ import annotations

from features.graph import InterestGraph
from pipelines.context import Context
from pipelines.graphs.folding import rebuild
from pipelines.jobs import update_job
from pipelines.runner import run_step
from tests.drop import UNTIL, window

LAST, NEXT = window(4), window(6)
"""The windows before and after UNTIL."""


def refresh(context: Context, name: str = UNTIL) -> dict:
    """What the refresh of a window told, after the steps that it needs."""
    steps = ("collect", "validate", "snapshot", "refresh")
    return {step: run_step(step, update_job(name, context), context) for step in steps}["refresh"]


def rebuilt(context: Context, name: str = UNTIL) -> InterestGraph:
    """From the snapshots alone."""
    return next(rebuild(context, [context.calendar.window(name).end]))
