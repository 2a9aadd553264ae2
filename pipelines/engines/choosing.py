"""Where tables are computed: DuckDB inside this process, or a Spark cluster. Both run the same Ibis expressions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ibis.backends import BaseBackend

from features.backend import DuckDB
from pipelines.context import Context
from pipelines.engines.spilling import spill_folder
from pipelines.errors import ParamsError


@contextmanager
def open_engine(context: Context) -> Iterator[BaseBackend]:
    """The engine that TIDEGRAPH_ENGINE names, until the block ends.

    What does not fit into memory goes to a folder below the home. Raises ParamsError when the engine cannot be started.
    """
    opener = _duckdb if context.settings.engine == "duckdb" else _spark
    place = context.path("tmp")
    place.mkdir(parents=True, exist_ok=True)
    with opener(context, place) as backend:
        yield backend


@contextmanager
def _duckdb(context: Context, place: Path) -> Iterator[BaseBackend]:
    with spill_folder(place, "duckdb-") as spill:
        try:
            backend = DuckDB.open(
                memory_limit=context.settings.memory,
                temp_directory=str(spill),
                preserve_insertion_order=False,
            )
        except Exception as error:
            raise _unusable("duckdb", error, "set TIDEGRAPH_MEMORY to an amount such as 2GB") from error
        try:
            yield backend
        finally:
            backend.disconnect()


@contextmanager
def _spark(context: Context, place: Path) -> Iterator[BaseBackend]:
    try:
        from pipelines.engines.spark_backend import SparkBackend
        from pipelines.engines.spark_session import start_session
    except ImportError as error:
        raise _unusable("spark", error, "pip install 'tidegraph[spark]', and install a JDK, 17 or later") from error
    try:
        session = start_session(context.settings.spark_master, memory=context.settings.memory, folder=place)
    except Exception as error:  # py4j and pyspark raise what they like when there is no Java or no cluster
        mend = "see that a JDK, 17 or later, is there (JAVA_HOME), and that TIDEGRAPH_SPARK_MASTER can be reached"
        raise _unusable("spark", error, mend) from error
    try:
        yield SparkBackend.over(session)
    finally:
        session.stop()


def _unusable(engine: str, error: Exception, mend: str) -> ParamsError:
    why = str(error).split("\n")[0] or type(error).__name__
    return ParamsError(
        f"the engine {engine} cannot be started: {why}",
        where="TIDEGRAPH_ENGINE",
        mend=f"{mend}; or unset TIDEGRAPH_ENGINE to compute inside this process",
    )
