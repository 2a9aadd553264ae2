"""`torchrun … distributed_fit.py FOLDER`: each process fits the toy shop, and writes what it learned."""

from __future__ import annotations

import sys
from pathlib import Path

import torch
import torch.distributed as dist

from models.flagship.ranker import InterestRanker
from models.recommender import Slice
from tests.models.flagship_toy import SMALL, busy_purchases
from tests.models.toy import AS_OF, DAY_US, earlier, pairs, shop


def fit() -> dict[str, object]:
    """What one process learns: its curves and weights."""
    bought = busy_purchases()
    taken = [pair for pair, ages in bought.items() if any(age <= 7 for age in ages)]
    before = shop(earlier(bought, 7.0), users=24, items=60, as_of=AS_OF - 7 * DAY_US)
    ranker = InterestRanker(SMALL)
    report = ranker.fit([Slice(before, pairs(taken))], shop(bought, users=24, items=60))
    return {"curves": report.curves, "tensors": ranker.state().tensors}


if __name__ == "__main__":
    dist.init_process_group("gloo")
    torch.save(fit(), Path(sys.argv[1]) / f"{dist.get_rank()}.pt")
    dist.destroy_process_group()
