"""All that questions of lineage are answered from: versions, other updates, the ledger's spans, and the lists."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipelines import registry
from pipelines.context import Context
from pipelines.files import read_json
from pipelines.lineage.seen import Lineage, Seen, saw
from pipelines.lineage.serving import Span, served_spans, tell_serving
from pipelines.lineage.stored import read_lineages, read_updates
from pipelines.windows import Calendar


@dataclass(frozen=True)
class Known:
    """`versions` by number, oldest first; `updates` by window; `lists`: the manifests of published lists."""

    versions: Mapping[str, Lineage]
    updates: tuple[Lineage, ...]
    spans: tuple[Span, ...]
    lists: tuple[Mapping[str, Any], ...]
    calendar: Calendar

    def saw(self, version: str) -> list[Seen]:
        return saw(version, self.versions, self.calendar)

    def landed(self) -> list[tuple[Mapping[str, Any], str | None]]:
        """Each landing that an update took a snapshot of, and the snapshot's tag."""
        found = []
        for lineage in (*self.versions.values(), *self.updates):
            tags = {told["window"]: told["tag"] for told in lineage.get("snapshots") or []}
            found += [(source, tags.get(source["window"])) for source in lineage.get("sources") or []]
        return found

    def sources(self) -> dict[str | None, Mapping[str, Any]]:
        """Where the rows of each snapshot tag came from; of several landings with the same rows the last."""
        return {tag: source for source, tag in self.landed()}

    def tell_version(self, version: str) -> dict[str, Any]:
        """A version in short."""
        lineage = self.versions[version]
        verdict = lineage.get("verdict") or {}
        return {
            "version": version,
            "window": lineage.get("window"),
            "mode": lineage.get("mode"),
            "verdict": verdict.get("outcome"),
            "serving": tell_serving(version, self.spans),
            "lists": [told["window"] for told in self.lists if str(told.get("version")) == version],
        }


def read_known(context: Context) -> Known:
    """RegistryError where MLflow or the ledger cannot be read."""
    return Known(
        versions=read_lineages(context),
        updates=tuple(read_updates(context)),
        spans=tuple(served_spans(registry.entries(context))),
        lists=tuple(read_json(path) for path in sorted(context.path("predictions").glob("*/manifest.json"))),
        calendar=context.calendar,
    )
