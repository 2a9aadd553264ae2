"""Public data sets: the project does not hold them, and says where they come from."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from pandas.api.types import is_integer_dtype

from pipelines.errors import SourceError

VARIABLE = "TIDEGRAPH_DATA"
SPLIT_SOURCE = "Gowalla's split of the LightGCN paper (maenzhier/grecx_datasets on GitHub), as columns user, item"


def gowalla_split(part: str) -> pd.DataFrame:
    """Columns `user`, `item` of the public split's "train" or "test" part."""
    return public_table(Path("gowalla_lightgcn") / f"{part}.parquet", ("user", "item"), SPLIT_SOURCE)


def public_table(path: Path, numbers: Sequence[str], source: str) -> pd.DataFrame:
    """The Parquet file at `path` below TIDEGRAPH_DATA, whose columns `numbers` hold whole numbers; SourceError where it
    cannot be read, is empty or is of another form."""
    found, mend = public_data(path, source), f"get {source}, and put it there"
    try:
        table = pd.read_parquet(found)
    except (OSError, ValueError) as error:
        raise SourceError(f"the file cannot be read as Parquet: {error}", where=str(found), mend=mend) from error
    wrong = [name for name in numbers if name not in table or not is_integer_dtype(table[name])]
    if wrong or table.empty or table[list(numbers)].isna().to_numpy().any():
        what = f"no whole numbers in {', '.join(wrong)}" if wrong else "it has no rows, or rows without a number"
        raise SourceError(f"the table is of another form: {what}", where=str(found), mend=mend)
    return table


def public_data(path: Path, source: str) -> Path:
    """The file at `path` below TIDEGRAPH_DATA; SourceError tells how to get it from its `source`."""
    folder = os.environ.get(VARIABLE)
    if not folder:
        raise SourceError(
            f"this benchmark needs public data, and {VARIABLE} is not set",
            where=VARIABLE,
            mend=f"get {source}; put it at <folder>/{path}, and set {VARIABLE} to <folder>",
        )
    found = Path(folder) / path
    if not found.is_file():
        raise SourceError("the data is not there", where=str(found), mend=f"get {source}, and put it there")
    return found
