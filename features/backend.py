"""Where Ibis expressions run when they run here: an embedded DuckDB."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import local

import ibis
import pyarrow as pa
from ibis.backends import BaseBackend
from ibis.expr.types import Table

ONE_THREAD = {"threads": 1}
"""Floating-point sums depend on their order: one thread keeps the same events giving the same bytes."""


_OPEN = local()


@contextmanager
def local_backend() -> Iterator[BaseBackend]:
    """A DuckDB of this thread's own. It is kept for the next call, as starting one takes longer than most tables do."""
    if not hasattr(_OPEN, "backend"):
        _OPEN.backend = ibis.duckdb.connect(**ONE_THREAD)
    yield _OPEN.backend


def run(expression: Table, backend: BaseBackend) -> pa.Table:
    """The rows of `expression`, each column in one piece, so that it can be seen as an array without copying."""
    found = backend.to_pyarrow(expression)
    return found.combine_chunks() if isinstance(found, pa.Table) else pa.table(found)


def held(expression: Table, backend: BaseBackend) -> Table:
    """The rows of `expression` computed now, as a table of their own: for what is small and asked for often."""
    return ibis.memtable(run(expression, backend))
