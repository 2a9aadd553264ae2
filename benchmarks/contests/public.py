"""Public data sets: the project does not hold them, and says where they come from."""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd

from pipelines.errors import SourceError

VARIABLE = "TIDEGRAPH_DATA"
SPLIT_SOURCE = "Gowalla's split of the LightGCN paper (maenzhier/grecx_datasets on GitHub), as columns user, item"


def gowalla_split(part: str) -> pd.DataFrame:
    """Columns `user`, `item` of the public split's "train" or "test" part."""
    return pd.read_parquet(public_data(Path("gowalla_lightgcn") / f"{part}.parquet", SPLIT_SOURCE))


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
