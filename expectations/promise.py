"""One promise about data: a Great Expectations expectation that knows its scope, its severity and its reason."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

import pandas as pd
from great_expectations.expectations import (
    ExpectColumnValuesToBeBetween,
    ExpectColumnValuesToBeInSet,
    ExpectColumnValuesToBeNull,
    ExpectColumnValuesToNotBeNull,
    ExpectTableColumnsToMatchSet,
    ExpectTableRowCountToBeBetween,
)
from great_expectations.expectations.expectation import Expectation
from great_expectations.expectations.metadata_types import FailureSeverity

from features.schema import FAULT

Scope = Literal["row", "batch"]
Severity = Literal["critical", "warning"]

FINITE: dict[str, Any] = {"min_value": -sys.float_info.max, "max_value": sys.float_info.max}
"""Bounds that only infinities lie outside of; Great Expectations skips nulls, so ask for them apart."""


@dataclass(frozen=True)
class Suite:
    """What a table promises. `shape` can be asked of any table; `promises` only of rows, and its columns exist."""

    name: str
    shape: list[Expectation]
    promises: list[Expectation] = field(default_factory=list)


def promise(
    kind: type[Expectation],
    name: str,
    reason: str,
    *,
    scope: Scope = "row",
    severity: Severity = "critical",
    **asked: Any,
) -> Expectation:
    """The expectation `kind` as promise `name`; `reason` is a plain sentence that says what must hold.

    Whoever breaks a promise of scope `row` is quarantined, whatever its severity; a promise of scope `batch` stops
    the run when it is critical, and is only told when it is a warning.
    """
    meta = {"scope": scope, "promise": name, "reason": reason}
    return kind(severity=FailureSeverity(severity), description=f"{name}: {reason}", meta=meta, **asked)


def columns_exist(columns: list[str]) -> Expectation:
    reason = f"the columns {', '.join(columns)} exist"
    return promise(
        ExpectTableColumnsToMatchSet, "columns-exist", reason, scope="batch", column_set=columns, exact_match=False
    )


def not_empty(what: str) -> Expectation:
    reason = f"there is at least one {what}"
    return promise(ExpectTableRowCountToBeBetween, "not-empty", reason, scope="batch", min_value=1)


def known(column: str, *, scope: Scope = "row", name: str | None = None) -> Expectation:
    """`column` holds no null."""
    name = name or f"{column.replace('_', '-')}-known"
    return promise(ExpectColumnValuesToNotBeNull, name, f"{column} is given", scope=scope, column=column)


def readable() -> Expectation:
    """The connector could read every cell of the row."""
    reason = "every cell could be read as its column's type"
    return promise(ExpectColumnValuesToBeNull, "cells-readable", reason, column=FAULT)


def first_copy(column: str, what: str) -> Expectation:
    """The helper column of `mark_copies` says that no row repeats an earlier one."""
    reason = f"no row before it in the batch has its {what}"
    return promise(
        ExpectColumnValuesToBeInSet, f"{column.replace('_', '-')}-once", reason, column=COPY, value_set=[False]
    )


def inside(column: str, start: datetime, end: datetime) -> Expectation:
    reason = f"{column} lies inside the window, from {start:%Y-%m-%d %H:%M} until before {end:%Y-%m-%d %H:%M} UTC"
    return promise(
        ExpectColumnValuesToBeBetween,
        f"{column.replace('_', '-')}-inside",
        reason,
        column=column,
        min_value=start,
        max_value=end,
        strict_max=True,
    )


def not_too_late(column: str, earliest: datetime) -> Expectation:
    reason = f"{column} is not before {earliest:%Y-%m-%d %H:%M} UTC: it is at most validate.max_lateness late"
    return promise(ExpectColumnValuesToBeBetween, "not-too-late", reason, column=column, min_value=earliest)


def not_yet_to_come(column: str, end: datetime) -> Expectation:
    reason = f"{column} lies before the window's end {end:%Y-%m-%d %H:%M} UTC"
    return promise(
        ExpectColumnValuesToBeBetween, "not-yet-to-come", reason, column=column, max_value=end, strict_max=True
    )


COPY = "is_copy"


def mark_copies(table: pd.DataFrame, key: list[str]) -> pd.DataFrame:
    """`table` with the column `is_copy`: true where an earlier row has the same, wholly known, key.

    Great Expectations' own uniqueness refuses the first of them too, and with it an event that did happen.
    """
    return table.assign(**{COPY: table.duplicated(key) & table[key].notna().all(axis="columns")})
