"""Scores that took long: kept below TIDEGRAPH_HOME, so that a comparison that was cut off goes on where it was."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.contests.contest import Contest
from benchmarks.scores import Scores, judge
from benchmarks.strategies import STRATEGIES
from pipelines.files import digest_json
from pipelines.revision import code_revision
from pipelines.settings import ROOT, read_settings


def judged_once(
    contest: Contest, way: str, kind: str, settings: Mapping[str, Any], *, seeds: Sequence[int], k: int
) -> Scores:
    """What `judge` gives for the strategy `way`; from before, where the same sources gave it on the same spans."""
    of: dict[str, Any] = {
        "contest": contest.name,
        "spans": _spans(contest),
        "way": way,
        "kind": kind,
        "settings": dict(settings),
        "seeds": list(seeds),
        "k": k,
        "code": [code_revision(), _own_revision()],
    }
    path = read_settings().home / "benchmarks" / "judged" / f"{digest_json(of)[:16]}.npz"
    if not path.exists():
        _write(path, judge(contest, STRATEGIES[way], kind, settings, seeds=seeds, k=k))
    return _read(path)


def _spans(contest: Contest) -> list[tuple[int, int]]:
    """Of each span for testing its instant and how many pairs are to be found: other data have others."""
    return [(int(contest.heteros[span].as_of), contest.taken[span].shape[1]) for span in contest.testing]


def _own_revision() -> str:
    """Of the benchmarks' sources, which `code_revision` leaves out."""
    sources = sorted((ROOT / "benchmarks").rglob("*.py"))
    return hashlib.sha256(b"\0".join(path.read_bytes() for path in sources)).hexdigest()[:16]


def _write(path: Path, scores: Scores) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    parts = {f"ndcg/{slice_}": values for slice_, values in scores.ndcg.items()}
    parts |= {f"span/{slice_}": values for slice_, values in scores.spans.items()}
    beside = path.with_suffix(".tmp.npz")
    np.savez_compressed(beside, cpu_seconds=scores.cpu_seconds, **parts)  # type: ignore[arg-type]
    beside.replace(path)


def _read(path: Path) -> Scores:
    with np.load(path) as stored:
        slices = [name.removeprefix("ndcg/") for name in stored.files if name.startswith("ndcg/")]
        return Scores(
            {slice_: stored[f"ndcg/{slice_}"] for slice_ in slices},
            stored["cpu_seconds"],
            {slice_: stored[f"span/{slice_}"] for slice_ in slices},
        )
