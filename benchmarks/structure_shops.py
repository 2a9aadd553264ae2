"""The two shops of the structure benchmark: a real one before the demo's weeks, and one with bots that are known."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import pandas as pd
from torch import Tensor

from benchmarks.replay import prepare, truth
from features.graph import InterestGraph
from pipelines.context import Context, read_context
from pipelines.graphs.folding import rebuild
from pipelines.jobs import bootstrap_job
from pipelines.runner import run_step
from sources.marketplace.settings import Options, Settings
from sources.marketplace.world import World
from sources.marketplace.writing import write_simulation

MARKET = Options(users=8_000, items=8_000, days=84, events=2_000_000, flaws=("bots",), seed=11)
"""The habits' thresholds were looked at with seed 7; this is another one."""
JOURNEY_WEEKS, MARKET_WEEKS = range(36, 40), range(9, 11)


@dataclass(frozen=True)
class Shop:
    """`graphs` as of the starts of the slices, and of their end; `bought` within each slice; `judged`: graphs as of
    later cuts, and what was bought in the hold-out after each. `bots`: ids of users who are no people."""

    name: str
    context: Context
    graphs: Sequence[InterestGraph]
    bought: Sequence[Tensor]
    judged: Sequence[tuple[InterestGraph, Tensor]]
    bots: frozenset[str] = frozenset()


def complete_journey() -> Shop:
    """Weeks before the demo's windows."""
    return _shop("Complete Journey", prepare("2017-10-08"), JOURNEY_WEEKS)


def marketplace(folder: Path) -> Shop:
    """A simulated marketplace whose only flaw is its bots, made in `folder`."""
    drop = folder / "drop"
    drop.mkdir()
    write_simulation(World(Settings(options=MARKET)), drop, lambda _: None)
    places = {"HOME": folder / "home", "DROP": drop, "MAPPING": drop / "mapping.yaml"}
    environment = {f"TIDEGRAPH_{name}": str(path) for name, path in places.items()}
    context = read_context(lambda message: print(message, file=sys.stderr), environment)
    until = context.calendar.at(MARKET_WEEKS[-1] + 1).name
    for step in ("collect", "validate", "snapshot"):
        run_step(step, bootstrap_job(until, context), context)
    bots = frozenset(pd.read_parquet(drop / "truth" / "bots.parquet")["user_id"])
    return replace(_shop("marketplace", context, MARKET_WEEKS), bots=bots)


def _shop(name: str, context: Context, weeks: range) -> Shop:
    """Slices up to the cut of the first of `weeks`, and the hold-out of each of them."""
    length, holdout = context.params.window.length, context.params.evaluate.holdout
    cuts = [context.calendar.at(week).end - holdout for week in weeks]
    starts = [cuts[0] - length * back for back in range(context.params.fit.slices, 0, -1)]
    graphs = list(rebuild(context, [*starts, *cuts]))
    learned, later = graphs[: len(starts) + 1], graphs[len(starts) :]
    spans = pairwise([*starts, cuts[0]])
    return Shop(
        name,
        context,
        learned,
        [truth(context, graph, *span) for graph, span in zip(learned, spans, strict=False)],
        [(graph, truth(context, graph, cut, cut + holdout)) for graph, cut in zip(later, cuts, strict=True)],
    )
