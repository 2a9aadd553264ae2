"""Settings of place: environment variables with the prefix TIDEGRAPH_. Settings of behaviour live in params.yaml."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
"""The repository: the packages lie directly below it."""


@dataclass(frozen=True)
class Settings:
    """Where things lie. All paths are absolute."""

    home: Path
    params: Path
    drop: Path
    mlflow_uri: str
    mlflow_experiment: str
    ledger_url: str
    dvc_remote: str
    actor: str

    @property
    def artifacts(self) -> Path:
        """Where MLflow keeps artifacts when no server does."""
        return self.home / "mlflow" / "artifacts"


def read_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Read the TIDEGRAPH_ variables of `environment` (default: this process's)."""
    env = os.environ if environment is None else environment
    home = Path(env.get("TIDEGRAPH_HOME") or ROOT / "var").expanduser().resolve()
    return Settings(
        home=home,
        params=Path(env.get("TIDEGRAPH_PARAMS") or ROOT / "params.yaml").expanduser().resolve(),
        drop=Path(env.get("TIDEGRAPH_DROP") or home / "drop").expanduser().resolve(),
        mlflow_uri=env.get("TIDEGRAPH_MLFLOW_URI") or f"sqlite:///{home / 'mlflow' / 'mlflow.db'}",
        mlflow_experiment=env.get("TIDEGRAPH_MLFLOW_EXPERIMENT") or "interest-graph",
        ledger_url=env.get("TIDEGRAPH_LEDGER_URL") or f"sqlite:///{home / 'ledger.db'}",
        dvc_remote=env.get("TIDEGRAPH_DVC_REMOTE") or str(home / "dvc-remote"),
        actor=env.get("TIDEGRAPH_ACTOR") or "tidegraph",
    )
