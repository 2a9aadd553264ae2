"""Starting Spark: on this machine, or as the driver of a cluster."""

from __future__ import annotations

import re
import socket
from pathlib import Path

from pyspark.sql import SparkSession

_LOGGING = Path(__file__).with_name("log4j2.properties")
_ALWAYS: dict[str, bool | float | int | str | None] = {
    "spark.driver.defaultJavaOptions": f'"-Dlog4j2.configurationFile=file:{_LOGGING}"',
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.session.timeZone": "UTC",
    "spark.driver.maxResultSize": "0",  # a graph's edges come back whole, and may be larger than the default of 1 GiB
}
_HERE: dict[str, bool | float | int | str | None] = {
    "spark.ui.enabled": "false",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    "spark.sql.shuffle.partitions": "8",  # at most: fewer for little data; a cluster says itself how many it wants
}
_MIB = {"k": 1 / 1024, "m": 1, "g": 1024, "t": 1024 * 1024}
PATIENCE = 5.0
"""Seconds within which a cluster's master has to answer."""


def start_session(master: str, *, memory: str, folder: Path) -> SparkSession:
    """A session on `master` (`local[2]`, `spark://host:7077`, …), whose driver has `memory` (such as 2GB).

    What does not fit into it goes to `folder`; workers of a cluster have a place of their own, and what a cluster wants
    besides stands in its `spark-defaults.conf`. Raises ValueError for an amount of memory that is none, OSError for a
    master that does not answer, and whatever Spark raises when it cannot start.
    """
    _reach(master)
    settings: dict[str, bool | float | int | str | None] = _ALWAYS | {
        "spark.driver.memory": _heap(memory),
        "spark.sql.warehouse.dir": str(folder),
    }
    if master.startswith("local"):
        settings |= _HERE | {"spark.local.dir": str(folder)}
    builder = SparkSession.builder.master(master).appName("tidegraph").config(map=settings)
    return builder.getOrCreate()


def _heap(memory: str) -> str:
    """An amount as DuckDB has it, `2GB` or `500 MiB`, as Java has it."""
    amount = re.fullmatch(r"(\d+(?:\.\d+)?) ?([kmgt])i?b?", memory.strip().lower())
    if amount is None:
        raise ValueError(f"TIDEGRAPH_MEMORY is {memory!r}, and Spark wants an amount such as 2GB")
    return f"{max(1, int(float(amount[1]) * _MIB[amount[2]]))}m"


def _reach(master: str) -> None:
    """Spark itself would try for a minute, and then say that it has stopped."""
    if not master.startswith("spark://"):
        return
    for address in master.removeprefix("spark://").split(","):
        host, _, port = address.rpartition(":")
        try:
            socket.create_connection((host, int(port)), timeout=PATIENCE).close()
            return
        except (OSError, ValueError) as error:
            refused = OSError(f"no master answers at {master}: {error}")
    raise refused
