"""Asking in a fresh process: what it answers, it read from the store, whatever this process holds in memory.

`python -m pipelines.serving.answering REQUEST REPLY` is that process: both are JSON files.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd

from pipelines.errors import RegistryError, TidegraphError
from pipelines.files import read_json, write_json
from pipelines.settings import PYTHON, ROOT, Settings

_PATIENCE_SECONDS = 600


@dataclass(frozen=True)
class Reply:
    """`answers`: `user_id`, `rank` from 1, `item_id`, `score`. `version` is None where a folder was asked."""

    version: str | None
    answers: pd.DataFrame


def ask_in_fresh_process(
    settings: Settings, *, folder: Path | None = None, users: Sequence[str] | None = None
) -> Reply:
    """What a fresh process answers that loads the version MLflow's alias `champion` names, or the model in `folder`.

    `folder` holds `state/` and `graph/`, as a version's artefact does; nothing of MLflow or the ledger is needed then.
    `users` are asked for in their order; None: those that canned answers are kept for (`pipelines.serving.canned`).
    RegistryError where it does not answer, with the reason.
    """
    with TemporaryDirectory(prefix="tidegraph-") as place:
        request, reply = Path(place) / "request.json", Path(place) / "reply.json"
        write_json(request, {"folder": str(folder.resolve()) if folder else None, "users": users and list(users)})
        told = _start(settings, request, reply)
    if "error" in told:
        raise RegistryError(
            told["error"],
            where=f"{folder or 'the champion'}, asked in a fresh process",
            mend="look at the version's artefact; a version that loads can be promoted or rolled back to",
        )
    return Reply(told["version"], pd.DataFrame(told["answers"], columns=["user_id", "rank", "item_id", "score"]))


def _start(settings: Settings, request: Path, reply: Path) -> dict[str, Any]:
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = os.environ | settings.to_environment() | {"PYTHONPATH": os.pathsep.join(paths)}
    command = [PYTHON, "-P", "-m", "pipelines.serving.answering", str(request), str(reply)]
    try:
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=_PATIENCE_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return {"error": f"no answer within {_PATIENCE_SECONDS} s"}
    if reply.is_file():
        told: dict[str, Any] = read_json(reply)
        return told
    last = (done.stderr.strip().splitlines() or ["nothing was said"])[-1]
    return {"error": f"the process ended with code {done.returncode} and no answer: {last[:300]}"}


def main(request: Path, reply: Path) -> None:
    """Answer `request` into `reply`; what cannot be loaded or asked is told there too."""
    asked = read_json(request)
    try:
        told = _answer(Path(asked["folder"]) if asked["folder"] else None, asked["users"])
    except (TidegraphError, ValueError) as error:
        told = {"error": str(error).splitlines()[0]}
    write_json(reply, told)


def _answer(folder: Path | None, users: list[str] | None) -> dict[str, Any]:
    from pipelines.serving.canned import answer, canned_users  # here: who asks needs no torch
    from pipelines.serving.loaded import load_folder

    version, model = (None, folder) if folder else _find_champion()
    served = load_folder(model, version or "")
    answers = answer(served, canned_users(served) if users is None else users)
    return {"version": version, "answers": answers.to_numpy().tolist()}


def _find_champion() -> tuple[str, Path]:
    """By alias, and not by the ledger: as one is found who serves without us."""
    from pipelines import registry  # here: a folder is asked without MLflow
    from pipelines.context import read_context

    context = read_context()
    version = registry.alias_champion(context)
    if version is None:
        raise ValueError("no version has the alias champion")
    return version, registry.model_folder(context, version)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
