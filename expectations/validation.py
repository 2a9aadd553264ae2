"""What a suite found: an outcome for each promise, the rows refused, and the verdict that follows."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd
from great_expectations.core import ExpectationSuiteValidationResult, ExpectationValidationResult
from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

from expectations.promise import Scope, Severity


@dataclass(frozen=True)
class Outcome:
    """How one promise fared. `unexpected` counts rows; `unchecked` says why it could not be asked: no success."""

    promise: str
    scope: Scope
    severity: Severity
    success: bool
    unexpected: int
    reason: str
    unchecked: str = ""

    @property
    def stops(self) -> bool:
        """Whether the run must stop: a critical promise of the batch is broken, or a promise could not be checked."""
        return bool(self.unchecked) or (not self.success and self.scope == "batch" and self.severity == "critical")


@dataclass(frozen=True)
class Validation:
    """`refused` has the index of the refused rows and the column `reasons`: a list of every reason the row broke.

    `document` is Great Expectations' own result, for Data Docs. Its `success` counts warnings as failures: ask
    `passed`, which is computed from scopes and severities.
    """

    table: str
    collected: int
    outcomes: tuple[Outcome, ...]
    refused: pd.DataFrame
    document: ExpectationSuiteValidationResult

    @property
    def passed(self) -> bool:
        return not any(outcome.stops for outcome in self.outcomes)

    @property
    def reasons(self) -> list[str]:
        """Why the run must stop, one sentence a promise."""
        return [_sentence(outcome) for outcome in self.outcomes if outcome.stops]

    @property
    def warnings(self) -> list[str]:
        """What is worth a look, though it stops nothing."""
        broken = (outcome for outcome in self.outcomes if not outcome.success and outcome.scope == "batch")
        return [_sentence(outcome) for outcome in broken if not outcome.stops]

    def counts(self) -> dict[str, int]:
        """Rows that broke each row promise, for promises that any row broke."""
        rows = (outcome for outcome in self.outcomes if outcome.scope == "row" and outcome.unexpected)
        return {outcome.promise: outcome.unexpected for outcome in rows}

    def rows_that_broke(self, promise: str) -> list[int]:
        """The index of the rows that broke `promise`, a warning's too, in row order."""
        named = (result for result in self.document.results if _config(result).meta.get("promise") == promise)
        return sorted(index for result in named for index in _indexes(result))

    def to_json(self) -> dict[str, Any]:
        """Everything but the refused rows; free of run ids and times, so that the same table gives the same JSON."""
        return {
            "passed": self.passed,
            "collected": self.collected,
            "refused": len(self.refused),
            "outcomes": [asdict(outcome) for outcome in self.outcomes],
            "great_expectations": _plain(self.document),
        }


def outcome_of(result: ExpectationValidationResult) -> Outcome:
    config = _config(result)
    unexpected = int(result.result.get("unexpected_count") or 0)
    unchecked = _exception(result.exception_info or {})
    if config.meta["scope"] == "row" and not (result.success or unchecked or _indexes(result)):
        unchecked = "Great Expectations named no row"
    return Outcome(
        promise=config.meta["promise"],
        scope=config.meta["scope"],
        severity=str(getattr(config.severity, "value", config.severity)),  # type: ignore[arg-type]
        success=bool(result.success) and not unchecked,
        unexpected=unexpected,
        reason=config.meta["reason"] + _seen(result),
        unchecked=unchecked,
    )


def refused_rows(results: Iterable[ExpectationValidationResult]) -> pd.DataFrame:
    """Index and every reason of the rows that broke a row promise, in row order."""
    reasons: dict[int, list[str]] = {}
    for result in results:
        meta = _config(result).meta
        if meta["scope"] == "row":
            for index in _indexes(result):
                reasons.setdefault(index, []).append(f"{meta['promise']}: {meta['reason']}")
    rows = sorted(reasons)
    return pd.DataFrame({"reasons": pd.Series([reasons[i] for i in rows], index=rows, dtype="object")})


def _config(result: ExpectationValidationResult) -> ExpectationConfiguration:
    if result.expectation_config is None:
        raise ValueError(f"a result without its expectation: {result!r}")
    return result.expectation_config


def _indexes(result: ExpectationValidationResult) -> list[int]:
    return list(result.result.get("unexpected_index_list") or [])


def _seen(result: ExpectationValidationResult) -> str:
    """For a broken promise about the table, what was seen instead."""
    details = result.result.get("details") or {}
    missing = (details.get("mismatched") or {}).get("missing")
    if missing:
        return f"; missing: {', '.join(missing)}"
    seen = result.result.get("observed_value")
    return "" if result.success or seen is None or isinstance(seen, list) else f"; seen: {seen}"


def _sentence(outcome: Outcome) -> str:
    rows = f" ({outcome.unexpected} rows break it)" if outcome.unexpected else ""
    why = f" (could not be checked: {outcome.unchecked})" if outcome.unchecked else ""
    return f"{outcome.promise}: {outcome.reason}{rows}{why}"


def _exception(info: dict[str, Any]) -> str:
    """The message of an exception; Great Expectations nests it under the id of the metric that raised."""
    nested = [info] if "raised_exception" in info else list(info.values())
    return "; ".join(str(each["exception_message"]) for each in nested if each.get("raised_exception"))


def _plain(document: ExpectationSuiteValidationResult) -> dict[str, Any]:
    whole = document.to_json_dict()
    results = []
    for result in whole["results"]:
        config = result["expectation_config"]
        kept = {
            name: value
            for name, value in result["result"].items()
            if name not in ("unexpected_list", "unexpected_index_list", "partial_unexpected_counts")
        }
        kwargs = {name: value for name, value in config["kwargs"].items() if name != "batch_id"}
        results.append(
            {
                "success": result["success"],
                "type": config["type"],
                "severity": config["severity"],
                "kwargs": kwargs,
                "meta": config["meta"],
                "result": kept,
            }
        )
    stored: dict[str, Any] = _strict(
        {"suite": whole["suite_name"], "statistics": whole["statistics"], "results": results}
    )
    return stored


def _strict(value: Any) -> Any:
    """`value` without NaN and infinities, which strict JSON cannot say: their names instead."""
    if isinstance(value, dict):
        return {name: _strict(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_strict(each) for each in value]
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value
