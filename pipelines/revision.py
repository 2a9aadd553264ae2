"""Which code ran: a digest of the packages' sources, and the git commit where there is one."""

from __future__ import annotations

import hashlib
import subprocess
from functools import cache

from pipelines.settings import ROOT

PACKAGES = ("sources", "expectations", "features", "models", "pipelines")


@cache
def code_revision() -> str:
    """SHA-256 (16 hex digits) over the sources that decide a result; a commit that touches only docs keeps it."""
    digest = hashlib.sha256()
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            if "local" in path.relative_to(ROOT).parts:
                continue  # starts and stops services; decides no result
            digest.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


@cache
def git_commit() -> str:
    """The commit checked out, with `-dirty` when tracked files differ; `unknown` outside a checkout."""
    head = _git("rev-parse", "HEAD")
    if not head:
        return "unknown"
    return f"{head}-dirty" if _git("status", "--porcelain", "--untracked-files=no") else head


def _git(*arguments: str) -> str:
    try:
        done = subprocess.run(["git", "-C", str(ROOT), *arguments], capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
