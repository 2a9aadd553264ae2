"""Complete Journey: weeks of real purchases, repeats and new items apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

from benchmarks.contests.contest import Contest
from benchmarks.replay import prepare
from pipelines.context import Context, read_context
from pipelines.graphs.folding import rebuild
from pipelines.judging.lessons import bought_between

TUNING, TESTING = range(40, 48, 3), range(48, 52)
"""Weeks, counted from the calendar's first; the last ones are touched once, for the table. Of those before, three that
lie apart: each trial fits and ranks for every one of them."""
HALF_LIVES = (3, 7, 14, 21, 35, 56, 70, 112, 224)
"""Days: more than params.yaml has, for baselines to choose from."""


def journey(weeks: Sequence[int], *, before: int = 0) -> Contest:
    """Rank all items for each of `weeks`, on the graph as of its start; `before`: as many weeks' graphs more, to learn
    from what was bought in them."""
    first, last = min(weeks) - before, max(weeks)
    context = _with_half_lives(prepare(read_context().calendar.at(last + 1).name))
    starts = [context.calendar.at(week).start for week in range(first, last + 2)]
    graphs = list(rebuild(context, starts[:-1]))
    taken = [
        bought_between(start, end, graph, context) for graph, (start, end) in zip(graphs, pairwise(starts), strict=True)
    ]
    tuning, testing = (_within(part, weeks, first) for part in (TUNING, TESTING))
    return Contest("Complete Journey", graphs, taken, tuning, testing, judged=("all", "new"))


def _with_half_lives(context: Context) -> Context:
    spans = {kind: [timedelta(days=days) for days in HALF_LIVES] for kind in context.params.refresh.half_lives}
    refresh = context.params.refresh.model_copy(update={"half_lives": spans})
    return replace(context, params=context.params.model_copy(update={"refresh": refresh}))


def _within(part: range, weeks: Sequence[int], first: int) -> range:
    """The spans of those of `weeks` that belong to `part`; span 0 is that of the week `first`."""
    found = [week - first for week in part if week in weeks]
    return range(found[0], found[-1] + 1, part.step) if found else range(0)
