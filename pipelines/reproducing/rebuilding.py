"""Rebuilding versions in sandboxes: each version that is learned anew has one, with the snapshots that it knew."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from pipelines import registry
from pipelines.context import Context
from pipelines.lineage.seen import Lineage
from pipelines.reproducing.refolding import refold, write_memory
from pipelines.reproducing.relearning import rejudge, relearn
from pipelines.reproducing.sandbox import open_sandbox
from pipelines.reproducing.shelf import Shelf


@dataclass(frozen=True)
class Rebuilt:
    """`graphs`: hashes of the graph at the cut and at the end; `state`: digest of what was learned, which lies in
    `candidate`; `numbers` by their names in MLflow."""

    graphs: Mapping[str, str]
    state: str
    candidate: Path
    numbers: Mapping[str, float]
    verdict: str


class Rebuilder:
    """Works in `into`. `stored`: whether rivals and bases that are not learned anew may be taken as they are stored."""

    def __init__(self, into: Path, lineages: Mapping[str, Lineage], real: Context, *, stored: bool) -> None:
        self._into, self._lineages, self._real, self._stored = into, lineages, real, stored
        self._shelf = Shelf(into / "versions")
        self._graphs: Path | None = None

    def learn(self, version: str) -> None:
        """Learn a version of the base line, and put it where the next one looks for it."""
        sandbox = self._open(version, self._into / "base" / version)
        refold(self._lineages[version], sandbox)
        relearn(self._lineages[version], self._shelf, sandbox)
        model = sandbox.path("model")
        model.mkdir()
        (model / "state").symlink_to(self._candidate(version, sandbox))
        self._shelf.put(version, model, sandbox)
        self._graphs = sandbox.path("graphs")

    def rebuild(self, version: str) -> Rebuilt:
        """The version that was asked for: in `into` itself, judged as well."""
        lineage = self._lineages[version]
        sandbox = self._open(version, self._into)
        graphs = refold(lineage, sandbox)
        self._put_rivals(lineage, sandbox)
        state = relearn(lineage, self._shelf, sandbox)
        numbers, verdict = rejudge(lineage, sandbox)
        return Rebuilt(graphs, state, self._candidate(version, sandbox), numbers, verdict)

    def _open(self, version: str, folder: Path) -> Context:
        sandbox = open_sandbox(folder, self._lineages[version], self._real, mlflow=self._into / "mlflow")
        if self._graphs is not None:  # graphs of an earlier version are taken over where they are the very same
            shutil.copytree(self._graphs, sandbox.path("graphs"))
        return sandbox

    def _put_rivals(self, lineage: Lineage, sandbox: Context) -> None:
        """The base version and the last full fit; what the base remembered goes with it."""
        for version in (str(lineage.get("base_version")), str(lineage.get("last_full_version"))):
            if version in self._lineages and self._shelf.number(version) is None and self._stored:
                self._shelf.put(version, stored_model(version, self._into, self._real), sandbox)
        base = self._lineages.get(str(lineage.get("base_version")))
        if base is not None:
            write_memory(base, sandbox)

    def _candidate(self, version: str, sandbox: Context) -> Path:
        return sandbox.path("updates", self._lineages[version]["window"], "candidate")


def stored_model(version: str, into: Path, real: Context) -> Path:
    """The model folder of a registered version; one that has to be downloaded is, below `into`."""
    settings = replace(real.settings, home=into / "downloaded")
    return registry.model_folder(replace(real, settings=settings), version)
