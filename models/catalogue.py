"""Which class a kind of recommender is; the one place that turns a state into a recommender."""

from __future__ import annotations

from importlib import import_module

from torch_geometric.data import HeteroData

from models.recommender import Recommender
from models.state import State

RECOMMENDERS: dict[str, type[Recommender] | str] = {
    "interest_ranker": "models.flagship.ranker:InterestRanker",
    "popularity": "models.baselines.popularity:Popularity",
    "personal_decay": "models.baselines.personal_decay:PersonalDecay",
    "tifu_knn": "models.baselines.tifu_knn:TifuKnn",
    "item_knn": "models.baselines.item_knn:ItemKnn",
    "graph_filter": "models.baselines.graph_filter:GraphFilter",
    "ials": "models.baselines.ials:Ials",
    "recency_ials": "models.baselines.recency_ials:RecencyIals",
    "lightgcn": "models.baselines.lightgcn:LightGcn",
}
"""The class of each kind, or `module:class`, imported when it is first asked for."""


def register(kind: str, recommender: type[Recommender], *, replace: bool = False) -> None:
    """Make states of `kind` be rebuilt by `recommender`; a kind that is taken needs `replace`, else ValueError."""
    if kind in RECOMMENDERS and not replace:
        raise ValueError(f"kind {kind!r} is taken by {RECOMMENDERS[kind]}; register another, or say replace=True")
    RECOMMENDERS[kind] = recommender


def recommender_class(kind: str) -> type[Recommender]:
    """The class of `kind`; ValueError names the kinds there are."""
    entry = RECOMMENDERS.get(kind)
    if entry is None:
        raise ValueError(f"no recommender is of kind {kind!r}; there are {', '.join(sorted(RECOMMENDERS))}")
    if not isinstance(entry, str):
        return entry
    module, _, name = entry.partition(":")
    found: type[Recommender] = getattr(import_module(module), name)
    return found


def rebuild(state: State, graph: HeteroData) -> Recommender:
    """The recommender that `state` describes, standing on `graph`."""
    return recommender_class(state.kind).from_state(state, graph)
