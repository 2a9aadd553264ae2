"""What the dossier is made of: all that an update left, read once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from pipelines.context import Context
from pipelines.jobs import Job
from pipelines.records import find_record
from pipelines.runner import STEPS


@dataclass(frozen=True)
class Material:
    """`records` by step: `result`, `cpu_seconds`, `wall_seconds`; a step that did not run has none. `memory` by window,
    as `models.memory.Remembered`. `graph_words`: what the window changed in the graph, `None` where that is not told.
    `lineage` as `lineage.json` has it. `k`: the length of the lists that were judged."""

    window: str
    kind: str
    windows: tuple[str, ...]
    window_end: str
    k: int
    dry_run: bool = False
    params: Mapping[str, Any] = field(default_factory=dict)
    records: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    memory: Mapping[str, Mapping[str, float]] | None = None
    lineage: Mapping[str, Any] = field(default_factory=dict)
    graph_words: tuple[str, ...] | None = None

    def result(self, step: str) -> Mapping[str, Any]:
        """Empty where the step left nothing."""
        return self.records.get(step, {}).get("result") or {}

    @property
    def verdict(self) -> Mapping[str, Any]:
        """Empty where nothing was judged."""
        return self.result("gate").get("verdict") or {}

    @property
    def base(self) -> str | None:
        """The version that the update started from and was judged against; None for the first model."""
        base = self.result("plan").get("base")
        return base["version"] if base else None

    @property
    def ndcg(self) -> str:
        """The metric that everything turns on."""
        return f"ndcg_at_{self.k}"


def gather(
    job: Job, context: Context, *, lineage: Mapping[str, Any], graph_words: tuple[str, ...] | None = None
) -> Material:
    """Read the records of `job`; what is not there is left out."""
    found = {step: find_record(step, job, context) for step in STEPS[:-1]}
    evaluated = found["evaluate"]
    return Material(
        window=job.name,
        kind=job.kind,
        windows=tuple(window.name for window in job.windows),
        window_end=job.window.end.isoformat(),
        k=context.params.evaluate.k,
        dry_run=job.dry_run,
        params=context.params.model_dump(mode="json", by_alias=True),
        records={step: asdict(record) for step, record in found.items() if record is not None},
        memory=evaluated.result.get("memory") if evaluated else None,
        lineage=lineage,
        graph_words=graph_words,
    )
