"""A broker that is away is told once: by our error, and not by its client library's log as well."""

from __future__ import annotations

import logging
import subprocess
import sys

import pytest

from pipelines.settings import ROOT
from sources.stream.brokers import LOGGERS, hushed

AWAY = {
    "rabbit": "amqp://shop:s3cr3t@127.0.0.1:9/",
    "redis": "redis://:s3cr3t@127.0.0.1:9/0",
    "nats": "nats://shop:s3cr3t@127.0.0.1:9",
}
LISTEN = """
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from sources.connector import Place, SourceFault
from sources.mapping.spec import Mapping
from sources.stream.listener import listen

tables = {"events": {"from": {"topic": "events"}}}
options = {"broker": sys.argv[1], "url_env": "SHOP_BROKER"}
mapping = Mapping.model_validate({"name": "shop", "connector": "stream", "options": options, "tables": tables})
place = Place(Path(sys.argv[2]), Path(sys.argv[2]), datetime(2024, 1, 7, tzinfo=UTC), timedelta(days=7))
try:
    listen(mapping, place, say=print, idle=5)
except SourceFault as fault:
    print(fault.what)
"""


@pytest.mark.parametrize("kind", AWAY)
def test_a_broker_that_is_away_is_told_by_one_message(kind: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("state")
    done = subprocess.run(
        [sys.executable, "-c", LISTEN, kind, str(folder)],
        cwd=ROOT, env={"PYTHONPATH": str(ROOT), "SHOP_BROKER": AWAY[kind]}, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.stdout.startswith("the broker cannot be used: ")
    assert done.stdout.count("\n") == 1
    assert done.stderr == ""


@pytest.mark.parametrize("kind", LOGGERS)
def test_once_a_broker_is_there_its_library_is_heard(kind: str) -> None:
    loggers = [logging.getLogger(name) for name in LOGGERS[kind]]
    before = [list(logger.handlers) for logger in loggers]
    with hushed(kind) as speak:
        assert [len(logger.handlers) for logger in loggers] == [len(each) + 1 for each in before]
        speak()
        assert [logger.handlers for logger in loggers] == before
    assert [logger.handlers for logger in loggers] == before
