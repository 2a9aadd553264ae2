"""A snapshot as MLflow knows it: a dataset source that leads to a page of it, and reads its partition back by tag.

`register_source` lets this process's MLflow know it. There is no entry point `mlflow.dataset_source`: by it MLflow
would import the installed `pipelines` in every process, also in `mlflow models serve`, where a version's own code runs.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from mlflow.data.dataset_source import DatasetSource

KIND = "external"
"""MLflow's page (3.17) makes links for kinds of its own only; this one is for whatever lies elsewhere, by its `url`."""
_ADDRESS = re.compile(r"(?P<registry>.+)@(?P<tag>snapshot/[^/@]+)")


class DvcSnapshot(DatasetSource):
    """The partition under `tag` of the data registry in the folder `registry`; `url`: of a page that tells of it."""

    def __init__(self, registry: str, tag: str, url: str | None = None) -> None:
        self.registry, self.tag, self.url = registry, tag, url

    @property
    def uri(self) -> str:
        """Such as `/srv/var/registry@snapshot/2017-10-08`."""
        return f"{self.registry}@{self.tag}"

    @property
    def command(self) -> str:
        """What reads it back by hand."""
        return f"dvc get {self.registry} {self.path} --rev {self.tag}"

    @property
    def path(self) -> str:
        """Of the partition, in the registry."""
        return f"partitions/{self.tag.removeprefix('snapshot/').partition('.')[0]}"

    def load(self, into: Path | None = None) -> str:
        """Read the partition back, from DVC's cache or remote, and give its folder: `into`, or a new one.

        Raises SnapshotError where this machine does not have the registry, the tag, or the stored files.
        """
        from pipelines.errors import SnapshotError
        from pipelines.snapshots.data_registry import DataRegistry

        folder = Path(self.registry)
        if not (folder / ".dvc").is_dir():
            raise SnapshotError(
                "the data registry is not on this machine",
                where=self.registry,
                mend=f"where it is: {self.command}",
            )
        out = into or Path(mkdtemp(prefix="tidegraph-snapshot-")) / Path(self.path).name
        registry = DataRegistry(folder, remote=f"DVC remote of {folder}", locks=folder / ".dvc" / "tmp")
        return str(registry.read_back(self.tag, out))

    def to_dict(self) -> dict[str, Any]:
        told = {"uri": self.uri, "registry": self.registry, "path": self.path, "rev": self.tag}
        return told | ({"url": self.url} if self.url else {})

    @classmethod
    def from_dict(cls, source_dict: dict[Any, Any]) -> DvcSnapshot:
        return cls(source_dict["registry"], source_dict["rev"], source_dict.get("url"))

    @classmethod
    def from_json(cls, source_json: str) -> DvcSnapshot:
        """Runs of before kept the address alone."""
        if _ADDRESS.fullmatch(source_json):
            return cls._resolve(source_json)
        return cls.from_dict(json.loads(source_json))

    @staticmethod
    def _get_source_type() -> str:
        return KIND

    @staticmethod
    def _can_resolve(raw_source: Any) -> bool:
        return isinstance(raw_source, str) and _ADDRESS.fullmatch(raw_source) is not None

    @classmethod
    def _resolve(cls, raw_source: Any) -> DvcSnapshot:
        match = _ADDRESS.fullmatch(raw_source)
        if match is None:
            raise ValueError(f"{raw_source!r} is no address such as /srv/var/registry@snapshot/2017-10-08")
        return cls(match["registry"], match["tag"])


class _OfBefore(DvcSnapshot):
    """As runs of 0.4 and before name the kind."""

    @staticmethod
    def _get_source_type() -> str:
        return "dvc"

    @staticmethod
    def _can_resolve(raw_source: Any) -> bool:
        return False  # an address is one of `DvcSnapshot`


def register_source() -> None:
    """Let this process's MLflow know the kinds, if it does not yet."""
    from mlflow.data.dataset_source_registry import get_registered_sources, register_dataset_source

    known = {source._get_source_type() for source in get_registered_sources()}
    for kind in (DvcSnapshot, _OfBefore):
        if kind._get_source_type() not in known:
            register_dataset_source(kind)  # type: ignore[arg-type]  # MLflow means the class
