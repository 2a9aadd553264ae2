"""What an update computed with: the Python, the distributions installed, the engine and the device."""

from __future__ import annotations

import platform
import sysconfig
from functools import cache
from pathlib import Path

from pipelines.files import digest_json
from pipelines.settings import Settings


def tell_environment(settings: Settings) -> dict[str, str]:
    """`packages` is SHA-256 over names and versions of all that is installed; it tells that something differs."""
    return {
        "python": platform.python_version(),
        "packages": _packages(),
        "engine": settings.engine,
        "device": settings.device,
    }


@cache
def _packages() -> str:
    # the folders' names tell both, and reading 300 files of metadata would cost more than all the rest of a lineage
    folder = Path(sysconfig.get_paths()["purelib"])
    ours = "tidegraph-"  # the code revision tells more of it
    return digest_json(sorted(path.stem for path in folder.glob("*.dist-info") if not path.name.startswith(ours)))
