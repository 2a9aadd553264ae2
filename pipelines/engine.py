"""Where tables are computed: DuckDB inside this process, or a Spark cluster. Both run the same Ibis expressions."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import ibis
from ibis.backends import BaseBackend

from features.backend import ONE_THREAD
from pipelines.context import Context
from pipelines.errors import ParamsError


@contextmanager
def open_engine(context: Context) -> Iterator[BaseBackend]:
    """The engine that TIDEGRAPH_ENGINE names, until the block ends."""
    opener = _duckdb if context.settings.engine == "duckdb" else _spark
    with opener(context) as backend:
        yield backend


@contextmanager
def _duckdb(context: Context) -> Iterator[BaseBackend]:
    """What does not fit into `TIDEGRAPH_MEMORY` goes to a folder below the home."""
    place = context.path("tmp")
    place.mkdir(parents=True, exist_ok=True)
    spill = Path(tempfile.mkdtemp(prefix="duckdb-", dir=place))
    try:
        backend = ibis.duckdb.connect(
            **ONE_THREAD,
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
        shutil.rmtree(spill, ignore_errors=True)


@contextmanager
def _spark(context: Context) -> Iterator[BaseBackend]:
    session = _session(context)
    try:
        yield ibis.pyspark.connect(session)
    finally:
        session.stop()


def _session(context: Context) -> Any:
    try:
        from pyspark.sql import SparkSession
    except ImportError as error:
        raise _unusable("spark", error, "pip install 'tidegraph[spark]', and a JDK of 17 or later") from error
    try:
        builder = SparkSession.builder.master(context.settings.spark_master).appName("tidegraph")
        for name, value in _SPARK.items():
            builder = builder.config(name, value)
        session = builder.getOrCreate()
    except Exception as error:  # py4j and pyspark raise what they like when there is no Java or no cluster
        mend = "install a JDK of 17 or later (JAVA_HOME), and check TIDEGRAPH_SPARK_MASTER"
        raise _unusable("spark", error, mend) from error
    session.sparkContext.setLogLevel("ERROR")
    return session


_SPARK = {
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.execution.arrow.pyspark.enabled": "true",
    "spark.sql.parquet.enableVectorizedReader": "true",
    "spark.sql.shuffle.partitions": os.environ.get("TIDEGRAPH_SPARK_PARTITIONS", "8"),
}


def _unusable(engine: str, error: Exception, mend: str) -> ParamsError:
    return ParamsError(
        f"the engine {engine} cannot be started: {str(error).splitlines()[0] if str(error) else type(error).__name__}",
        where="TIDEGRAPH_ENGINE",
        mend=f"{mend}; or unset TIDEGRAPH_ENGINE to compute inside this process",
    )
