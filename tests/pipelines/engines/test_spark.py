"""Spark gives the tables that DuckDB gives: a real local cluster, where there is a JDK to run it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

from features.graph import InterestGraph
from features.kinds import FOLDED, NODES
from features.proof import prove
from features.segment import ATTRIBUTES
from pipelines.context import Context, read_context
from pipelines.engines.choosing import open_engine
from pipelines.errors import ParamsError
from pipelines.files import write_table
from pipelines.graphs.erasures import ask_for_erasure
from pipelines.graphs.files import read_graph
from pipelines.graphs.folding import fold_through, rebuild, start_graph
from pipelines.jobs import update_job
from pipelines.params.shape import Params
from pipelines.runner import run_step
from pipelines.settings import ROOT, read_settings
from pipelines.snapshots.event_tables import open_catalogue, open_events
from tests.drop import UNTIL, copy_home, small_params
from tests.expectations.tables import items as some_items
from tests.pipelines.graphs.test_folding import write


def _missing() -> str:
    """Why Spark cannot run here, and how it could; empty where it can."""
    if find_spec("pyspark") is None:
        return "pyspark is not installed: pip install 'tidegraph[spark]'"
    home = os.environ.get("JAVA_HOME")
    java = str(Path(home, "bin", "java")) if home else shutil.which("java")
    if java is None or not Path(java).exists():
        return "no JDK found: install one, 17 or later, such as openjdk-17-jre-headless, and set JAVA_HOME"
    told = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
    version = re.search(r'version "(\d+)', told)
    return "" if version and int(version[1]) >= 17 else f"Spark needs a JDK of 17 or later, and here is {told[:60]!r}"


# pyspark leaves its sockets to the collector
pytestmark = pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
REASON = _missing()
needs_spark = pytest.mark.skipif(bool(REASON), reason=REASON)


def at(folder: Path, engine: str, **settings: str) -> Context:
    variables = {"TIDEGRAPH_HOME": str(folder), "TIDEGRAPH_ENGINE": engine, "TIDEGRAPH_SPARK_MASTER": "local[2]"}
    return Context(read_settings(variables | settings), Params.model_validate(small_params()))


LATE = 1
ERASED_AT = 2
"""The window at which bob asks to be forgotten."""


def history(context: Context) -> pd.DataFrame:
    """Three windows: sessions with queries, a return, follows, late and corrected events, ids that sort differently in
    UTF-8 and UTF-16."""
    rows = [
        # event, user, item, query, session, target user, type, day, revision, arrives in window
        ("e0", "ann", None, "hot drinks", "s1", None, "search", 1.0, 0, 0),
        ("e1", "ann", "tea", None, "s1", None, "view", 1.001, 0, 0),
        ("e2", "ann", "tea", None, "s1", None, "purchase", 1.002, 0, 0),
        ("e3", "\uff5e", "été", None, None, None, "view", 2.0, 0, 0),
        ("e4", "\U0001f600", "jam", None, None, "ann", "follow", 2.0, 0, 0),
        ("e5", "Zoë", "ale", None, None, None, "view", 2.0, 0, 0),
        ("e6", "bob", "ale", "late night", "s2", None, "purchase", 5.0, 0, LATE),
        ("e7", "ann", "tea", None, None, None, "return", 8.0, 0, 1),
        ("e1", "ann", "jam", None, "s1", None, "view", 9.0, 1, 1),  # a correction
        ("e3", "\uff5e", "tea", None, None, None, "purchase", 4.0, 2, 2),  # a correction that comes late
        ("e8", "cy", "jam", "hot drinks", "s3", "ann", "share", 15.0, 0, 2),
        ("e9", "cy", "tea", None, "s3", None, "purchase", 15.01, 0, 2),
        ("e9", "cy", "tea", None, "s3", None, "purchase", 15.01, 0, 2),  # told twice
    ]
    names = ["event_id", "user_id", "item_id", "query", "session_id", "target_user_id", "event_type", "day"]
    events = pd.DataFrame(rows, columns=[*names, "revision", "arrived"]).drop_duplicates(["event_id", "revision"])
    origin = pd.Timestamp(context.calendar.origin)
    return events.assign(occurred_at=origin + pd.to_timedelta((events["day"] * 86_400).round(), unit="s"))


def lay_out(context: Context) -> None:
    write(context, history(context))
    for index, catalogue in enumerate(_catalogue(context)):
        write_table(context.path("registry", "partitions", context.calendar.at(index).name, "items.parquet"), catalogue)


def fold_history(context: Context) -> list[InterestGraph]:
    """As updates do it, window by window; bob asks to be forgotten before the last one."""
    lay_out(context)
    graph, graphs = start_graph(context), []
    for window in (context.calendar.at(index) for index in range(3)):
        if len(graphs) == ERASED_AT:
            ask_for_erasure("bob", context.calendar.origin + timedelta(days=10), context)
        (graph,) = fold_through(context, graph, [window], [window.end], forgotten=0)
        graphs.append(graph)
    return graphs


def _catalogue(context: Context) -> Iterator[pd.DataFrame]:
    origin = pd.Timestamp(context.calendar.origin)
    for index, categories in enumerate((["drinks > hot", None], ["drinks", "sweet"])):
        rows = some_items(2).assign(item_id=["tea", "jam"], category=categories, price=[2.5, float("nan")])
        yield rows.assign(valid_from=origin + timedelta(days=7 * index)).drop(columns="fault")


def assert_same(spark: InterestGraph, duckdb: InterestGraph) -> None:
    """Counts, times, ids and rows to the bit; weights to 1e-9."""
    proof = prove(spark, duckdb)
    assert proof.holds, proof
    for node in NODES:
        assert spark.nodes(node).equals(duckdb.nodes(node)), node
    for node in ATTRIBUTES:
        assert spark.attributes(node).to_pylist() == duckdb.attributes(node).to_pylist(), node
    for kind in FOLDED:
        exact = [name for name in duckdb.edge_table(kind.name).column_names if not name.startswith("weight_")]
        assert spark.edge_table(kind.name).select(exact).equals(duckdb.edge_table(kind.name).select(exact)), kind.name


@pytest.fixture(scope="module")
def folded(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[InterestGraph]]:
    places = {engine: tmp_path_factory.mktemp("home") / engine for engine in ("duckdb", "spark")}
    return {engine: fold_history(at(place, engine)) for engine, place in places.items()}


@needs_spark
def test_each_window_folds_to_the_same_graph(folded: dict[str, list[InterestGraph]]) -> None:
    for spark, duckdb in zip(folded["spark"], folded["duckdb"], strict=True):
        assert_same(spark, duckdb)
    assert all(len(folded["spark"][1].edge_table(kind.name)) for kind in FOLDED), "a kind of edge was not tried"


@needs_spark
def test_who_is_erased_is_gone_from_the_graph(folded: dict[str, list[InterestGraph]]) -> None:
    before, after = (folded["spark"][index].nodes("user")["id"].to_pylist() for index in (1, 2))
    assert "bob" in before
    assert after[: len(before)] == [None if user == "bob" else user for user in before]


@needs_spark
def test_a_graph_built_from_scratch_is_the_same(folded: dict[str, list[InterestGraph]], tmp_path: Path) -> None:
    context = at(tmp_path / "home", "spark")
    lay_out(context)
    (graph,) = rebuild(context, [context.calendar.at(1).end])
    assert prove(graph, folded["duckdb"][1]).holds


@needs_spark
def test_rows_come_back_as_they_went_in(tmp_path: Path) -> None:
    """Moments to the µs, nulls as nulls, and files at places that look like patterns or escapes."""
    place = tmp_path / "a [b] {c,d} *?, é %20" / "home"
    context = at(place, "spark")
    write(context, history(context).assign(query=None))
    files = sorted(place.glob("registry/partitions/*/*.parquet"))
    events = [path for path in files if "events" in path.name or "late" in path.name]
    found = {}
    for engine in ("duckdb", "spark"):
        with open_engine(at(place, engine)) as backend:
            rows = open_events(events, backend)
            found[engine] = backend.to_pyarrow(rows.order_by("event_id", "revision")).to_pylist()
            assert backend.to_pyarrow(open_catalogue(files[-1:], "users", backend)).num_rows == 0
    assert found["spark"] == found["duckdb"]
    assert len(found["spark"]) == len(history(context))


@needs_spark
def test_whole_numbers_with_nulls_stay_whole(tmp_path: Path) -> None:
    import ibis

    held = pa.table({"n": pa.array([2**53 + 1, None], pa.int64()), "name": pa.array([None, "Ω"], pa.string())})
    with open_engine(at(tmp_path, "spark")) as backend:
        assert backend.to_pyarrow(ibis.memtable(held).order_by(ibis.desc("n"))).to_pylist() == held.to_pylist()


@needs_spark
def test_refresh_of_a_shop_gives_the_same_graphs(bootstrapped: Path, tmp_path: Path) -> None:
    graphs = {}
    for engine in ("duckdb", "spark"):
        variables = copy_home(bootstrapped, tmp_path / engine)
        context = read_context(environment=variables)
        for step in ("collect", "validate", "snapshot"):
            run_step(step, update_job(UNTIL, context), context)
        where = {"TIDEGRAPH_ENGINE": engine, "TIDEGRAPH_SPARK_MASTER": "local[2]"}
        told = _tidegraph("step", "refresh", "--window", UNTIL, **variables, **where)
        assert told.returncode == 0, told.stderr
        graphs[engine] = [read_graph(context.path("graphs", UNTIL, place)) for place in ("cut", "end")]
        assert list(context.path("tmp").glob("*")) == []
    for spark, duckdb in zip(graphs["spark"], graphs["duckdb"], strict=True):
        assert_same(spark, duckdb)


def _tidegraph(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pipelines", *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env=os.environ | variables,
    )


def test_an_unknown_engine_is_told_with_those_there_are() -> None:
    with pytest.raises(ParamsError, match=r"'dask' is no engine(?s:.*)TIDEGRAPH_ENGINE(?s:.*)duckdb, spark"):
        read_settings({"TIDEGRAPH_ENGINE": "dask"})


@pytest.mark.skipif(find_spec("pyspark") is None, reason=REASON)
@pytest.mark.parametrize(
    ("setting", "value", "told"),
    [
        ("TIDEGRAPH_SPARK_MASTER", "spark://127.0.0.1:1", r"no master answers at spark://127\.0\.0\.1:1"),
        ("TIDEGRAPH_SPARK_MASTER", "spark://nowhere", "no master answers at spark://nowhere"),
        ("TIDEGRAPH_MEMORY", "plenty", "TIDEGRAPH_MEMORY is 'plenty'"),
    ],
)
def test_what_cannot_start_is_told_before_spark_tries(setting: str, value: str, told: str, tmp_path: Path) -> None:
    with pytest.raises(ParamsError, match=told), open_engine(at(tmp_path, "spark", **{setting: value})):
        pass


@needs_spark
def test_an_address_that_is_no_master_is_told(tmp_path: Path) -> None:
    with (
        pytest.raises(ParamsError, match=r"cannot be started(?s:.*)TIDEGRAPH_SPARK_MASTER"),
        open_engine(at(tmp_path, "spark", TIDEGRAPH_SPARK_MASTER="over-there")),
    ):
        pass


@pytest.mark.skipif(find_spec("pyspark") is None, reason=REASON)
def test_a_missing_jdk_is_told(tmp_path: Path) -> None:
    program = "from pipelines.engines.choosing import open_engine; from pipelines.context import read_context\n"
    program += "with open_engine(read_context()): pass"
    place = {"JAVA_HOME": str(tmp_path / "no-jdk"), "TIDEGRAPH_HOME": str(tmp_path), "TIDEGRAPH_ENGINE": "spark"}
    told = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env=os.environ | place | {"PYTHONPATH": str(ROOT)},
    )
    assert "the engine spark cannot be started" in told.stderr
    assert "a JDK, 17 or later, is there (JAVA_HOME)" in told.stderr
