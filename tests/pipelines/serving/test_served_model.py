"""The artefact answers on its own: from an empty folder, with the packages it carries."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import pytest
import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from features.backend import local_backend
from features.delta import Delta, event_table, item_table, user_table
from features.fold import fold
from features.graph import InterestGraph
from features.hetero import to_hetero
from features.schema import ITEMS, empty
from models.baselines.personal_decay import PersonalDecay
from pipelines.graphs.files import write_graph
from pipelines.serving.model_files import write_state
from pipelines.serving.packaging import save_package
from tests.features.shop import START, blank

HEAVY = ("airflow", "great_expectations", "dvc", "ibis", "duckdb", "typer", "sources", "expectations")


class Server(NamedTuple):
    url: str
    log: Path


def shop() -> InterestGraph:
    """ann bought milk twice and bread once; ben bought beer once."""
    bought = [("ann", "milk"), ("ann", "milk"), ("ann", "bread"), ("ben", "beer")]
    events = pd.DataFrame(
        {
            "event_id": f"e{number}",
            "user_id": user,
            "item_id": item,
            "event_type": "purchase",
            "occurred_at": START + timedelta(hours=1),
            "revision": 0,
        }
        for number, (user, item) in enumerate(bought)
    )
    items = pd.DataFrame({"item_id": ["milk", "bread", "beer"], "title": ["Milk 1 l", "Rye bread", "Ale"]})
    delta = Delta(
        event_table(events),
        user_table(empty("users")),
        item_table(items.assign(valid_from=START).reindex(columns=list(ITEMS)).astype(ITEMS)),
    )
    with local_backend() as backend:
        return fold(blank(7), delta, as_of=START + timedelta(days=7), backend=backend)


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("package")
    graph = shop()
    recommender = PersonalDecay(half_life=7)
    recommender.fit([], to_hetero(graph))
    (folder / "model").mkdir()
    write_graph(folder / "model" / "graph", graph, about={})
    write_state(folder / "model" / "state", recommender.state())
    save_package(folder / "package", folder / "model")
    return folder / "package"


def outside(folder: Path) -> dict[str, Any]:
    """What a process is started with that knows nothing of the repository."""
    hidden = ("PYTHON", "TIDEGRAPH_", "MLFLOW_")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(hidden)}
    scripts = Path(sys.executable).parent  # mlflow starts uvicorn by its name
    environment |= {
        "PYTHONVERBOSE": "1",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "PATH": f"{scripts}{os.pathsep}{environment['PATH']}",
    }
    return {"cwd": folder, "env": environment}


@pytest.fixture(scope="module")
def server(package: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """`mlflow models serve`, started in an empty folder; its log tells each module it loads (PYTHONVERBOSE)."""
    folder = tmp_path_factory.mktemp("empty")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "mlflow", "models", "serve", "--model-uri", str(package)]
    command += ["--env-manager", "local", "--host", "127.0.0.1", "--port", str(port)]
    log = tmp_path_factory.mktemp("log") / "serve.log"
    with log.open("w") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, start_new_session=True, **outside(folder))
    try:
        yield Server(f"http://127.0.0.1:{port}", log)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@pytest.fixture(scope="module")
def ask(server: Server) -> Iterator[Any]:
    """Ask for users' items; the first question waits until the server answers."""
    with requests.Session() as session:
        session.trust_env = False  # no proxy stands between here and loopback
        session.mount(
            "http://", HTTPAdapter(max_retries=Retry(total=None, connect=400, backoff_factor=0.05, backoff_max=0.3))
        )

        def post(users: list[str], **params: Any) -> requests.Response:
            question = {"dataframe_split": {"columns": ["user_id"], "data": [[user] for user in users]}}
            return session.post(f"{server.url}/invocations", json=question | {"params": params}, timeout=60)

        session.get(f"{server.url}/ping", timeout=60)
        yield post


def test_it_answers_with_ranked_items_and_their_titles(ask: Any) -> None:
    answer = ask(["ann", "ben"], k=2)

    assert answer.status_code == 200, answer.text
    rows = answer.json()["predictions"]
    ann = [(row["rank"], row["item_id"], row["title"]) for row in rows if row["user_id"] == "ann"]
    assert ann == [(1, "milk", "Milk 1 l"), (2, "bread", "Rye bread")]
    assert next(row["item_id"] for row in rows if row["user_id"] == "ben") == "beer"
    scores = [row["score"] for row in rows if row["user_id"] == "ann"]
    assert scores[0] == pytest.approx(2 * scores[1])


def test_k_is_a_parameter(ask: Any) -> None:
    assert len(ask(["ann"], k=1).json()["predictions"]) == 1


def test_an_unknown_user_is_refused_by_name(ask: Any) -> None:
    answer = ask(["ann", "nobody"])

    assert answer.status_code == 400
    assert answer.json()["error_code"] == "INVALID_PARAMETER_VALUE"
    assert "unknown user_id: nobody" in answer.json()["message"]


def test_a_k_below_one_is_refused(ask: Any) -> None:
    answer = ask(["ann"], k=0)

    assert answer.status_code == 400
    assert "k must be 1 or more, not 0" in answer.text


def test_it_runs_on_the_packages_it_carries_and_loads_nothing_heavy(ask: Any, server: Server, package: Path) -> None:
    ask(["ann"])

    log = server.log.read_text()
    files = set(re.findall(r"^# code object from '?([^'\n]+)'?$", log, re.MULTILINE))
    assert {str(package / "code" / name / "__init__.py") for name in ("pipelines", "models", "features")} <= files
    loaded = set(re.findall(r"^import '([a-z_]+)'", log, re.MULTILINE))
    assert "pipelines" in loaded
    assert loaded.isdisjoint(HEAVY)
