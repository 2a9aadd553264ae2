"""The table of settings that were chosen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchmarks.contests.contest import TUNING_USERS
from benchmarks.contests.journey import TUNING
from benchmarks.contests.split import HELD_OUT
from benchmarks.figures import table
from benchmarks.tuning.search import Budget


def tuning_text(found: Mapping[str, Any], budget: Budget, k: int) -> str:
    """What was `found`, by contest, model and slice, with at most `budget` for each."""
    rows = []
    for contest, kinds in found.items():
        for kind, slices in kinds.items():
            for slice_, told in slices.items():
                if "formula" in told:
                    rows.append(_row(contest, f"{kind}, before it learns", slice_, told["formula"], k))
                    kind = f"{kind}, across users"
                rows.append(_row(contest, kind, slice_, told, k))
    return f"""## Settings that were chosen (`make tune`)

{budget.trials} trials for each model and slice, or for both slices together, by tree-structured Parzen estimators
(Optuna), and no more once they have taken {budget.cpu_seconds:,.0f} CPU seconds. What counts is the mean NDCG@{k} over
the spans that are for tuning: blocks 1 and 2 of CCD, ranked after learning those before; weeks
{", ".join(map(str, TUNING))} of Complete Journey; {HELD_OUT:.0%} of the public split's pairs for learning. Of both
slices it is the geometric mean: the flagship is one model for both. So is LightGCN on Complete Journey, which week
{TUNING[-1]} alone was for: a fit takes minutes there. CPU of all trials; one that was clearly worse than
the others on the first spans was given up, as was one that took more than {budget.of_one_trial:,.0f} CPU seconds alone.
At most {TUNING_USERS:,} users of a span are judged, the same for every model. *Across users*: half of the users of the
last of these spans teach and the other half are judged, so that this row compares with no other; *before it learns*
does.

{table(rows)}
"""


def _row(contest: str, model: str, slice_: str, told: Mapping[str, Any], k: int) -> dict[str, object]:
    return {
        "contest": contest,
        "model": model,
        "items": slice_,
        f"NDCG@{k}": float(told["ndcg"]),
        "trials": told["trials"],
        "CPU s": f"{told['cpu_seconds']:,.0f}",
        "settings": ", ".join(f"{name} {_short(value)}" for name, value in told["settings"].items()),
    }


def _short(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
