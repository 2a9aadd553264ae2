"""Params as params.yaml writes them, so that those of a past update can be read again."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from pipelines.params.durations import written
from pipelines.params.shape import Params


def write_params(params: Params) -> dict[str, Any]:
    """All sections, in values that JSON and YAML know; `Params.model_validate` gives the same params again."""
    written: dict[str, Any] = _written(params.model_dump(by_alias=True))
    return written


def _written(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _written(each) for name, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_written(each) for each in value]
    if isinstance(value, timedelta):
        return written(value)
    return value.isoformat() if isinstance(value, date) else value
