"""`python -m benchmarks tune [CONTEST]`: choose every model's settings, and write them down for the comparison."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from benchmarks.contests.across_users import across_users
from benchmarks.contests.blocks import blocks
from benchmarks.contests.contest import TUNING_USERS, Contest
from benchmarks.contests.journey import TUNING, journey
from benchmarks.figures import table
from benchmarks.tuning.flagship import formula_space, gate_space
from benchmarks.tuning.search import Tuned, search
from benchmarks.tuning.spaces import SPACES, Space
from pipelines.errors import ParamsError
from pipelines.files import write_json
from pipelines.settings import ROOT, read_settings

TRIALS, K = 40, 20
FLAGSHIP = "interest_ranker"
FOLDER = ROOT / "benchmarks" / "tuned"
CONTESTS: Mapping[str, Callable[[], Contest]] = {
    "yelp": partial(blocks, "yelp"),
    "gowalla": partial(blocks, "gowalla"),
    "journey": partial(journey, tuple(TUNING)),
}


def run(*names: str) -> tuple[str, dict[str, float]]:
    """All contests, or those that are named; the settings go to benchmarks/tuned/, which is part of the project."""
    check_names(names, "tune")
    for name in names or CONTESTS:
        write_json(FOLDER / f"{name}.json", _tune(name, CONTESTS[name]()))
    found = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.json"))}
    return _text(found), {
        f"{contest} {kind} {slice_}": told["ndcg"]
        for contest, kinds in found.items()
        for kind, slices in kinds.items()
        for slice_, told in slices.items()
    }


def check_names(names: Sequence[str], command: str) -> None:
    """Raise ParamsError where a name is no contest's."""
    strangers = sorted(set(names) - set(CONTESTS))
    if strangers:
        raise ParamsError(
            f"there is no contest {', '.join(strangers)}", where=command, mend=f"name some of: {', '.join(CONTESTS)}"
        )


def _tune(name: str, contest: Contest) -> dict[str, dict[str, dict[str, Any]]]:
    folder = read_settings().home / "benchmarks" / "tuning"
    folder.mkdir(parents=True, exist_ok=True)
    tuned: dict[str, dict[str, dict[str, Any]]] = {}

    def choose(where: Contest, kind: str, space: Space, slice_: str) -> Tuned:
        print(f"{where.name}: {kind}, {slice_} items", file=sys.stderr)
        return search(where, kind, space, slice_, trials=TRIALS, k=K, journal=folder / f"{name}.log")

    for kind, space in SPACES.items():
        for slice_ in contest.judged:
            tuned.setdefault(kind, {})[slice_] = choose(contest, kind, space, slice_).to_dict()
    if contest.judged == ("new",):
        formula = choose(contest, FLAGSHIP, formula_space, "new")
        learned = choose(across_users(contest), FLAGSHIP, gate_space(formula.settings), "new")
        tuned[FLAGSHIP] = {"new": learned.to_dict() | {"formula": formula.to_dict()}}
    return tuned


def _text(found: Mapping[str, Any]) -> str:
    rows = []
    for contest, kinds in found.items():
        for kind, slices in kinds.items():
            for slice_, told in slices.items():
                if "formula" in told:
                    rows.append(_row(contest, f"{kind}, before it learns", slice_, told["formula"]))
                    kind = f"{kind}, across users"
                rows.append(_row(contest, kind, slice_, told))
    return f"""## Settings that were chosen (`make tune`)

{TRIALS} trials for each model and slice, by tree-structured Parzen estimators (Optuna); the mean NDCG@{K} over the
spans that are for tuning: blocks 1 and 2 of CCD, ranked after learning those before; weeks {TUNING[0]}–{TUNING[-1]} of
Complete Journey. CPU of all trials; one that was clearly worse than the others on the first spans was given up.
At most {TUNING_USERS:,} users of a span are judged, the same for every model. *Across users*: half of the users of the
last of these spans teach and the other half are judged, so that this row compares with no other; *before it learns*
does.

{table(rows)}
"""


def _row(contest: str, model: str, slice_: str, told: Mapping[str, Any]) -> dict[str, object]:
    return {
        "contest": contest,
        "model": model,
        "items": slice_,
        f"NDCG@{K}": float(told["ndcg"]),
        "CPU s": f"{told['cpu_seconds']:,.0f}",
        "settings": ", ".join(f"{name} {_short(value)}" for name, value in told["settings"].items()),
    }


def _short(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
