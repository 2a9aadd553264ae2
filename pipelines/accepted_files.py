"""Reading files of accepted rows; those of an older version lack columns that came later, and get what these mean."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from features.schema import TABLES
from pipelines.errors import StoreError
from pipelines.files import read_table

_LATER = {"revision": 0}
"""What a row says in a column that its file does not have yet; null in any other."""


def read_accepted(
    path: Path, table: str, columns: list[str] | None = None, filters: list[tuple[str, str, Any]] | None = None
) -> pd.DataFrame:
    """Rows of the contract's table `table`; `filters` are those of pandas.read_parquet. Raises StoreError."""
    wanted = columns or list(TABLES[table])
    there = set(_names(path))
    rows = read_table(path, [name for name in wanted if name in there], filters)
    for name in wanted:
        if name not in there:
            rows[name] = pd.Series(_LATER.get(name), index=rows.index, dtype=TABLES[table][name])
    return rows[wanted].astype({name: TABLES[table][name] for name in wanted})


def _names(path: Path) -> list[str]:
    try:
        return list(pq.read_schema(path).names)
    except (OSError, pa.ArrowInvalid) as error:
        raise StoreError(
            f"cannot read table {path.name}: {error}",
            where=str(path),
            mend="run the step that writes it again; a snapshot can be read back by its tag",
        ) from error
