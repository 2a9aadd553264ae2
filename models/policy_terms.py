"""What the policy is told and what it answers: modes of an update, the situation before one, rules, the decision."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Literal

Mode = Literal["skip", "graph-only", "incremental", "full"]
MODES: tuple[Mode, ...] = ("skip", "graph-only", "incremental", "full")
"""From the cheapest to the dearest."""


@dataclass(frozen=True, kw_only=True)
class Situation:
    """What is known before an update. None, and what makes no sense (NaN, a negative share): not known.

    `new_edges`: the delta's edges as a share of the graph's. `psi`: the largest of the drifts. `forgetting`: the share
    of NDCG lost on memory cohorts of past windows. `windows_since_full`, `windows_since_shadow`: how many windows ago
    the last full fit and the last shadow full retrain were. `shadow_loss`: the share of NDCG that incremental updates
    lost against the latter. `retrain_for`: the signals that the watch asks a retrain for, none if it asks for none.
    `cpu_seconds`: what past updates of each mode took.
    """

    new_edges: float | None = None
    psi: float | None = None
    forgetting: float | None = None
    windows_since_full: float | None = None
    windows_since_shadow: float | None = None
    shadow_loss: float | None = None
    retrain_for: tuple[str, ...] | None = None
    cpu_seconds: Mapping[Mode, float | None] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class PolicyRules:
    """Below `skip_below` new edges nothing is worth doing, below `graph_only_below` no learning. A PSI above `psi_some`
    is worth learning, above `psi_much` learning anew; so are forgetting and a shadow loss above their limits, and a
    full fit that is `full_every` windows old. A shadow full retrain is due every `shadow_every` windows (0: never).
    `cpu_budget`: seconds for one update, without the shadow's; `inf`: no limit.

    Raises ValueError for a rule that is NaN or negative, and for limits in the wrong order.
    """

    skip_below: float
    graph_only_below: float
    psi_some: float
    psi_much: float
    max_forgetting: float
    max_shadow_loss: float
    full_every: int
    shadow_every: int
    cpu_budget: float = math.inf

    def __post_init__(self) -> None:
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        wrong = {name: value for name, value in values.items() if not value >= 0}
        if wrong or self.full_every < 1:
            raise ValueError(f"rules are 0 or more, full_every is 1 or more: {wrong or self.full_every}")
        if self.skip_below > self.graph_only_below or self.psi_some > self.psi_much:
            raise ValueError(f"limits of modes have to rise with what the modes cost: {self}")


@dataclass(frozen=True)
class Decision:
    """`reasons`: every one that applied, the deciding one first. `shadow_due`: a full fit is to be made beside the
    update and compared with it; `shadow_reason` says why, or why not."""

    mode: Mode
    reasons: tuple[str, ...]
    shadow_due: bool
    shadow_reason: str
