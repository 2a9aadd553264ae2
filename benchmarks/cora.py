"""How well graph convolutions tell the subjects of Cora's papers: a yardstick of the field for our own."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from torch_geometric.data import Data
from torch_geometric.datasets import Planetoid
from torch_geometric.transforms import NormalizeFeatures

from benchmarks.contests.public import public_data
from benchmarks.cora_networks import DROPOUT, EPOCHS, HIDDEN, LEARNING_RATE, NETWORKS, WEIGHT_DECAY, Curves, learn
from benchmarks.cora_picture import draw_curves
from benchmarks.figures import PAGE, table
from models.threads import one_thread
from pipelines.files import whole_file
from pipelines.graph_views.drawing import lettering, png

SEEDS, ASKED = range(5), 0.815
PARTS = ("x", "tx", "allx", "y", "ty", "ally", "graph", "test.index")
SOURCE = f"{', '.join(f'ind.cora.{part}' for part in PARTS)} of kimiyoung/planetoid on GitHub"
PICTURE = PAGE.parent / "cora.png"


def run() -> tuple[str, dict[str, float]]:
    """The section's text and its figures; draws the picture that the text shows."""
    papers, learned = cora(), dict[str, list[Curves]]()
    with one_thread():
        for name, make in NETWORKS.items():
            print(name, file=sys.stderr)
            learned[name] = [learn(make, papers, seed) for seed in SEEDS]
    with lettering(), whole_file(PICTURE) as path:
        path.write_bytes(png(draw_curves(learned, ASKED)))
    figures = {f"{name} test_accuracy": float(np.mean([run.told for run in runs])) for name, runs in learned.items()}
    return _text(papers, learned), figures


def cora() -> Data:
    """The papers with their public split, words of each summing to 1."""
    with TemporaryDirectory() as folder:
        raw = Path(folder) / "Cora" / "raw"
        raw.mkdir(parents=True)
        for part in PARTS:
            shutil.copy(public_data(Path("cora") / f"ind.cora.{part}", SOURCE), raw)
        return Planetoid(folder, "Cora", transform=NormalizeFeatures())[0]


def _text(papers: Data, learned: Mapping[str, Sequence[Curves]]) -> str:
    rows: list[dict[str, object]] = [_row(name, runs) for name, runs in learned.items()]
    return f"""## Graph convolutions on Cora (`make bench-cora`)

Cora (below `TIDEGRAPH_DATA`): {papers.num_nodes:,} papers, {papers.num_edges:,} directed edges, the public split of
{int(papers.train_mask.sum())} papers to learn from, {int(papers.val_mask.sum())} for validation and
{int(papers.test_mask.sum()):,} for the test. Two convolutions, {HIDDEN} hidden, dropout {DROPOUT}, Adam with rate
{LEARNING_RATE} and weight decay {WEIGHT_DECAY}, {EPOCHS} epochs, the same for each; {len(SEEDS)} seeds. Test accuracy
at the epoch that was best in validation (of several the earliest).

{table(rows)}

*InterestConv, sum over the normalised adjacency* is GCN's convolution before its renormalisation (Kipf & Welling 2017,
eq. 7): a paper counts as much as all its neighbours together.

![Test accuracy by epoch]({PICTURE.name})
"""


def _row(name: str, runs: Sequence[Curves]) -> dict[str, object]:
    told = np.array([run.told for run in runs])
    return {
        "network": name,
        "test accuracy": f"{told.mean():.2%}",
        "lowest … highest seed": f"{told.min():.1%} … {told.max():.1%}",
        "after the last epoch": f"{np.mean([run.test[-1] for run in runs]):.2%}",
        "asked for": f"at least {ASKED:.1%}" if name == "GCN" else "–",
    }
