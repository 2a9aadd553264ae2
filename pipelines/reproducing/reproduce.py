"""Reproduce: rebuild a past version from its lineage in an empty folder, and say whether it is the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pipelines import registry
from pipelines.aliases import MODEL
from pipelines.context import Context
from pipelines.errors import RegistryError, StoreError
from pipelines.graphs.erasures import read_erasures
from pipelines.lineage.environment import tell_environment
from pipelines.lineage.of_model import find_version
from pipelines.lineage.seen import LEARNED_FROM_BASE, Lineage, base_line
from pipelines.lineage.stored import read_lineages
from pipelines.reproducing.comparing import Number, Pair, compare_numbers, largest_difference
from pipelines.reproducing.rebuilding import Rebuilder, stored_model
from pipelines.reproducing.refolding import folds_of
from pipelines.reproducing.sandbox import check_folder
from pipelines.revision import code_revision
from pipelines.serving.model_files import read_state
from pipelines.tracking import open_client

_NEEDED = ("params", "knew", "graph_at_cut", "graph_at_end", "data_cut", "mode", "model_state")


@dataclass(frozen=True)
class Reproduction:
    """What came of rebuilding `version`. `line`: the versions whose weights were learned anew, oldest first.

    `numbers`: every mean metric, and what the gate made of them; `only_one`: names of numbers that only one of both
    has; `apart`: the largest difference of weights, None where it is not known; `notes`: what explains a difference.
    """

    version: str
    line: tuple[str, ...]
    graph_at_cut: Pair
    graph_at_end: Pair
    state: Pair
    apart: float | None
    verdict: Pair
    numbers: tuple[Number, ...]
    only_one: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def same(self) -> bool:
        """The same graph, and every number of then within the tolerance."""
        graphs = self.graph_at_cut.same and self.graph_at_end.same
        return graphs and bool(self.numbers) and not self.only_one and all(each.same for each in self.numbers)

    def to_dict(self) -> dict[str, Any]:
        """JSON values, with `same` for the whole and for each number."""
        numbers = [asdict(each) | {"same": each.same} for each in self.numbers]
        return {"same": self.same, **asdict(self), "numbers": numbers}


def reproduce(version: str, into: Path, real: Context, *, from_scratch: bool = False) -> Reproduction:
    """Rebuild `version` in the empty folder `into`. Nothing in the home of `real`, its MLflow or its ledger is changed.

    A version that was learned from a base version starts from the weights stored of that; `from_scratch` learns the
    whole base line anew from its full fit on, and so does a base whose weights cannot be read, or who knew users erased
    since. Raises RegistryError where there is no such version, or its lineage does not tell enough.
    """
    into = into.resolve()
    check_folder(into, real.settings.home)
    lineages = read_lineages(real)
    lineage = find_version(version, lineages)
    line = [*reversed(base_line(version, lineages)), version]
    erased = _erased_since([lineages[each] for each in line], real)
    unread = [] if from_scratch or erased else _unreadable(line[-2:-1], into, real)
    if not (from_scratch or erased or unread):
        line = [version]
    _check(line, lineages)
    rebuilder = Rebuilder(into, lineages, real, stored=not erased)
    for base in line[:-1]:
        rebuilder.learn(base)
    rebuilt = rebuilder.rebuild(version)
    numbers, only_one = compare_numbers(_numbers(lineage, real), rebuilt.numbers)
    return Reproduction(
        version=version,
        line=tuple(line),
        graph_at_cut=Pair(lineage["graph_at_cut"], rebuilt.graphs["cut"]),
        graph_at_end=Pair(lineage["graph_at_end"], rebuilt.graphs["end"]),
        state=Pair(lineage["model_state"], rebuilt.state),
        apart=_apart(version, rebuilt.candidate, into, real),
        verdict=Pair((lineage.get("verdict") or {}).get("outcome"), rebuilt.verdict),
        numbers=tuple(numbers),
        only_one=tuple(only_one),
        notes=(*_told(erased), *unread, *_differences(lineage, real)),
    )


def _check(versions: list[str], known: Mapping[str, Lineage]) -> None:
    """RegistryError for a version of before lineages were kept, or whose lineage or base version is missing."""
    for version in versions:
        lineage = known[version]
        missing = [name for name in _NEEDED if not lineage.get(name)]
        if missing:
            raise RegistryError(
                f"the lineage of version {version} does not tell {', '.join(missing)}: it cannot be rebuilt",
                where=f"lineage.json of MLflow run {lineage.get('mlflow_run')}",
                mend="reproduce a version that an update of this code registered, or, where it was only its base that"
                " is too old, leave --from-scratch out",
            )
        if lineage["mode"] in LEARNED_FROM_BASE and lineage["base_version"] not in known:
            raise RegistryError(
                f"version {version} goes on from version {lineage['base_version']}, which is not registered any more",
                where=f"model {MODEL}",
                mend="reproduce a version that was learned in full",
            )


def _differences(lineage: Lineage, real: Context) -> Iterator[str]:
    """What is not now as it was then, and may make a difference."""
    if lineage.get("code_revision") != code_revision():
        yield (
            f"the code is not that of then: {code_revision()} now, {lineage.get('code_revision')} then"
            f" (git {lineage.get('git_commit')}); check that out to rebuild with it"
        )
    then, now = lineage.get("environment") or {}, tell_environment(real.settings)
    apart = [f"{name} {now[name][:12]} now, {told[:12]} then" for name, told in then.items() if told != now.get(name)]
    if apart:
        yield f"it is not computed with the same: {'; '.join(apart)}"
    if not lineage.get("graph_folds"):
        yield "how its graph was folded is not known: it is built in one go, and the same edges get another hash"


def _erased_since(line: list[Lineage], real: Context) -> int:
    """How many requests for erasure came after the first graph that the versions stand on."""
    folds = [fold for lineage in line if lineage.get("params") for fold in folds_of(lineage)]
    return len(read_erasures(real)) - min((fold.get("erasures") or 0 for fold in folds), default=0)


def _told(erased: int) -> list[str]:
    if not erased:
        return []
    return [
        f"requests to be forgotten since: {erased}; it is rebuilt as if these users had never been there, without "
        "rivals that knew them, and cannot be the same"
    ]


def _unreadable(bases: list[str], into: Path, real: Context) -> list[str]:
    """Why the stored weights of the base version cannot be started from; empty where they can, or there is none."""
    for base in bases:
        try:
            read_state(stored_model(base, into, real) / "state")
        except (RegistryError, StoreError) as error:
            return [f"the stored weights of version {base} cannot be read ({error.what}): its line is learned anew"]
    return []


def _numbers(lineage: Lineage, real: Context) -> Mapping[str, float]:
    with registry.mlflow_answers(real):
        found: dict[str, float] = open_client(real).get_run(lineage["mlflow_run"]).data.metrics
        return found


def _apart(version: str, candidate: Path, into: Path, real: Context) -> float | None:
    try:
        then = read_state(stored_model(version, into, real) / "state")
    except (RegistryError, StoreError):
        return None
    return largest_difference(then, read_state(candidate))
