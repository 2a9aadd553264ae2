"""git and DVC as the data registry calls them: in its folder, without the user's settings, with errors in words."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import psutil

from pipelines.errors import SnapshotError
from pipelines.settings import PYTHON


def call_git(folder: Path, *arguments: str, stdin: str | None = None) -> str:
    """What git printed; SnapshotError where it failed."""
    return _call(["git", *arguments], folder, stdin)


def run_dvc(folder: Path, *commands: list[str], notes: Path | None = None) -> None:
    """Run DVC commands one after the other, until one fails, in one process: starting it costs most.

    `notes`: where DVC writes what it notes for itself; in the registry where nothing else is said.
    """
    waiting = [["--wait-for-lock", *command] for command in commands]
    _call([PYTHON, "-c", _RUN_DVC, json.dumps(waiting)], folder, notes=notes)


_RUN_DVC = """
import json, sys
from dvc.cli import main

for command in json.loads(sys.argv[1]):
    if status := main(command):
        sys.exit(status)
"""


def tools_at_work(folder: Path) -> list[psutil.Process]:
    """The git and dvc processes that work in `folder`."""
    found = []
    for process in psutil.process_iter(["cwd", "cmdline"]):
        command = " ".join((process.info["cmdline"] or [])[:3])
        if process.info["cwd"] == str(folder) and ("git" in command or "dvc" in command):
            found.append(process)
    return found


def _call(command: list[str], folder: Path, stdin: str | None = None, notes: Path | None = None) -> str:
    environment = _environment(folder) | ({"DVC_SITE_CACHE_DIR": str(notes)} if notes else {})
    try:
        done = subprocess.run(
            command, cwd=folder, env=environment, input=stdin, capture_output=True, text=True, check=False
        )
    except FileNotFoundError as error:
        raise SnapshotError(
            f"{command[0]} cannot be started", where=str(folder), mend=f"install {command[0]}, or run a step first"
        ) from error
    if done.returncode:
        tool = "git" if command[0] == "git" else "dvc"
        raise SnapshotError(
            f"{tool} failed: {_last_line(done.stderr or done.stdout)}",
            where=str(folder),
            mend="mend what it names (disk, permissions, the DVC remote) and run the same command again",
        )
    return done.stdout.strip()


def _environment(folder: Path) -> dict[str, str]:
    """This process's environment without the user's git: the registry has an identity and settings of its own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return kept | {
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CEILING_DIRECTORIES": str(folder.parent),  # never take an outer repository for this one
        "DVC_NO_ANALYTICS": "1",
        "DVC_SITE_CACHE_DIR": str(folder / ".dvc" / "tmp" / "site"),
        "DO_NOT_TRACK": "1",
    }


def _last_line(output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip() and "Having any troubles" not in line]
    return lines[-1] if lines else "no message"
