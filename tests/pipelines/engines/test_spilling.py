"""Where tables go that do not fit into memory."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

from pipelines.engines.spilling import spill_folder

KILLED = """
import os, signal, sys
from pathlib import Path
from pipelines.engines.spilling import spill_folder
with spill_folder(Path(sys.argv[1]), "duckdb-") as folder:
    (folder / "large").write_bytes(b"...")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_nothing_is_left_when_the_block_ends(tmp_path: Path) -> None:
    with spill_folder(tmp_path, "duckdb-") as folder:
        (folder / "large").write_bytes(b"...")
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_process_left_is_removed_by_the_next_one(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], check=False)
    assert done.returncode == -signal.SIGKILL and len(list(tmp_path.glob("duckdb-*/large"))) == 1
    with spill_folder(tmp_path, "duckdb-"):
        assert list(tmp_path.glob("*/large")) == []
    assert list(tmp_path.iterdir()) == []


def test_what_another_still_uses_is_left_alone(tmp_path: Path) -> None:
    with spill_folder(tmp_path, "duckdb-") as one:
        with spill_folder(tmp_path, "duckdb-") as other:
            assert one.is_dir() and other.is_dir() and one != other
        assert one.is_dir() and not other.exists()
