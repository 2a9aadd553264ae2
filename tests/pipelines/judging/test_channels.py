"""What was bought is told apart by the channel that its events name."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import torch

from pipelines.context import Context, read_context
from pipelines.graphs.files import read_graph
from pipelines.jobs import update_job
from pipelines.judging.channels import bought_by_channel
from pipelines.judging.lessons import bought_between
from pipelines.runner import perform
from tests.drop import UNTIL, copy_home, window


def collected(bootstrapped: Path, folder: Path, domains: list[str]) -> Context:
    """The shop with UNTIL in its registry, whose events came through `domains` by turns."""
    context = read_context(environment=copy_home(bootstrapped, folder))
    path = context.settings.drop / UNTIL / "events.csv"
    events = pd.read_csv(path)
    events["domain"] = [domains[place % len(domains)] for place in range(len(events))]
    events.to_csv(path, index=False)
    perform(["collect", "validate", "snapshot"], update_job(UNTIL, context), context)
    return context


def test_pairs_of_each_channel_together_are_all_that_was_bought_and_nothing_later(
    bootstrapped: Path, tmp_path: Path
) -> None:
    context = collected(bootstrapped, tmp_path / "shop", ["web", "app", "web"])
    job, graph = update_job(UNTIL, context), read_graph(context.path("graphs", window(4), "end"))
    start = job.cut(context.params.evaluate)
    found = bought_by_channel(start, job.window.end, graph, context, job.window)
    assert set(found) == {"channel/app", "channel/web"}
    everything = bought_between(start, job.window.end, graph, context, job.window)
    assert torch.equal(torch.cat(list(found.values()), dim=1).unique(dim=1), everything)
    assert found["channel/web"].shape[1] > 1.5 * found["channel/app"].shape[1]


def test_one_channel_alone_is_no_slice(bootstrapped: Path, tmp_path: Path) -> None:
    context = collected(bootstrapped, tmp_path / "shop", ["web"])
    job, graph = update_job(UNTIL, context), read_graph(context.path("graphs", window(4), "end"))
    assert bought_by_channel(job.window.start, job.window.end, graph, context, job.window) == {}
