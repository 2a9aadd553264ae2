"""MLflow's UI on this machine, over the tracking store that the pipelines write to."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import requests

from pipelines.local.airflow_server import QUIET
from pipelines.local.ports import LOOPBACK
from pipelines.local.services import Service, start_service
from pipelines.settings import Settings


@dataclass(frozen=True)
class MlflowPlace:
    """Where one MLflow server lives. A tracking URI that is a server already needs none of ours."""

    settings: Settings
    port: int

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def folder(self) -> Path:
        return self.settings.home / "mlflow"


def start_mlflow(place: MlflowPlace, env: dict[str, str]) -> Service:
    """Start `mlflow server` with one worker; artifacts are read from where the runs wrote them."""
    place.folder.mkdir(parents=True, exist_ok=True)
    arguments = [
        "-m", "mlflow", "server",
        "--host", LOOPBACK,
        "--port", str(place.port),
        "--workers", "1",
        "--backend-store-uri", place.settings.mlflow_uri,
        "--default-artifact-root", place.settings.artifacts.as_uri(),
        "--no-serve-artifacts",
    ]  # fmt: skip
    quiet = QUIET | {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    return start_service(
        "mlflow", arguments, env=env | quiet, folder=place.folder, log=place.folder / "logs" / "server.log"
    )


def is_up(url: str) -> bool:
    """Whether the server answers yet."""
    with requests.Session() as session:
        session.trust_env = False
        try:
            return session.get(f"{url}/health", timeout=10).status_code == 200
        except requests.RequestException:
            return False
