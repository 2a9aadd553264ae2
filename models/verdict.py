"""What a gate says: the outcome, and the rules behind it with their numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

Outcome = Literal["PASS", "FAIL", "INCONCLUSIVE"]
RuleOutcome = Literal["PASS", "FAIL", "INCONCLUSIVE", "LEFT_OUT", "REPORTED"]
"""LEFT_OUT: nothing to compare with. REPORTED: told, not judged."""
Severity = Literal["blocking", "warning"]

_ORDER: tuple[RuleOutcome, ...] = ("FAIL", "INCONCLUSIVE", "PASS", "LEFT_OUT", "REPORTED")


@dataclass(frozen=True)
class RuleResult:
    """What one rule found on one slice; None: no such.

    `value` and its one-sided bounds, set against `threshold`, over `n_users`; `p_value` of what the rule asks for,
    corrected for the slices it was asked on; `smallest_effect` is what this many users could have shown four times in
    five. `ours` and `theirs` are both models' means, `rival` names the other.
    """

    name: str
    outcome: RuleOutcome
    reason: str
    value: float | None = None
    lower: float | None = None
    upper: float | None = None
    threshold: float | None = None
    n_users: int | None = None
    metric: str | None = None
    slice: str | None = None
    rival: str | None = None
    ours: float | None = None
    theirs: float | None = None
    p_value: float | None = None
    smallest_effect: float | None = None
    severity: Severity = "blocking"


@dataclass(frozen=True)
class Verdict:
    """`rules` in the order in which they were put to the candidate; only PASS promotes."""

    outcome: Outcome
    rules: tuple[RuleResult, ...]

    @property
    def reasons(self) -> list[str]:
        """Each rule's reason, those that decided the outcome first."""
        return [rule.reason for rule in sorted(self.rules, key=_place)]

    @property
    def warnings(self) -> list[str]:
        """Reasons of warnings that did not pass; they decide nothing."""
        found = [rule for rule in self.rules if rule.severity == "warning"]
        return [rule.reason for rule in sorted(found, key=_place) if rule.outcome in ("FAIL", "INCONCLUSIVE")]

    def to_dict(self) -> dict[str, Any]:
        """JSON values only: numbers that are not finite become None."""
        rules = [{name: _json(value) for name, value in asdict(rule).items()} for rule in self.rules]
        return {"outcome": self.outcome, "reasons": self.reasons, "warnings": self.warnings, "rules": rules}


def verdict_of(rules: Sequence[RuleResult]) -> Verdict:
    """FAIL where a rule fails, else INCONCLUSIVE where one is, else PASS, which takes at least one rule that passed.

    Warnings have no say in that; that all is sound is not enough.
    """
    decisive = [rule for rule in rules if rule.severity == "blocking"]
    outcomes = {rule.outcome for rule in decisive}
    proven = any(rule.outcome == "PASS" and rule.name != "sound" for rule in decisive)
    outcome: Outcome = "PASS" if proven else "INCONCLUSIVE"
    if "INCONCLUSIVE" in outcomes:
        outcome = "INCONCLUSIVE"
    if "FAIL" in outcomes:
        outcome = "FAIL"
    return Verdict(outcome, tuple(rules))


def _place(rule: RuleResult) -> tuple[bool, int]:
    return rule.severity == "warning", _ORDER.index(rule.outcome)


def _json(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value
