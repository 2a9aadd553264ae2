"""What the gate looks at: what was measured of each model, in which window, and what has to be there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from models.metrics import Evaluation
from models.verdict import RuleResult

CANDIDATE = "candidate"


@dataclass(frozen=True)
class Measured:
    """Of one model: metrics by slice, `numbers` of the model as a whole, and the window it was measured on."""

    window: str
    slices: Evaluation
    numbers: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Evidence:
    """`models` by name: the candidate, `baselines`, and the rivals there are: `champion`, `last_full`.

    `slices` are those that every model has to be measured on, `baselines` those it has to be compared with; a rival
    that is in `rivals` and was not measured is a fault, one that is in neither does not exist yet. `checks` are
    results of what was asked of the candidate's behaviour, such as whether it answers at all.
    """

    window: str
    k: int
    models: Mapping[str, Measured]
    slices: tuple[str, ...]
    baselines: tuple[str, ...]
    rivals: tuple[str, ...] = ()
    checks: tuple[RuleResult, ...] = ()

    @property
    def needed(self) -> tuple[str, ...]:
        """Models that have to be measured beside the candidate."""
        return (*self.rivals, *self.baselines)
