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
    there = set(column_names(path))
    rows = read_table(path, [name for name in wanted if name in there], filters)
    for name in wanted:
        if name not in there:
            rows[name] = pd.Series(_LATER.get(name), index=rows.index, dtype=TABLES[table][name])
    return rows[wanted].astype({name: TABLES[table][name] for name in wanted})


def column_names(path: Path) -> list[str]:
    try:
        return list(pq.read_schema(path).names)
    except (OSError, pa.ArrowInvalid) as error:
        raise _unreadable(path, error) from error


def has_corrections(path: Path) -> bool:
    """Whether the file holds an event of a revision above 0; told by the file's statistics, without reading rows."""
    try:
        parquet = pq.ParquetFile(path)
    except (OSError, pa.ArrowInvalid) as error:
        raise _unreadable(path, error) from error
    if "revision" not in parquet.schema_arrow.names:
        return False
    place, groups = parquet.schema_arrow.names.index("revision"), range(parquet.metadata.num_row_groups)
    told = [parquet.metadata.row_group(group).column(place).statistics for group in groups]
    return any(each is None or not each.has_min_max or each.max > 0 for each in told)


def _unreadable(path: Path, error: Exception) -> StoreError:
    return StoreError(
        f"cannot read table {path.name}: {error}",
        where=str(path),
        mend="run the step that writes it again; a snapshot can be read back by its tag",
    )
