"""Has the champion become worse than the version before it? The sequential test over the days that were graded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import pandas as pd

from models.watch.sequential import JudgedDay, watch
from pipelines.context import Context
from pipelines.errors import StoreError
from pipelines.watching.days import KeptDay, kept_day, kept_days
from pipelines.watching.grading import grades_of
from pipelines.watching.lists import CHAMPION
from pipelines.watching.rollbacks import own_rollbacks

REFERENCE = "reference"
UNJUDGED = "UNJUDGED"


def judge(day: str, context: Context) -> dict[str, Any]:
    """`finding` and its `reason`, with the numbers of `models.watch.sequential.Watched`, of all days up to `day` on
    which the same champion was graded beside the same reference."""
    kept = kept_day(day, context)
    graded = kept.read("graded")
    if graded is None:
        raise StoreError(f"{day} was not graded", where=str(kept.folder), mend=f"run: tidegraph watch --day {day}")
    champion, reference = (graded["versions"].get(role) for role in (CHAMPION, REFERENCE))
    told = {"day": day, "champion": champion, "reference": reference}
    if reference is None:
        nobody = f"no version was promoted before version {champion}: there is nothing to hold it against"
        reason = graded.get("missing", {}).get(REFERENCE, nobody)
        return kept.write("finding", told | {"finding": UNJUDGED, "reason": reason})
    metric = f"ndcg_at_{graded['k']}"
    days = [_paired(each, metric) for each in _same(graded["versions"], graded["k"], day, context)]
    found = watch(days[::-1], context.params.watch.rules())
    return kept.write("finding", told | asdict(found))


def _same(versions: dict[str, str], k: int, until: str, context: Context) -> Iterator[KeptDay]:
    """The days, the newest first, on which champion and reference were these; not those that a rollback came of before:
    who promoted that version again by hand knew them."""
    spent = max((day for day in own_rollbacks(context) if day < until), default="")
    for kept in kept_days(context, until=until):
        told = kept.read("graded") or {}
        others = any(told["versions"].get(role) != versions[role] for role in (CHAMPION, REFERENCE))
        if kept.name <= spent or others or told["k"] != k:
            return
        yield kept


def _paired(kept: KeptDay, metric: str) -> JudgedDay:
    grades = grades_of(kept, metric)
    by_role: pd.DataFrame = grades.pivot(index="user", columns="role", values=metric)
    if not len(by_role):
        return JudgedDay(kept.name, by_role.index.to_numpy("int64"), by_role.index.to_numpy("float64"))
    differences = by_role[CHAMPION] - by_role[REFERENCE]
    return JudgedDay(kept.name, differences.index.to_numpy("int64"), differences.to_numpy("float64"))
