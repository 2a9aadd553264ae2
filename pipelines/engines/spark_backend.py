"""Ibis's Spark backend with what it lacks: several files at once, and Arrow in and out without a detour by pandas."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
from ibis.backends.pyspark import Backend, PySparkSchema
from ibis.expr.operations import InMemoryTable
from ibis.expr.types import Expr, Table
from ibis.formats.pyarrow import PyArrowData
from ibis.util import gen_name
from pyspark.sql import SparkSession

_GLOB = re.compile(r"([\\*?\[\]{},])")


class SparkBackend(Backend):
    """`ibis.pyspark` as the rest of Tidegraph knows `ibis.duckdb`."""

    @classmethod
    def over(cls, session: SparkSession) -> SparkBackend:
        """The backend that computes in `session`."""
        cls.register_options()
        backend: SparkBackend = cls().connect(session)
        return backend

    def read_parquet(self, path: str | Sequence[str], /, **options: Any) -> Table:
        """The rows of one or many files of the same columns, which driver and workers find at the same place."""
        paths = [path] if isinstance(path, str) else path
        name = gen_name("read_parquet")
        self._session.read.parquet(*map(_location, paths), **options).createOrReplaceTempView(name)
        return self.table(name)

    def to_pyarrow(self, expr: Expr, /, **options: Any) -> Any:
        """Rows keep their types: by pandas, whole numbers with nulls would come back as floats."""
        table = expr.as_table()
        self._run_pre_execute_hooks(table)
        found = self._session.sql(self.compile(table, **options)).toArrow()
        return expr.__pyarrow_result__(PyArrowData.convert_table(found, table.schema()))

    def _register_in_memory_table(self, op: InMemoryTable) -> None:
        held = op.data.to_pyarrow(op.schema)
        rows = held if isinstance(held, pa.Table) else pa.Table.from_batches(held)
        frame = self._session.createDataFrame(rows, schema=PySparkSchema.from_ibis(op.schema))
        frame.createOrReplaceTempView(op.name)


def _location(path: str) -> str:
    """A file of the shared file system, whatever a cluster's own is; Spark takes names for patterns unless told."""
    return "file:" + _GLOB.sub(r"\\\1", path)
