"""The public split of Gowalla: pairs without times, most of them to learn from and the rest to be found."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pandas as pd

from benchmarks.contests.blocks import START, events_of, folded
from benchmarks.contests.contest import Contest
from benchmarks.contests.public import gowalla_split
from features.graph import InterestGraph, empty_graph
from features.hetero import next_pairs
from features.kinds import FOLDED
from features.rules import DAY_US, Rules

HELD_OUT, SEED = 0.1, 7
"""The share of the pairs to learn from that settings are chosen on."""


def split() -> Contest:
    """Tuned on a tenth of the pairs for learning that is held out, and judged on the split's own after learning all."""
    learned, asked = (gowalla_split(part).assign(block=0) for part in ("train", "test"))
    held_out = np.random.default_rng(SEED).random(len(learned)) < HELD_OUT
    before, after = _graph(learned[~held_out]), _graph(learned)
    taken = [next_pairs(events_of(pairs), graph) for pairs, graph in ((learned[held_out], before), (asked, after))]
    return Contest(
        "Gowalla's public split", [before, after], taken, tuning=range(1), testing=range(1, 2), judged=("new",)
    )


def _graph(pairs: pd.DataFrame) -> InterestGraph:
    """All of `pairs` at the same instant, so that no weight fades against another."""
    rules = Rules({kind.name: (7 * DAY_US,) for kind in FOLDED}, {"purchase": 1.0}, expire_after=10_000 * DAY_US)
    return folded(empty_graph(epoch=START, rules=rules), events_of(pairs), START + timedelta(days=7))
