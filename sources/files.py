"""A drop folder: `<drop>/<window>/` with `events.*` and, where there are any, `users.*` and `items.*`.

Each table may come as one file or as several (`events.csv`, `events-shop2.jsonl`), as CSV, JSON Lines or Parquet.
Columns bear the contract's names; optional ones may be missing.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from features.schema import TABLES
from sources.connector import Place, SourceFault
from sources.mapped_files import MappedFiles
from sources.mapping.spec import Mapping


class DropFolder(MappedFiles):
    """Reads what others drop, by the mapping that changes nothing; a later window may always still come."""

    name = "files"

    def __init__(self, first_start: datetime, drop: Path) -> None:
        tables = {table: {"from": {"paths": [f"{{window}}/{table}.*", f"{{window}}/{table}-*.*"]}} for table in TABLES}
        # files that name their window need neither a place to part them nor a calendar
        place = Place(drop, state=drop, first_start=first_start, length=timedelta(days=1))
        mapping = Mapping.model_validate({"name": self.name, "connector": self.name, "tables": tables})
        super().__init__(mapping, place)

    def _nothing(self, table: str, patterns: list[str], window: str | None) -> SourceFault:
        folder = self.place.drop / (window or "")
        if not folder.is_dir():
            return SourceFault(
                f"nothing was dropped for window {window}: its folder is missing",
                where=str(folder),
                mend=f"put its events there, or point TIDEGRAPH_DROP at the folder that holds {window}/",
            )
        return SourceFault(
            f"the drop folder of window {window} holds no events file",
            where=str(folder),
            mend="add events.csv, events.jsonl or events.parquet",
        )
