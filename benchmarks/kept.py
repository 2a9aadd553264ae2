"""Scores that took long: kept below TIDEGRAPH_HOME, so that a comparison that was cut off goes on where it was."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.scores import Scores
from pipelines.files import digest_json
from pipelines.revision import code_revision


def kept(folder: Path, of: Mapping[str, Any], make: Callable[[], Scores]) -> Scores:
    """The scores that these sources gave for `of` (what decides them) before, else what `make` gives now."""
    path = folder / f"{digest_json({**of, 'code': code_revision()})[:16]}.npz"
    if not path.exists():
        _write(path, make())
    return _read(path)


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
