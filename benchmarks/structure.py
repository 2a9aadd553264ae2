"""What models gain or lose by not seeing bots and weak edges: edges kept, quality, and seconds of a fit."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from torch import Tensor
from torch_geometric.data import HeteroData

from benchmarks.figures import table
from benchmarks.replay import save, stopwatch
from benchmarks.structure_shops import JOURNEY_WEEKS, MARKET, Shop, complete_journey, marketplace
from features.graph import InterestGraph
from features.hetero import to_hetero
from features.structure import noise_of
from models.catalogue import rebuild as recommender_of
from models.metrics import measure
from models.ranking import INTERACTS
from models.recommender import Recommender, Slice
from models.resampling import Bounds, bootstrap_mean
from pipelines.judging.ranker import make_candidate

SCORE = 3.5
"""As Iglewicz and Hoaglin advise."""
OFF, CONTROL = "off", "off, another seed"
SETTINGS: dict[str, dict[str, Any]] = {
    OFF: {},
    CONTROL: {},
    "denoise": {"noise_score": SCORE},
    "keep .99": {"keep_mass": 0.99},
    "keep .95": {"keep_mass": 0.95},
    "keep .9": {"keep_mass": 0.9},
    "keep .8": {"keep_mass": 0.8},
    "denoise, keep .95": {"noise_score": SCORE, "keep_mass": 0.95},
}


@dataclass(frozen=True)
class Outcome:
    """Of one setting: user–item edges that models see at the end of learning, NDCG@k of each judged user and week, CPU
    seconds of the fit with the views it needs, and ids of the users who were left out, wholly or with their edges."""

    edges: int
    ndcg: np.ndarray
    cpu_seconds: float
    users: frozenset[str]
    even: frozenset[str]


def run() -> tuple[str, dict[str, float]]:
    """One full fit for each setting and shop, judged on the hold-outs of the weeks after it, on refreshed graphs."""
    with TemporaryDirectory() as folder:
        rows, figures = _compare(complete_journey())
        more_rows, more = _compare(marketplace(Path(folder)))
    text = f"""## Structure optimisation (`make bench-structure`)

What models gain or lose by not seeing all of the graph: without users who act like no person, and without edges that
tell no interest (*denoise*: `refresh.noise_score` {SCORE}); and with the strongest edges only (*keep*:
`refresh.keep_mass`). Complete Journey, weeks {JOURNEY_WEEKS[0]}–{JOURNEY_WEEKS[-1]} (before the demo's windows), and a
simulated marketplace with bots, {MARKET.users:,} users and {MARKET.events:,} events. One full fit for each setting,
judged on the three-day hold-outs of those weeks on graphs refreshed to their cuts. Differences to *off* are paired by
user and week, with one-sided 95% bounds over users; what a fit owes to its seed is not in them: *{CONTROL}*
shows it. CPU of one fit on one thread, of which some percent are chance.

{table([*rows, *more_rows])}

*Bots, people left out*: bots found of all there were; people who were left out as bots, and whose edges to items were.
{_conclusion(figures, more)}
"""
    return text, figures | more


def _compare(shop: Shop) -> tuple[list[dict[str, object]], dict[str, float]]:
    to_hetero(shop.graphs[-1])  # so that what the graph adds up once is not counted to the first setting
    outcomes = {}
    for name, setting in SETTINGS.items():
        print(f"{shop.name}: {name}", file=sys.stderr)
        outcomes[name] = _measure(shop, setting, seed=shop.context.params.fit.seed + (name == CONTROL))
    off, gate = outcomes[OFF], shop.context.params.gate
    rows, figures = [], {}
    for name, outcome in outcomes.items():
        bounds = bootstrap_mean(
            outcome.ndcg - off.ndcg, resamples=gate.resamples, confidence=gate.confidence, seed=gate.seed
        )
        rows.append(_row(shop, name, outcome, off, bounds))
        figures[f"{shop.name} {name} ndcg_difference"] = bounds.mean
        figures[f"{shop.name} {name} ndcg_lower_bound"] = bounds.lower
        figures[f"{shop.name} {name} cpu_seconds_saved"] = off.cpu_seconds - outcome.cpu_seconds
    return rows, figures


def _conclusion(*shops: dict[str, float]) -> str:
    """A win has to be larger than what another seed does, in every shop."""
    won = [name for name in SETTINGS if name not in (OFF, CONTROL) and all(_wins(figures, name) for figures in shops)]
    told = ", ".join(won) if won else "no setting; both keys stay off by default"
    return f"Better in both shops, by the lower bound, than *{OFF}* and than another seed makes it: {told}."


def _wins(figures: dict[str, float], name: str) -> bool:
    shop = next(iter(figures)).split(f" {OFF}")[0]
    return figures[f"{shop} {name} ndcg_lower_bound"] > max(0.0, figures[f"{shop} {CONTROL} ndcg_difference"])


def _measure(shop: Shop, setting: dict[str, Any], *, seed: int) -> Outcome:
    params = shop.context.params
    with stopwatch() as spent:
        views = [to_hetero(_with(graph, setting)) for graph in shop.graphs]
        slices = [Slice(view, bought) for view, bought in zip(views, shop.bought, strict=False)]
        recommender = make_candidate(params.fit.model_copy(update={"seed": seed}))
        recommender.fit(slices, views[-1])
        state = save(recommender)
    judged = [(to_hetero(_with(graph, setting)), bought) for graph, bought in shop.judged]
    ndcg = [_ndcg(recommender_of(state, view), view, bought, params.evaluate.k) for view, bought in judged]
    noise, ids = noise_of(_with(shop.graphs[-1], setting)), shop.graphs[-1].users["user_id"]
    left_out = (frozenset(ids[marked]) for marked in (noise.users, noise.even))
    return Outcome(views[-1][INTERACTS].edge_index.shape[1], np.concatenate(ndcg), spent[0], *left_out)


def _with(graph: InterestGraph, setting: dict[str, Any]) -> InterestGraph:
    return replace(graph, rules=replace(graph.rules, **setting))


def _ndcg(recommender: Recommender, view: HeteroData, bought: Tensor, k: int) -> np.ndarray:
    users = bought[0].unique()
    return measure(recommender.recommend(users, k), users, bought, k=k, n_items=view["item"].num_nodes).ndcg.numpy()


def _row(shop: Shop, name: str, outcome: Outcome, off: Outcome, bounds: Bounds) -> dict[str, object]:
    there = shop.bots & frozenset(shop.graphs[-1].users["user_id"])
    found = len(there & (outcome.users | outcome.even))
    people = f"{len(outcome.users - there)} and {len(outcome.even - there)}"
    return {
        "shop": shop.name,
        "models see": name,
        "edges kept": f"{outcome.edges / off.edges:.2%}",
        "NDCG@20": float(outcome.ndcg.mean()),
        "difference": f"{bounds.mean:+.5f}",
        "bounds": f"{bounds.lower:+.5f} … {bounds.upper:+.5f}",
        "fit CPU s": f"{outcome.cpu_seconds:.1f}",
        "saved": f"{1 - outcome.cpu_seconds / off.cpu_seconds:+.1%}",
        "bots, people left out": f"{found} of {len(there)}, {people}" if there else f"–, {people}",
    }
