"""A real Airflow on this machine: SQLite, LocalExecutor, everything on loopback, its home below TIDEGRAPH_HOME."""

from __future__ import annotations

import base64
import configparser
import os
import secrets
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from pipelines.errors import LocalError
from pipelines.files import whole_file
from pipelines.local.ports import LOOPBACK
from pipelines.local.services import Service, start_service
from pipelines.settings import PYTHON, ROOT

QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "GX_ANALYTICS_ENABLED": "False",
    "DVC_NO_ANALYTICS": "1",
    "DO_NOT_TRACK": "1",
    "PYTHONUNBUFFERED": "1",
    "MALLOC_ARENA_MAX": "2",
}
"""Nobody is told what runs here; output appears as it is made; threads share their memory arenas."""

ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
"""Unless the caller says otherwise: a fit then costs the same CPU seconds on any machine."""

PRELOADED = (
    "airflow.executors.local_executor",
    "airflow.sdk.execution_time.supervisor",
    "airflow.sdk.execution_time.task_runner",
    "pipelines.local.preload",
)
"""What the fork server imports; ours comes last, for it freezes what there is."""


@dataclass(frozen=True)
class AirflowPlace:
    """Where one Airflow lives: its home folder and the port of its API server."""

    home: Path
    port: int

    @property
    def folder(self) -> Path:
        return self.home / "airflow"

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    def log(self, service: str) -> Path:
        return self.folder / "logs" / "services" / f"{service}.log"

    def environment(self, base: Mapping[str, str] | None = None) -> dict[str, str]:
        """The environment of every Airflow process: airflow.cfg is the only configuration, Tidegraph is importable."""
        given = os.environ if base is None else base
        kept = {key: value for key, value in given.items() if not key.startswith(("AIRFLOW_", "_AIRFLOW_"))}
        own = {"AIRFLOW_HOME": str(self.folder), "PYTHONPATH": str(ROOT), "TIDEGRAPH_HOME": str(self.home)}
        return ONE_THREAD | kept | QUIET | own


def prepare(place: AirflowPlace) -> None:
    """Write airflow.cfg and bring the database to this Airflow's schema (some six seconds, once a version)."""
    write_config(place)
    done_for = place.folder / "migrated"
    if done_for.is_file() and done_for.read_text() == version("apache-airflow"):
        return
    _migrate(place)
    done_for.write_text(version("apache-airflow"))


def _migrate(place: AirflowPlace) -> None:
    log = place.log("migrate")
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        done = subprocess.run(
            [PYTHON, "-m", "airflow", "db", "migrate"],
            env=place.environment(),
            cwd=place.folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if done.returncode:
        raise LocalError(
            "Airflow's database could not be created or migrated",
            where=str(log),
            mend=f"read the log; removing {place.folder} starts Airflow afresh, and loses only its run history",
        )


def start_api_server(place: AirflowPlace) -> Service:
    return _start(place, "api-server", "--workers", "1")


def start_dag_processor(place: AirflowPlace) -> Service:
    return _start(place, "dag-processor")


def start_scheduler(place: AirflowPlace) -> Service:
    """The scheduler and its workers. Task logs are read from their files, so no log server listens."""
    return _start(place, "scheduler", "--skip-serve-logs")


def _start(place: AirflowPlace, name: str, *options: str) -> Service:
    return start_service(
        name,
        ["-m", "airflow", name, *options],
        env=place.environment(),
        folder=place.folder,
        log=place.log(name),
    )


def write_config(place: AirflowPlace) -> Path:
    """Write the whole of airflow.cfg; its secrets are made once and kept."""
    path = place.folder / "airflow.cfg"
    place.folder.mkdir(parents=True, exist_ok=True)
    place.folder.chmod(0o700)  # the keys below lie in it
    config = configparser.RawConfigParser()
    config.read_dict(_config(place))
    config.read_dict(_secrets(path))
    with whole_file(path) as beside, beside.open("w", encoding="utf-8") as output:
        beside.chmod(0o600)
        config.write(output)
    return path


def _config(place: AirflowPlace) -> dict[str, dict[str, str]]:
    folder = str(place.folder).replace("%", "%%")  # Airflow interpolates its file
    return {
        "core": {
            "dags_folder": str(ROOT / "dags").replace("%", "%%"),
            "executor": "LocalExecutor",
            "parallelism": "2",
            # Tasks are forked from a process that has the heavy packages already: see preload.py.
            "mp_start_method": "forkserver",
            "mp_forkserver_preload": ",".join(PRELOADED),
            "load_examples": "False",
            "simple_auth_manager_all_admins": "True",
            # Only what the user asked for runs: without a schedule, an unpaused DAG starts nothing by itself.
            "dags_are_paused_at_creation": str(bool(os.environ.get("TIDEGRAPH_SCHEDULE"))),
            "execution_api_server_url": f"{place.url}/execution/",
            "hostname_callable": "socket.gethostname",  # the default asks a name service
        },
        "database": {"sql_alchemy_conn": f"sqlite:///{folder}/airflow.db"},
        "logging": {
            "base_log_folder": f"{folder}/logs",
            "dag_processor_child_process_log_directory": f"{folder}/logs/dag_processor",
            "colored_console_log": "False",
        },
        "api": {"host": LOOPBACK, "port": str(place.port), "base_url": place.url, "workers": "1"},
        "scheduler": {"scheduler_idle_sleep_time": "0.2", "enable_health_check": "False"},
        "dag_processor": {
            "parsing_processes": "1",
            "min_file_process_interval": "300",
            "print_stats_interval": "3600",
        },
        "usage_data_collection": {"enabled": "False"},
    }


def _secrets(path: Path) -> dict[str, dict[str, str]]:
    known = configparser.RawConfigParser()
    known.read(path, encoding="utf-8")
    fernet = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
    return {
        "core": {"fernet_key": known.get("core", "fernet_key", fallback=fernet)},
        "api": {"secret_key": known.get("api", "secret_key", fallback=secrets.token_hex(32))},
        "api_auth": {"jwt_secret": known.get("api_auth", "jwt_secret", fallback=secrets.token_hex(32))},
    }
