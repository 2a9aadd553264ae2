"""Settings of place: environment variables with the prefix TIDEGRAPH_. Settings of behaviour live in params.yaml."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from pipelines.errors import ParamsError

ROOT = Path(__file__).resolve().parent.parent
"""The repository: the packages lie directly below it."""
PYTHON = str(Path(sys.executable).absolute())
"""This Python, for children that start in another folder: a relative PATH makes its own name for itself relative."""
ENGINES = ("duckdb", "spark")
"""Where tables can be computed."""


@dataclass(frozen=True)
class Settings:
    """Where things lie. All paths are absolute."""

    home: Path
    params: Path
    drop: Path
    mapping: Path | None
    mlflow_uri: str
    mlflow_experiment: str
    ledger_url: str
    dvc_remote: str
    actor: str
    engine: str
    memory: str
    spark_master: str
    device: str

    @property
    def artifacts(self) -> Path:
        """Where MLflow keeps artifacts when no server does."""
        return self.home / "mlflow" / "artifacts"

    def to_environment(self) -> dict[str, str]:
        """The TIDEGRAPH_ variables that give these settings again, for a child process."""
        told = {"TIDEGRAPH_" + name.upper(): str(value) for name, value in asdict(self).items() if value is not None}
        return {"TIDEGRAPH_MAPPING": "", **told}


def read_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Read the TIDEGRAPH_ variables of `environment` (default: this process's)."""
    env = os.environ if environment is None else environment
    home = Path(env.get("TIDEGRAPH_HOME") or ROOT / "var").expanduser().resolve()
    return Settings(
        home=home,
        params=Path(env.get("TIDEGRAPH_PARAMS") or ROOT / "params.yaml").expanduser().resolve(),
        drop=Path(env.get("TIDEGRAPH_DROP") or home / "drop").expanduser().resolve(),
        mapping=Path(env["TIDEGRAPH_MAPPING"]).expanduser().resolve() if env.get("TIDEGRAPH_MAPPING") else None,
        mlflow_uri=env.get("TIDEGRAPH_MLFLOW_URI") or f"sqlite:///{home / 'mlflow' / 'mlflow.db'}",
        mlflow_experiment=env.get("TIDEGRAPH_MLFLOW_EXPERIMENT") or "interest-graph",
        ledger_url=env.get("TIDEGRAPH_LEDGER_URL") or f"sqlite:///{home / 'ledger.db'}",
        dvc_remote=env.get("TIDEGRAPH_DVC_REMOTE") or str(home / "dvc-remote"),
        actor=env.get("TIDEGRAPH_ACTOR") or "tidegraph",
        engine=_engine(env.get("TIDEGRAPH_ENGINE") or "duckdb"),
        memory=env.get("TIDEGRAPH_MEMORY") or "2GB",
        spark_master=env.get("TIDEGRAPH_SPARK_MASTER") or "local[*]",
        device=env.get("TIDEGRAPH_DEVICE") or "cpu",
    )


def _engine(name: str) -> str:
    if name not in ENGINES:
        raise ParamsError(f"{name!r} is no engine", where="TIDEGRAPH_ENGINE", mend=f"name one of: {', '.join(ENGINES)}")
    return name


def check_places(settings: Settings) -> None:
    """Refuse a TIDEGRAPH_HOME that is no folder, or in which nothing can be written; nothing is made by looking."""
    nearest = settings.home
    while not nearest.exists() and nearest != nearest.parent:
        nearest = nearest.parent
    if not nearest.is_dir() or not os.access(nearest, os.W_OK):
        raise ParamsError(
            f"{settings.home} cannot be used as home: "
            + (f"{nearest} is no folder" if not nearest.is_dir() else f"{nearest} is not writable"),
            where="TIDEGRAPH_HOME",
            mend="point it at a folder of your own; it is made where it is missing",
        )
