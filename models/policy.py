"""Which update is worth it: skip, graph-only, incremental or full. A pure decision, with every reason that applied.

Order of precedence. What asks for the dearest mode decides; among these, in the order in which they are asked: the
watch's request, forgetting, the loss that the last shadow full retrain measured, drift, age of the last full fit, size
of the delta. Then the budget, which has the last word: of the modes up to the one decided, the dearest that fits.

What is not known is never taken for fine. A delta, drift, forgetting or request that is not known asks for an
`incremental` update; an unknown age, for a `full` one; an unknown shadow loss, for a shadow full retrain.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Mapping
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


@dataclass(frozen=True)
class _Ask:
    mode: Mode
    reason: str


def decide_update(situation: Situation, rules: PolicyRules) -> Decision:
    """The mode of the next update of a champion that there is. Never raises, whatever is known or not."""
    asks = [
        *_request(situation),
        *_above("forgetting", _known(situation.forgetting), rules.max_forgetting),
        *_shadow_loss(situation, rules),
        *_drift(situation, rules),
        *_age(situation, rules),
        *_delta(situation, rules),
    ]
    asked = max(asks, key=lambda ask: MODES.index(ask.mode))
    reasons = [asked.reason, *(ask.reason for ask in asks if ask is not asked)]
    mode, told = _within_budget(asked.mode, situation, rules)
    reasons = [*told, *reasons] if mode != asked.mode else [*reasons, *told]
    due, why = _shadow(mode, situation, rules)
    return Decision(mode, tuple(reasons), due, why)


def _request(situation: Situation) -> Iterator[_Ask]:
    if situation.retrain_for is None:
        yield _Ask("incremental", "it is not known whether the watch asks for a retrain")
    elif situation.retrain_for:
        yield _Ask("full", f"the watch asks for a retrain, for {', '.join(situation.retrain_for)}")


def _above(name: str, value: float | None, limit: float) -> Iterator[_Ask]:
    if value is None:
        yield _Ask("incremental", f"{name} is not known")
    elif value > limit:
        yield _Ask("full", f"{name} {value:.2%} of NDCG is above {limit:.2%}")


def _shadow_loss(situation: Situation, rules: PolicyRules) -> Iterator[_Ask]:
    """What is not known of it is found out by a shadow full retrain; a full fit since then has mended what was lost."""
    loss = _known(situation.shadow_loss)
    full, shadow = (_known(age, least=0) for age in (situation.windows_since_full, situation.windows_since_shadow))
    mended = full is not None and shadow is not None and full <= shadow
    if loss is not None and not mended:
        yield from _above("the loss of incremental updates against a full retrain,", loss, rules.max_shadow_loss)


def _drift(situation: Situation, rules: PolicyRules) -> Iterator[_Ask]:
    psi = _known(situation.psi, least=0)
    if psi is None:
        yield _Ask("incremental", "drift is not known")
    elif psi > rules.psi_much:
        yield _Ask("full", f"drift: PSI {psi:.3g} is above {rules.psi_much:g}")
    elif psi > rules.psi_some:
        yield _Ask("incremental", f"drift: PSI {psi:.3g} is above {rules.psi_some:g}")


def _age(situation: Situation, rules: PolicyRules) -> Iterator[_Ask]:
    age = _known(situation.windows_since_full, least=0)
    if age is None:
        yield _Ask("full", "it is not known when the last full fit was")
    elif age >= rules.full_every:
        yield _Ask("full", f"the last full fit is {age:g} windows old; one is due every {rules.full_every}")


def _delta(situation: Situation, rules: PolicyRules) -> Iterator[_Ask]:
    """Always one: whatever else is asked, this is the least that is done."""
    share = _known(situation.new_edges, least=0)
    if share is None:
        yield _Ask("incremental", "the size of the delta is not known")
    elif share < rules.skip_below:
        yield _Ask("skip", f"the delta is {share:.3%} of the edges, below {rules.skip_below:.3%}: not worth an update")
    elif share < rules.graph_only_below:
        said = f"below {rules.graph_only_below:.3%}: not worth learning"
        yield _Ask("graph-only", f"the delta is {share:.3%} of the edges, {said}")
    else:
        yield _Ask("incremental", f"the delta is {share:.3%} of the edges, {rules.graph_only_below:.3%} or more")


def _within_budget(asked: Mode, situation: Situation, rules: PolicyRules) -> tuple[Mode, list[str]]:
    """The dearest mode up to `asked` that fits, and what is to be said of each that does not, or is not known to."""
    told = []
    for mode in reversed(MODES[: MODES.index(asked) + 1]):
        fits, said = _fits(mode, situation, rules)
        told += said
        if fits:
            return mode, told
    return "skip", told


def _fits(mode: Mode, situation: Situation, rules: PolicyRules) -> tuple[bool, list[str]]:
    """Of unknown cost, a `full` fit does not fit a budget; the cheaper modes are tried, or they were never measured."""
    budget, cost = rules.cpu_budget, _known(situation.cpu_seconds.get(mode), least=0)
    if mode == "skip" or math.isinf(budget):
        return True, []
    if cost is None:
        fits = mode != "full"
        said = "it is tried" if fits else "it is not known to fit"
        return fits, [f"what {mode} costs is not known; of a budget of {budget:g} CPU seconds, {said}"]
    if cost > budget:
        return False, [f"{mode} costs {cost:.3g} CPU seconds, above the budget of {budget:g}"]
    return True, []


def _shadow(mode: Mode, situation: Situation, rules: PolicyRules) -> tuple[bool, str]:
    if not rules.shadow_every:
        return False, "shadow full retrains are switched off"
    if mode == "full":
        return False, "this update is a full fit itself"
    age = _known(situation.windows_since_shadow, least=0)
    if age is None or _known(situation.shadow_loss) is None:
        return True, "what incremental updates lose against a full retrain is not known"
    said = f"the last shadow full retrain is {age:g} windows old; one is due every {rules.shadow_every}"
    return age >= rules.shadow_every, said


def _known(value: float | None, least: float = -math.inf) -> float | None:
    """None for what is not known: NaN, −∞ and what lies below `least` too. Beyond floats is ∞."""
    if value is not None and value > sys.float_info.max:
        return math.inf
    if value is None or not value >= max(least, -sys.float_info.max):
        return None
    return float(value)
