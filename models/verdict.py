"""What a gate says: the outcome, and the rules behind it with their numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

Outcome = Literal["PASS", "FAIL", "INCONCLUSIVE"]
RuleOutcome = Literal["PASS", "FAIL", "INCONCLUSIVE", "LEFT_OUT", "REPORTED"]
"""LEFT_OUT: nothing to compare with. REPORTED: told, not judged."""

_ORDER: tuple[RuleOutcome, ...] = ("FAIL", "INCONCLUSIVE", "PASS", "LEFT_OUT", "REPORTED")


@dataclass(frozen=True)
class RuleResult:
    """What one rule found: `value` and its one-sided bounds, set against `threshold`, over `n_users`; None: no such."""

    name: str
    outcome: RuleOutcome
    reason: str
    value: float | None = None
    lower: float | None = None
    upper: float | None = None
    threshold: float | None = None
    n_users: int | None = None


@dataclass(frozen=True)
class Verdict:
    """`rules` in the order in which they were put to the candidate; only PASS promotes."""

    outcome: Outcome
    rules: tuple[RuleResult, ...]

    @property
    def reasons(self) -> list[str]:
        """Each rule's reason, those that decided the outcome first."""
        return [rule.reason for rule in sorted(self.rules, key=lambda rule: _ORDER.index(rule.outcome))]

    def to_dict(self) -> dict[str, Any]:
        """JSON values only: numbers that are not finite become None."""
        rules = [{name: _json(value) for name, value in asdict(rule).items()} for rule in self.rules]
        return {"outcome": self.outcome, "reasons": self.reasons, "rules": rules}


def verdict_of(rules: Sequence[RuleResult]) -> Verdict:
    """FAIL where a rule fails, else INCONCLUSIVE where one is, else PASS, which takes at least one rule that passed."""
    outcomes = {rule.outcome for rule in rules}
    outcome: Outcome = "PASS" if "PASS" in outcomes else "INCONCLUSIVE"
    if "INCONCLUSIVE" in outcomes:
        outcome = "INCONCLUSIVE"
    if "FAIL" in outcomes:
        outcome = "FAIL"
    return Verdict(outcome, tuple(rules))


def _json(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value
