"""The ledger as a file for others: every field of every entry, oldest first."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from pipelines.files import write_json, write_text
from pipelines.ledger.entries import NAMES, Entry


def export_json(out: Path, entries: Sequence[Entry]) -> Path:
    """A JSON list of objects; what an entry does not have is null."""
    return write_json(out, [asdict(entry) for entry in entries])


def export_csv(out: Path, entries: Sequence[Entry]) -> Path:
    """A header and a row an entry; what an entry does not have is empty."""
    content = io.StringIO()
    writer = csv.DictWriter(content, NAMES, lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(entry) for entry in entries)
    return write_text(out, content.getvalue())
