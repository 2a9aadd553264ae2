"""Which of a source's columns a table's rules know: the missing ones, the unknown ones, and the nearest names."""

from __future__ import annotations

from collections.abc import Sequence

from features.schema import LANDED, REQUIRED
from sources.connector import SourceFault
from sources.mapping.spec import TableSpec, nearest, rules_of


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
                    raise _missing(column, field, list(columns), where)
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


def _missing(column: str, field: str, columns: list[str], where: str) -> SourceFault:
    near = nearest(column, columns)
    hint = f"did you mean {near}? " if near else ""
    rename = f"name the column that holds {field} in the mapping" if column != field else f"add the column {field}"
    return SourceFault(
        f"column {column} is missing",
        where=f"{where} has {', '.join(columns)}",
        mend=f"{hint}{rename}, or rename the one that holds it",
    )
