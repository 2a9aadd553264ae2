"""The decision: soundness first, then every rule on every slice it asks for."""

from __future__ import annotations

from models.gates.against import judge_slices, reported, rival_name
from models.gates.bounds import judge_bound, judge_number
from models.gates.evidence import CANDIDATE, Evidence
from models.gates.gap import judge_gap
from models.gates.rules import RIVALS, GateRules, Rule
from models.gates.soundness import all_sound, faults
from models.metric_names import known_metrics
from models.verdict import RuleResult, Verdict, verdict_of


def decide(evidence: Evidence, settings: GateRules) -> Verdict:
    """Judge the candidate by `evidence`: only what is sound is judged, and only PASS promotes.

    A comparison with another model is paired by user: it takes the bootstrap of the users' differences, passes where
    the claim is shown at the rule's confidence, fails where its contrary is, both corrected over the rule's slices
    (Holm 1979), and is INCONCLUSIVE in between. A rule against a model that does not exist yet is LEFT_OUT. A slice
    with too few users is REPORTED; where a proof is asked for on a slice by name, it is INCONCLUSIVE. Raises ValueError
    for a rule about a metric that is not known.
    """
    _check_metrics(evidence, settings)
    found = faults(evidence, _numbers(evidence, settings))
    if found:
        return verdict_of(found)
    results = [result for rule in settings.rules for result in _judge(rule, evidence, settings)]
    return verdict_of([*results, *evidence.checks, all_sound(evidence)])


def _judge(rule: Rule, evidence: Evidence, settings: GateRules) -> list[RuleResult]:
    missing = [name for name in rule.named_slices if name not in evidence.slices]
    if missing:
        return [_about(rule, "INCONCLUSIVE", f"there is no slice {', '.join(missing)} in this window")]
    if rule.rival == "best_baseline" and not evidence.baselines:
        return [_about(rule, "INCONCLUSIVE", "no baseline was measured")]
    slices = [name for name in evidence.slices if rule.matches(name)]
    if not slices:
        return [_about(rule, "LEFT_OUT", f"no slice of this window is one of {', '.join(rule.slices)}")]
    if rule.rival is not None and rival_name(rule, slices[0], evidence) is None:
        return [_about(rule, "LEFT_OUT", f"there is no {RIVALS[rule.rival].removeprefix('the ')} yet to compare with")]
    many = [name for name in slices if _users(name, evidence) >= settings.min_users]
    few = [name for name in slices if name not in many]
    short = [name for name in few if name in rule.named_slices and rule.needs == "proof"]
    if short:
        said = ", ".join(f"{name} has {_users(name, evidence)}" for name in short)
        return [_about(rule, "INCONCLUSIVE", f"{settings.min_users} users are needed to judge; {said}")]
    return _put(rule, many, few, evidence, settings)


def _put(rule: Rule, many: list[str], few: list[str], evidence: Evidence, settings: GateRules) -> list[RuleResult]:
    of = known_metrics(evidence.k)[rule.metric].of
    if rule.comparison == "gap":
        if len(many) < 2:
            return [_about(rule, "LEFT_OUT", "a gap needs two slices with users enough")]
        return [judge_gap(rule, many, evidence, settings)]
    if rule.comparison in ("floor", "ceiling"):
        return [judge_bound(rule, name, evidence) for name in many]
    if of != "user":
        return [judge_number(rule, name, evidence) for name in many]
    told = [reported(rule, name, evidence, settings) for name in few]
    return [*judge_slices(rule, many, evidence, settings), *told]


def _about(rule: Rule, outcome: str, said: str) -> RuleResult:
    name = f"{rule.rival or rule.comparison}: {rule.metric}, {', '.join(rule.slices)}"
    return RuleResult(name, outcome, said, metric=rule.metric, severity=rule.severity)  # type: ignore[arg-type]


def _users(slice_name: str, evidence: Evidence) -> int:
    return len(evidence.models[CANDIDATE].slices[slice_name].users)


def _numbers(evidence: Evidence, settings: GateRules) -> dict[str, frozenset[str]]:
    """What rules ask of models as a whole, by model."""
    known = known_metrics(evidence.k)
    asked = [rule for rule in settings.rules if known[rule.metric].of == "model"]
    of_rivals = {name: frozenset(rule.metric for rule in asked if rule.rival == name) for name in evidence.rivals}
    return of_rivals | {CANDIDATE: frozenset(rule.metric for rule in asked)}


def _check_metrics(evidence: Evidence, settings: GateRules) -> None:
    known = known_metrics(evidence.k)
    strange = sorted({rule.metric for rule in settings.rules} - set(known))
    if strange:
        raise ValueError(f"there is no metric {', '.join(strange)}; there are {', '.join(known)}")
