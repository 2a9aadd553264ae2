"""`torchrun … distributed_fit.py FOLDER`: each process fits the toy shop, and writes what it learned."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import torch
import torch.distributed as dist

from models.flagship import training
from models.flagship.ranker import InterestRanker
from models.recommender import Slice
from tests.models.flagship_toy import SMALL, busy_purchases
from tests.models.toy import AS_OF, DAY_US, earlier, pairs, shop

WAYS = {"one batch": (24, 30), "a last batch of one user": (23, 1), "no brands": (24, 2)}
"""Users of a batch, of the shop's 24, and epochs: with 23 one of two processes has nobody to learn from in the last."""

# Adam divides a gradient near zero by its own size: at larger steps the rounding of a sum in two parts grows with time
SETTINGS = replace(SMALL, learning_rate=0.003)


def fit() -> dict[str, Any]:
    """What one process learns in each of the ways: its curves and weights."""
    bought = busy_purchases()
    taken = [pair for pair, ages in bought.items() if any(age <= 7 for age in ages)]
    earlier_purchases = earlier(bought, 7.0)
    learned = {}
    for name, (users, epochs) in WAYS.items():
        ranker = InterestRanker(replace(SETTINGS, epochs=epochs))
        before, now = (
            shop(purchases, users=24, items=60, as_of=as_of)
            for purchases, as_of in ((earlier_purchases, AS_OF - 7 * DAY_US), (bought, AS_OF))
        )
        if name == "no brands":
            for graph in (before, now):
                graph["brand"].num_nodes, graph["item", "of", "brand"].edge_index = 0, torch.empty(2, 0).long()
        with patch.object(training, "BATCH_USERS", users):
            report = ranker.fit([Slice(before, pairs(taken))], now)
        learned[name] = {"losses": report.curves["loss"], "tensors": ranker.state().tensors}
    return learned


if __name__ == "__main__":
    dist.init_process_group("gloo")
    torch.save(fit(), Path(sys.argv[1]) / f"{dist.get_rank()}.pt")
    dist.destroy_process_group()
