"""Where Ibis expressions run when they run here: an embedded DuckDB."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from threading import local
from typing import Any

import ibis
import pyarrow as pa
from ibis.backends import BaseBackend
from ibis.backends.duckdb import Backend
from ibis.expr.operations import InMemoryTable
from ibis.expr.types import Expr, Table
from ibis.util import gen_name

ONE_THREAD = {"threads": 1}
"""Floating-point sums depend on their order: one thread keeps the same events giving the same bytes."""


_OPEN = local()


class DuckDB(Backend):
    """Ibis's DuckDB, which lets go of a table in memory once no expression names it: Ibis keeps each until the end."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._unused: list[str] = []

    @classmethod
    def open(cls, **settings: Any) -> DuckDB:
        """One that computes in memory."""
        cls.register_options()
        backend: DuckDB = cls().connect(**ONE_THREAD, **settings)
        return backend

    def _register_in_memory_table(self, op: InMemoryTable) -> None:
        super()._register_in_memory_table(op)
        # dropped with the next query, not now: garbage is collected at any moment, in the midst of one too
        weakref.finalize(op, self._unused.append, op.name)

    def _run_pre_execute_hooks(self, expr: Expr) -> None:
        while self._unused:
            self.con.unregister(self._unused.pop())
        super()._run_pre_execute_hooks(expr)


@contextmanager
def local_backend() -> Iterator[BaseBackend]:
    """A DuckDB of this thread's own. It is kept for the next call, as starting one takes longer than most tables do."""
    if not hasattr(_OPEN, "backend"):
        _OPEN.backend = DuckDB.open()
    yield _OPEN.backend


def run(expression: Table, backend: BaseBackend) -> pa.Table:
    """The rows of `expression`, each column in one piece, so that it can be seen as an array without copying."""
    found = backend.to_pyarrow(expression)
    return found.combine_chunks() if isinstance(found, pa.Table) else pa.table(found)


@contextmanager
def stored(expression: Table, backend: BaseBackend) -> Iterator[Table]:
    """The rows of `expression` computed now and kept by DuckDB, on disk where they do not fit into memory, until the
    block ends: for what may be large. Any other backend computes them when they are asked for."""
    if not isinstance(backend, DuckDB):
        yield expression
        return
    name = gen_name("stored")
    try:
        yield backend.create_table(name, expression, temp=True)
    finally:
        backend.con.execute(f'DROP TABLE IF EXISTS "{name}"')  # Ibis 12 writes a DROP without the name


def held(expression: Table, backend: BaseBackend) -> Table:
    """The rows of `expression` computed now, as a table of their own: for what is small and asked for often."""
    return ibis.memtable(run(expression, backend))
