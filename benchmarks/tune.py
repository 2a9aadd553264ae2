"""`python -m benchmarks tune [CONTEST[/MODEL]]`: choose models' settings, and write them down for the comparison."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
from typing import Any

from benchmarks.contests.across_users import across_users
from benchmarks.contests.blocks import blocks
from benchmarks.contests.contest import LESSONS, Contest
from benchmarks.contests.journey import TUNING, journey
from benchmarks.contests.split import split
from benchmarks.tuning.flagship import formula_space, gate_space, learning_space, shipped_choice
from benchmarks.tuning.report import tuning_text
from benchmarks.tuning.search import Budget, Tunable, Tuned, search
from benchmarks.tuning.spaces import SPACES
from pipelines.context import read_context
from pipelines.errors import ParamsError
from pipelines.files import write_json
from pipelines.judging.ranker import make_candidate
from pipelines.settings import ROOT, read_settings

BUDGET, K = Budget(trials=40), 20
FLAGSHIP = "interest_ranker"
FOLDER = ROOT / "benchmarks" / "tuned"
CONTESTS: Mapping[str, Callable[[], Contest]] = {
    "yelp": partial(blocks, "yelp"),
    "gowalla": partial(blocks, "gowalla"),
    "journey": partial(journey, tuple(TUNING), before=LESSONS),
    "split": split,
}
CHOSEN: Mapping[str, Sequence[str]] = {
    "yelp": (*SPACES, FLAGSHIP),
    "gowalla": (*SPACES, FLAGSHIP),
    "journey": (*SPACES, FLAGSHIP),
    "split": (FLAGSHIP,),
}
"""Whose settings are chosen on each: the public split is compared with what others published on it."""
DEAR = {("journey", "lightgcn")}
"""A fit takes minutes: chosen on the last span for tuning alone, and for all slices together, or no trial would be
through within the budget."""
MOST_FACTORS = {"split": 384}
"""Of the flagship, where it may have more than the baselines: there are none on the public split."""


def run(*names: str) -> tuple[str, dict[str, float]]:
    """All contests, or those or the models of those that are named; the settings go to benchmarks/tuned/, which is part
    of the project, as soon as they are found."""
    check_names([name.split("/")[0] for name in names], CONTESTS, "tune")
    for name, kinds in _by_contest(names).items():
        contest = CONTESTS[name]()
        for kind in kinds or CHOSEN[name]:
            tuned = _tune(name, contest, kind)
            (FOLDER / name).mkdir(parents=True, exist_ok=True)
            write_json(FOLDER / name / f"{kind}.json", tuned)
    found = found_settings()
    return tuning_text(found, BUDGET, K), {
        f"{contest} {kind} {slice_}": told["ndcg"]
        for contest, kinds in found.items()
        for kind, slices in kinds.items()
        for slice_, told in slices.items()
    }


def check_names(names: Sequence[str], contests: Collection[str], command: str) -> None:
    """Raise ParamsError where a name is none of the `contests`."""
    strangers = sorted(set(names) - set(contests))
    if strangers:
        raise ParamsError(
            f"there is no contest {', '.join(map(repr, strangers))}",
            where=command,
            mend=f"name some of: {', '.join(contests)}",
        )


def found_settings() -> dict[str, dict[str, dict[str, dict[str, Any]]]]:
    """What was chosen up to now, by contest, model and slice."""
    found: dict[str, dict[str, dict[str, dict[str, Any]]]] = {}
    for path in sorted(FOLDER.glob("*/*.json")):
        found.setdefault(path.parent.name, {})[path.stem] = json.loads(path.read_text(encoding="utf-8"))
    return found


def _by_contest(names: Sequence[str]) -> dict[str, list[str]]:
    """The models to choose for, by contest; none are named where it is all of them."""
    asked: dict[str, list[str]] = {}
    for contest, slash, kind in (name.partition("/") for name in names or CONTESTS):
        if slash and kind not in CHOSEN[contest]:
            raise ParamsError(
                f"no settings are chosen for a model {kind!r} on {contest}",
                where="tune",
                mend=f"name some of: {', '.join(CHOSEN[contest])}",
            )
        asked.setdefault(contest, []).extend([kind] if kind else [])
    return asked


def _tune(name: str, contest: Contest, kind: str) -> dict[str, dict[str, Any]]:
    """The settings that were chosen for each slice that `contest` judges."""
    folder = read_settings().home / "benchmarks" / "tuning" / name
    folder.mkdir(parents=True, exist_ok=True)

    def choose(where: Contest, model: Tunable, *slices: str) -> Tuned:
        print(f"{where.name}: {kind}, {' and '.join(slices)} items", file=sys.stderr)
        return search(where, model, slices, budget=BUDGET, k=K, journal=folder / f"{kind}.log")

    if (name, kind) in DEAR:
        last = replace(contest, tuning=contest.tuning[-1:])
        return {" and ".join(contest.judged): choose(last, Tunable(kind, SPACES[kind]), *contest.judged).to_dict()}
    if kind != FLAGSHIP:
        return {slice_: choose(contest, Tunable(kind, SPACES[kind]), slice_).to_dict() for slice_ in contest.judged}
    if "all" in contest.judged:  # one model for all of them
        shipped = _shipped()
        model = Tunable(kind, learning_space(shipped), shipped_choice(shipped))
        return {" and ".join(contest.judged): choose(contest, model, *contest.judged).to_dict()}
    starts = partial(formula_space, most_factors=MOST_FACTORS.get(name, 192))
    formula = choose(contest, Tunable(kind, starts), "new")
    learned = choose(across_users(contest), Tunable(kind, gate_space(formula.settings)), "new")
    return {"new": learned.to_dict() | {"formula": formula.to_dict()}}


def _shipped() -> dict[str, Any]:
    """The flagship's settings as params.yaml has them."""
    made: Any = make_candidate(read_context().params.fit)
    return asdict(made.settings)
