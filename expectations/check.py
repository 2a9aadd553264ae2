"""Asking Great Expectations: an ephemeral context, one a process, that never writes and never calls home."""

from __future__ import annotations

from functools import cache
from typing import Any

import great_expectations as gx
import numpy as np
import pandas as pd
from great_expectations.core import ExpectationSuiteValidationResult
from great_expectations.core.batch_definition import BatchDefinition
from great_expectations.data_context.types.base import ProgressBarsConfig
from great_expectations.expectations import ExpectColumnMaxToBeBetween
from great_expectations.expectations.expectation import Expectation

from expectations.promise import Suite, promise
from expectations.validation import Validation, outcome_of, refused_rows

_ROWS = {"result_format": "COMPLETE", "return_unexpected_index_query": False}
_COUNTS = {"result_format": "SUMMARY"}


def check(table: pd.DataFrame, suite: Suite, *, max_refused: float | None = None) -> Validation:
    """Hold `table` (rows numbered from 0) against `suite`.

    With `max_refused`, a share of the rows, row promises name their rows, and the share refused is a promise of the
    batch. Without it there are no rows to refuse: row promises must not occur. The table is left as it was.
    """
    if not table.index.equals(pd.RangeIndex(len(table))):
        raise ValueError(f"rows of {suite.name} must be numbered from 0, got {table.index!r}")
    style = _COUNTS if max_refused is None else _ROWS
    document = _ask(table, suite.name, [*suite.shape, *(suite.promises if len(table) else [])], style)
    refused = refused_rows(document.results)
    if max_refused is not None and len(table):
        share = pd.DataFrame({"share_refused": [len(refused) / len(table)]})
        _append(document, _ask(share, suite.name, [_share(max_refused)], _COUNTS))
    outcomes = tuple(outcome_of(result) for result in document.results)
    return Validation(suite.name, len(table), outcomes, refused, document)


def _share(max_refused: float) -> Expectation:
    return promise(
        ExpectColumnMaxToBeBetween,
        "share-refused",
        f"the share of rows refused is at most validate.max_refused = {max_refused}",
        scope="batch",
        column="share_refused",
        max_value=max_refused,
    )


def _ask(
    table: pd.DataFrame, name: str, expectations: list[Expectation], style: dict[str, Any]
) -> ExpectationSuiteValidationResult:
    suite = gx.ExpectationSuite(name, expectations=expectations)
    document = _batches().get_batch({"dataframe": table}).validate(suite, result_format=style)
    for result in document.results:
        seen = result.result.get("observed_value")
        if isinstance(seen, np.generic):
            result.result["observed_value"] = seen.item()  # the renderer cannot read NumPy's numbers
    return document


def _append(document: ExpectationSuiteValidationResult, more: ExpectationSuiteValidationResult) -> None:
    document.results.extend(more.results)
    good = sum(bool(result.success) for result in document.results)
    count = len(document.results)
    document.success = good == count
    document.statistics.update(
        evaluated_expectations=count,
        successful_expectations=good,
        unsuccessful_expectations=count - good,
        success_percent=100 * good / count,
    )


@cache
def _batches() -> BatchDefinition:
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False, metric_calculations=False)
    asset = context.data_sources.add_pandas("tidegraph").add_dataframe_asset("table")
    return asset.add_batch_definition_whole_dataframe("whole")
