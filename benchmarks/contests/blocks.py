"""CCD: public data in six blocks in order of time, of which one after another arrives."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd

from benchmarks.contests.contest import Contest
from benchmarks.contests.public import public_data, public_table
from features.backend import local_backend
from features.delta import Delta, event_table, item_table, user_table
from features.fold import fold
from features.graph import InterestGraph, empty_graph
from features.hetero import next_pairs
from features.kinds import FOLDED
from features.rules import DAY_US, Rules
from features.schema import EVENTS, empty
from pipelines.errors import SourceError

START, BLOCK = datetime(2024, 1, 1, tzinfo=UTC), timedelta(days=7)
"""The blocks bear no times: each is given a week, and all of it happens at the week's end."""
BLOCKS = 6
DECAYS = (0.001, 0.2, 0.4, 0.55, 0.7, 0.85, 0.999)
"""What is left of a weight after one block; the first counts the last block alone, the last one all of them."""
SOURCE = "the blocks of Gyu-Seok0/CCD_KDD24 on GitHub, as columns block, split, user, item"


def half_life(decay: float) -> float:
    """Days in which a weight halves of which `decay` is left after a block; as the graph holds it, in whole µs."""
    return round(BLOCK / timedelta(days=1) * math.log(0.5) / math.log(decay) * DAY_US) / DAY_US


def blocks(name: str) -> Contest:
    """The contest of `yelp` or `gowalla`: learn the blocks up to t, rank all items but the seen for block t + 1."""
    path = Path("ccd") / f"{name}.parquet"
    rows = public_table(path, ("block", "user", "item"), SOURCE)
    if set(rows["block"]) != set(range(BLOCKS)):
        raise SourceError(
            f"the blocks are not 0 to {BLOCKS - 1}",
            where=str(public_data(path, SOURCE)),
            mend=f"get {SOURCE}, and put it there",
        )
    spans = tuple(int(half_life(decay) * DAY_US) for decay in DECAYS)
    rules = Rules({kind.name: spans for kind in FOLDED}, {"purchase": 1.0}, expire_after=10_000 * DAY_US)
    graphs = [empty_graph(epoch=START, rules=rules)]
    for block, events in events_of(rows).groupby(rows["block"]):
        graphs.append(folded(graphs[-1], events, START + (int(str(block)) + 1) * BLOCK))
    taken = [next_pairs(events_of(rows[rows["block"] == block + 1]), graph) for block, graph in enumerate(graphs[1:-1])]
    return Contest(
        name,
        graphs[1:-1],
        taken,
        tuning=range(2),
        testing=range(2, 5),
        judged=("new",),
        first_lesson=1,  # all of block 0 happened at once: what came after it teaches nothing of time
    )


def events_of(rows: pd.DataFrame) -> pd.DataFrame:
    """Purchases at the end of their block's week, from the columns block, user, item."""
    ends = START + pd.to_timedelta((rows["block"].astype("int64") + 1) * BLOCK.days, unit="D")
    table = pd.DataFrame(
        {
            "event_id": rows.index.astype("str"),
            "user_id": rows["user"].astype("str"),
            "item_id": rows["item"].astype("str"),
            "event_type": "purchase",
            "occurred_at": ends - timedelta(microseconds=1),
            "revision": 0,
        }
    )
    return table.reindex(columns=list(EVENTS)).astype(EVENTS)


def folded(graph: InterestGraph, events: pd.DataFrame, end: datetime) -> InterestGraph:
    """`graph` and what `events` add to it, as of `end`."""
    delta = Delta(event_table(events), user_table(empty("users")), item_table(empty("items")))
    with local_backend() as backend:
        return fold(graph, delta, as_of=end, backend=backend)
