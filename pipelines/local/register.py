"""Which services run for a TIDEGRAPH_HOME: `local.json`, so that a later command finds and stops them."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from pipelines.local.services import Service, is_running, stop_services


@dataclass(frozen=True)
class Running:
    """Services started together: Airflow (`airflow_url`) and, after `up`, MLflow (`mlflow_url`)."""

    airflow_url: str
    mlflow_url: str | None
    services: tuple[Service, ...]

    @property
    def is_whole(self) -> bool:
        return bool(self.services) and all(is_running(service) for service in self.services)


def register_path(home: Path) -> Path:
    return home / "local.json"


def remember(home: Path, running: Running) -> None:
    """Write down what runs; done after each start, so that a killed command leaves nothing unknown."""
    path = register_path(home)
    beside = path.with_suffix(".partial")
    beside.write_text(json.dumps(asdict(running), indent=2) + "\n", encoding="utf-8")
    beside.replace(path)


def recall(home: Path) -> Running | None:
    """What was written down, whether or not it still runs; an unreadable file counts as none."""
    try:
        found = json.loads(register_path(home).read_text(encoding="utf-8"))
        services = tuple(Service(**service) for service in found["services"])
        return Running(found["airflow_url"], found["mlflow_url"], services)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def stop_all(home: Path) -> list[Service]:
    """Stop what was written down and forget it; the services that were still running."""
    running = recall(home)
    stopped = [service for service in running.services if is_running(service)] if running else []
    if running:
        stop_services(running.services)
    register_path(home).unlink(missing_ok=True)
    return stopped
