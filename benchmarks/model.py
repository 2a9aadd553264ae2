"""`python -m benchmarks model [CONTEST]`: the flagship, kept up to date in several ways, against tuned baselines."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from benchmarks import tune
from benchmarks.contests.contest import LESSONS, Contest
from benchmarks.contests.journey import TESTING, journey
from benchmarks.figures import publish, table
from benchmarks.kept import judged_once
from benchmarks.scores import Scores, gain
from benchmarks.strategies import STRATEGIES
from benchmarks.tune import FLAGSHIP, K, found_settings
from pipelines.errors import SourceError

SEEDS = range(7, 12)
FEWER_SEEDS = {"lightgcn": range(7, 8)}
"""Of models whose fit takes many minutes."""
NEEDED = (FLAGSHIP, "ials", "recency_ials")
CONTESTS: Mapping[str, Callable[[], Contest]] = {
    "yelp": tune.CONTESTS["yelp"],
    "gowalla": tune.CONTESTS["gowalla"],
    "journey": partial(journey, tuple(TESTING), before=LESSONS + 1),
}
"""The first week for testing goes on from a fit on the week before it, which has six weeks of lessons."""
SHORT = {"journey": "cj"}
"""What a contest is called in the figures, where that is not its own name."""


def run(*names: str) -> tuple[str, dict[str, float]]:
    """All contests, or those that are named; each has a section of its own, written as soon as it is through.

    The spans for testing are touched here and nowhere else.
    """
    tune.check_names(names, CONTESTS, "model")
    figures = dict[str, float]()
    for name in names or CONTESTS:
        settings, contest = tuned(name), CONTESTS[name]()
        found = _scores(contest, settings)
        of_contest = figures_of(SHORT.get(name, name), contest, found)
        publish(f"model-{name}", _text(contest, found) + untuned(name), of_contest)
        figures |= of_contest
    heading = (
        "## The flagship against tuned baselines (`make bench-model`)\n\n"
        f"NDCG@{K} over all items, mean of the spans for testing and of {len(SEEDS)} seeds, ± the deviation over "
        f"seeds ({', '.join(FEWER_SEEDS)}: one seed, since a fit takes minutes); CPU seconds of bringing the model "
        "to one more span, from the graph in memory to the saved state. "
        "Settings were chosen by `make tune` on the spans before; each contest has a table of its own below."
    )
    return heading, figures


Tuned = Mapping[tuple[str, str], Mapping[str, Any]]
"""Settings by the kind of model and the slice that they were chosen on."""


def tuned(name: str) -> Tuned:
    """Those that `make tune` chose on a contest; SourceError where there are none for whom a figure is about."""
    found = found_settings().get(name, {})
    needed = [kind for kind in NEEDED if kind in tune.CHOSEN[name] and kind not in found]
    if needed:
        told = " ".join(f"{name}/{kind}" for kind in needed) if found else name
        raise SourceError(
            f"no settings were chosen for {told}", where="tuned", mend=f'run `make tune CONTESTS="{told}"`'
        )
    return {(kind, slice_): told["settings"] for kind, by in found.items() for slice_, told in by.items()}


def _scores(contest: Contest, tuned: Tuned) -> dict[str, Scores]:
    judged = partial(judged_once, contest, k=K)
    found: dict[str, Scores] = {}
    for (kind, slice_), settings in tuned.items():
        if kind == FLAGSHIP:
            found |= {way: judged(way, kind, settings, seeds=SEEDS) for way in STRATEGIES}
        else:
            found[f"{kind}, tuned for {slice_}"] = judged("full refit", kind, settings, seeds=_seeds(kind))
    return found


def _seeds(kind: str) -> range:
    return FEWER_SEEDS.get(kind, SEEDS)


def _text(contest: Contest, found: Mapping[str, Scores]) -> str:
    rows: list[dict[str, object]] = []
    for name, scores in found.items():
        row: dict[str, object] = {"model": f"flagship, {name}" if name in STRATEGIES else name}
        for slice_ in contest.judged:
            row[f"{slice_} items"] = f"{scores.mean(slice_):.4f} ± {scores.spread(slice_):.4f}"
        rows.append(row | {"CPU s": f"{scores.cpu():.2f}"})
    told = []
    for slice_ in contest.judged:
        best = best_baseline(found, slice_)
        told.append(
            f"{slice_} items: incremental against the best baseline ({best}) "
            f"{gain(found['incremental'], found[best], slice_)}, against the full refit "
            f"{gain(found['incremental'], found['full refit'], slice_)}, against the graph alone "
            f"{gain(found['incremental'], found['graph only'], slice_)}"
        )
    each = ", ".join(f"{name} {_by_span(found[name])}" for name in ("full refit", "incremental"))
    return (
        f"### {contest.name}\n\n{table(rows)}\n\n" + ";\n".join(told) + " (95 % intervals over users). "
        f"CPU seconds of each span for testing: {each}."
    )


def untuned(name: str) -> str:
    """A sentence on the baselines that are not in the contest's table; nothing where all are."""
    missing = [f"{name}/{kind}" for kind in tune.CHOSEN[name] if kind not in found_settings()[name]]
    return f" Not judged, since no settings were chosen for them yet: {', '.join(missing)}." if missing else ""


def _by_span(scores: Scores) -> str:
    return " / ".join(f"{seconds:.2f}" for seconds in scores.cpu_seconds.mean(axis=0))


def best_baseline(found: Mapping[str, Scores], slice_: str) -> str:
    """The name of the baseline with the highest mean on `slice_`."""
    return max((name for name in found if name not in STRATEGIES), key=lambda name: found[name].mean(slice_))


def figures_of(name: str, contest: Contest, found: Mapping[str, Scores]) -> dict[str, float]:
    slice_ = contest.judged[0]
    ours, full = found["incremental"], found["full refit"]
    figures = {
        f"{name}_incremental_to_full_quality": ours.mean(slice_) / full.mean(slice_),
        f"{name}_graph_only_to_full_quality": found["graph only"].mean(slice_) / full.mean(slice_),
        f"{name}_incremental_to_full_cpu": ours.cpu() / full.cpu(),
        f"{name}_incremental_to_ials_refit_cpu": ours.cpu() / found[f"ials, tuned for {slice_}"].cpu(),
    }
    if len(contest.judged) > 1:
        for judged in contest.judged:
            figures[f"{name}_{judged}_ndcg"] = ours.mean(judged)
            figures[f"{name}_best_baseline_{judged}_ndcg"] = found[best_baseline(found, judged)].mean(judged)
        return figures
    plain, recent = (found[f"{kind}, tuned for new"].mean("new") for kind in ("ials", "recency_ials"))
    figures[f"{name}_ndcg"] = ours.mean("new")
    if name == "gowalla":
        return figures | {"gowalla_ials_ndcg": max(plain, recent)}
    return figures | {f"{name}_ials_ndcg": plain, f"{name}_recency_ials_ndcg": recent}
