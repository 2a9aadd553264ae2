"""The versions that a rebuilt one starts from or is judged against, in the sandbox's own MLflow."""

from __future__ import annotations

from pathlib import Path

from pipelines import registry
from pipelines.aliases import MODEL, find_model
from pipelines.context import Context
from pipelines.serving.packaging import ARTIFACT
from pipelines.tracking import open_client


class Shelf:
    """Versions by the number they have in the real registry; here they are numbered anew."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers: dict[str, str] = {}

    def number(self, version: str | None) -> str | None:
        """The number of `version` here; None where it is not on the shelf."""
        return None if version is None else self._numbers.get(version)

    def put(self, version: str, model: Path, context: Context) -> None:
        """Put the model folder of `version` (with `state/`), where it lies, on the shelf of `context`'s MLflow."""
        if version in self._numbers:
            return
        place = self._folder / version / "artifacts" / ARTIFACT
        place.parent.mkdir(parents=True)
        place.symlink_to(model.resolve())
        with registry.mlflow_answers(context):
            client = open_client(context)
            if find_model(client) is None:
                client.create_registered_model(MODEL)
            made = client.create_model_version(MODEL, source=f"file://{self._folder / version}")
        self._numbers[version] = str(made.version)
