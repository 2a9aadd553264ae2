"""All that questions of lineage are answered from: versions, other updates, the ledger's spans, and the lists."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from pipelines import registry
from pipelines.context import Context
from pipelines.lineage.seen import Lineage, Seen, saw
from pipelines.lineage.serving import Span, served_spans, tell_serving
from pipelines.lineage.stored import read_lineages, read_updates
from pipelines.serving.publishing import published
from pipelines.windows import Calendar


@dataclass(frozen=True)
class Landed:
    """`source` as a lineage tells it: window, connector, fingerprint, files; its rows are in the snapshot `tag`."""

    source: Mapping[str, Any]
    tag: str
    rows_added: bool = False


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

    def landed(self) -> list[Landed]:
        """Each landing that an update took a snapshot of, by the snapshots that hold its rows.

        A revision that no update of its own window made, but late or mended rows, holds what the one before held.
        """
        lineages = (*self.versions.values(), *self.updates)
        found = [each for lineage in lineages for each in _own_landings(lineage)]
        held: dict[str, list[Landed]] = {}
        for each in found:
            held.setdefault(each.tag, []).append(each)
        for earlier, tag in _revisions(lineages):
            if tag not in held and earlier in held:
                held[tag] = [replace(each, tag=tag, rows_added=True) for each in held[earlier]]
                found += held[tag]
        return found

    def sources(self) -> dict[str, dict[str, Any]]:
        """Where the rows of each snapshot came from; of several landings with the same rows the last.

        `rows_added`: late or mended rows came to it later.
        """
        return {each.tag: {**each.source, "rows_added": each.rows_added} for each in self.landed()}

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


def _own_landings(lineage: Lineage) -> Iterator[Landed]:
    tags = {told["window"]: told["tag"] for told in lineage.get("snapshots") or []}
    for source in lineage.get("sources") or []:
        if source["window"] in tags:
            yield Landed(source, tags[source["window"]])


def _revisions(lineages: Iterable[Lineage]) -> Iterator[tuple[str, str]]:
    """Each revision of a snapshot that is known of, after the one before it."""
    known = {each["tag"] for lineage in lineages for each in lineage.get("knew") or lineage.get("snapshots") or []}
    by_window: dict[str, list[tuple[int, str]]] = {}
    for tag in known:
        window, _, revision = tag.partition(".r")
        by_window.setdefault(window, []).append((int(revision or 1), tag))
    for tags in by_window.values():
        yield from pairwise(tag for _, tag in sorted(tags))


def read_known(context: Context) -> Known:
    """RegistryError where MLflow or the ledger cannot be read."""
    return Known(
        versions=read_lineages(context),
        updates=tuple(read_updates(context)),
        spans=tuple(served_spans(registry.entries(context))),
        lists=tuple(published(context)),
        calendar=context.calendar,
    )
