"""A version's artefact: a models-from-code pyfunc over plain files that carries the packages it needs."""

from __future__ import annotations

import warnings
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

from mlflow import MlflowClient
from mlflow.entities import LoggedModel, LoggedModelOutput, LoggedModelStatus
from mlflow.models import Model, ModelSignature
from mlflow.types import ColSpec, DataType, ParamSchema, ParamSpec, Schema

from pipelines.settings import ROOT

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # mlflow warns of its own type hints
    from mlflow.pyfunc import save_model

ARTIFACT = "model"
"""The artefact's name, and that of the folder it comes from."""
PACKAGES = ("pipelines", "models", "features")
SERVING = (
    "mlflow", "torch", "torch_geometric", "implicit", "scipy", "numpy", "pandas", "pyarrow", "safetensors",
)  # fmt: skip
"""The distributions that serving imports."""


def log_model(client: MlflowClient, run_id: str, model_folder: Path, *, name: str) -> str:
    """Log `model_folder` as the model of the run and give its id; a logging that was killed is taken up again."""
    if model_folder.name != ARTIFACT:
        raise ValueError(f"the model folder must be named {ARTIFACT!r}, not {model_folder.name!r}")
    model = _find_or_create(client, run_id, name)
    if model.status != LoggedModelStatus.READY:
        with TemporaryDirectory() as folder:
            package = Path(folder) / "package"
            save_package(package, model_folder, Model(run_id=run_id, model_id=model.model_id))
            client.log_model_artifacts(model.model_id, str(package))
        client.finalize_logged_model(model.model_id, LoggedModelStatus.READY)
    return str(model.model_id)


def save_package(path: Path, model_folder: Path, description: Model | None = None) -> None:
    """Write the artefact: MLmodel, exact requirements, the script, our packages and `model_folder`."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # mlflow asks for an example, which it would have to run the model for
        save_model(
            path=str(path),
            mlflow_model=description or Model(),
            python_model=str(Path(__file__).with_name("served_model.py")),
            artifacts={ARTIFACT: str(model_folder)},
            code_paths=[str(ROOT / package) for package in PACKAGES],
            pip_requirements=requirements(),
            signature=_signature(),
        )


def requirements() -> list[str]:
    """Exact versions of what serving imports, without local parts such as `+cpu`."""
    return [f"{name}=={version(name).split('+')[0]}" for name in SERVING]


def _signature() -> ModelSignature:
    answer = {"user_id": "string", "rank": "long", "item_id": "string", "score": "double", "title": "string"}
    return ModelSignature(
        inputs=Schema([ColSpec(DataType.string, "user_id")]),
        outputs=Schema([ColSpec(kind, column) for column, kind in answer.items()]),
        params=ParamSchema([ParamSpec("k", DataType.long, 20)]),
    )


def _find_or_create(client: MlflowClient, run_id: str, name: str) -> LoggedModel:
    experiment = client.get_run(run_id).info.experiment_id
    found = client.search_logged_models([experiment], f"source_run_id = '{run_id}' and name = '{name}'")
    model = found[0] if found else client.create_logged_model(experiment, name, source_run_id=run_id)
    outputs = client.get_run(run_id).outputs
    if outputs is None or model.model_id not in {output.model_id for output in outputs.model_outputs}:
        client.log_outputs(run_id, [LoggedModelOutput(model.model_id, step=0)])
    return model
