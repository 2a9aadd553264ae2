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
from collections.abc import Iterator
from dataclasses import dataclass

from models.policy_terms import MODES, Decision, Mode, PolicyRules, Situation


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
