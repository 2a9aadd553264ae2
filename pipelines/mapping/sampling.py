"""A few rows of each table of a source, shaped as a mapping says, before anything lands."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, runtime_checkable

import pyarrow as pa

from pipelines.context import as_said
from pipelines.errors import SourceError
from pipelines.jobs import shortest_bootstrap
from pipelines.params.shape import Params
from pipelines.windows import Calendar
from sources.catalogue import open_connector
from sources.connector import Place, SourceFault
from sources.mapped_files import Sample
from sources.mapping.columns import check_columns
from sources.mapping.shape import shape_arrow
from sources.mapping.spec import Mapping, TableSpec, read_mapping

TRIES = {
    "stream": "save some messages as JSON, one a line, in a file some.jsonl; in a copy of the mapping say"
    " `connector: files`, leave out `options` and write `from: {{paths: [some.jsonl]}}`; then run"
    " `tidegraph source check COPY --drop FOLDER`, with the file's folder",
    "catalogue_crawler": "set a small options.max_pages and crawl into a home of its own:"
    " `TIDEGRAPH_HOME=try tidegraph stream crawl {path}` tells how many products it finds",
    "marketplace": "run it in a home of its own:"
    " `TIDEGRAPH_HOME=try TIDEGRAPH_MAPPING={path} tidegraph bootstrap --until {until}`",
}
"""How a source that cannot be sampled is tried instead."""


@runtime_checkable
class Sampled(Protocol):
    """A connector that shows some raw rows of each table, and keeps nothing of having been asked."""

    def sample(self, rows: int) -> Iterator[Sample]: ...


@dataclass
class Gathered:
    """A table's sample, part by part: shaped rows, columns seen, where from, what was told of them."""

    spec: TableSpec
    rows: list[pa.Table] = field(default_factory=list)
    files: dict[str, None] = field(default_factory=dict)
    columns: dict[str, None] = field(default_factory=dict)
    notes: dict[str, None] = field(default_factory=dict)


@dataclass(frozen=True)
class Taken:
    """What a mapping says, its calendar, and its tables' samples by name."""

    mapping: Mapping
    calendar: Calendar
    tables: dict[str, Gathered]


def take_samples(path: Path, drop: Path, params: Params, *, rows: int, say: Callable[[str], None]) -> Taken:
    """About the first `rows` rows of each table of the mapping `path`; SourceError where they cannot be had."""
    try:
        mapping = _named(path)
        params = params.model_copy(update={"window": as_said(mapping.window, params.window)})
        calendar = Calendar(params.window.first, params.window.length)
        source = open_connector("", Place(drop, drop, calendar.origin, calendar.length), path)
        if not isinstance(source, Sampled):
            raise _not_sampled(mapping, calendar, params)
        return Taken(mapping, calendar, _gather(source.sample(rows), mapping, calendar, say))
    except SourceFault as fault:
        raise SourceError(fault.what, where=fault.where, mend=fault.mend) from fault


def _named(path: Path) -> Mapping:
    """The mapping that the command was given. Raises SourceFault."""
    try:
        return read_mapping(path)
    except SourceFault as fault:
        if not isinstance(fault.__cause__, OSError):
            raise
        mend = "give `tidegraph source check` the path of a mapping file as its argument"
        raise SourceFault(fault.what, where=fault.where, mend=mend) from fault


def _not_sampled(mapping: Mapping, calendar: Calendar, params: Params) -> SourceFault:
    fewest = shortest_bootstrap(params)
    return SourceFault(
        f"a source of kind {mapping.connector} cannot be sampled",
        where=str(mapping.path),
        mend=TRIES[mapping.connector].format(path=shlex.quote(str(mapping.path)), until=calendar.at(fewest).name),
    )


def _gather(
    samples: Iterable[Sample], mapping: Mapping, calendar: Calendar, say: Callable[[str], None]
) -> dict[str, Gathered]:
    gathered = {name: Gathered(spec) for name, spec in mapping.tables.items()}
    for sample in samples:
        each, raw = gathered[sample.table], sample.raw
        if sample.places.where not in each.files:
            say(f"reading {sample.table} from {sample.places.where}")
        each.files[sample.places.where] = None
        each.columns |= dict.fromkeys(name for name in raw.column_names if name)
        each.notes |= dict.fromkeys(check_columns(raw.column_names, sample.table, sample.spec, sample.places.where))
        each.rows.append(_shaped(raw, sample, mapping.name, calendar))
    return gathered


def _shaped(raw: pa.Table, sample: Sample, source: str, calendar: Calendar) -> pa.Table:
    return shape_arrow(raw, sample.table, sample.spec, source=source, start=calendar.origin, places=sample.places)
