"""Which of a source's columns a table's rules know: the missing ones, the unknown ones, and the nearest names."""

from __future__ import annotations

import json
from collections.abc import Sequence

from features.schema import LANDED, REQUIRED
from sources.connector import SourceFault
from sources.mapping.spec import TableSpec, rules_of
from sources.mapping.wording import nearest

DELIMITERS = {";": "';'", "\t": "tabs", "|": "'|'", ",": "commas"}
"""What may part the names in a header, and how it is called."""


def check_columns(columns: Sequence[str], table: str, spec: TableSpec, where: str) -> tuple[str, ...]:
    """What a user should know of a source's columns, as sentences.

    Raises SourceFault when a column is missing that every row of the table needs.
    """
    notes = []
    columns = [column for column in columns if column]
    for field, rule in rules_of(table, spec).items():
        for column in rule.among(columns).columns:
            if column not in columns and columns:
                if field in REQUIRED[table] and field != "valid_from":
                    raise _missing(column, field, list(columns), table, where)
                if spec.fields:
                    notes.append(f"{where}: column {column} is missing, so that {field} is null")
    unknown = strangers(columns, table, spec)
    if unknown:
        plural = "columns" if len(unknown) > 1 else "column"
        notes.append(f"{where}: {plural} {', '.join(unknown)}: not in the contract, kept in extras")
    return tuple(notes)


def strangers(columns: Sequence[str], table: str, spec: TableSpec) -> list[str]:
    """The columns that no rule takes and that are not ignored, in the source's order."""
    known = columns_of(table, spec)
    return [column for column in columns if column and column not in known]


def columns_of(table: str, spec: TableSpec) -> frozenset[str]:
    """The columns that the table's rules take, or that are ignored."""
    return spec.columns if spec.fields else spec.columns.union(LANDED[table])


def delimiter_of(columns: list[str], wanted: str) -> str | None:
    """What seems to part the names of a header that was read as if it were parted otherwise.

    It is sure where the name `wanted` then appears, and likely where the whole header came as one name.
    """
    for delimiter in DELIMITERS:
        names = [part.strip() for column in columns for part in column.split(delimiter)]
        if (wanted in names and wanted not in columns) or (len(columns) == 1 and len(names) > 1):
            return delimiter
    return None


def _missing(column: str, field: str, columns: list[str], table: str, where: str) -> SourceFault:
    delimiter = delimiter_of(columns, column)
    if delimiter:
        return SourceFault(
            f"column {column} is missing: the header looks delimited by {DELIMITERS[delimiter]}",
            where=f"{where} has {', '.join(columns)}",
            mend=f"set `delimiter: {json.dumps(delimiter)}` in the mapping, at tables.{table}.from; without a mapping,"
            " save the file as its suffix says (.csv has commas)",
        )
    near = nearest(column, columns)
    hint = f"did you mean {near}? " if near else ""
    rename = f"name the column that holds {field} in the mapping" if column != field else f"add the column {field}"
    return SourceFault(
        f"column {column} is missing",
        where=f"{where} has {', '.join(columns)}",
        mend=f"{hint}{rename}, or rename the one that holds it",
    )
