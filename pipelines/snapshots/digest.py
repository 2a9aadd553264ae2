"""The digest by which DVC knows a folder."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path


def dvc_digest(folder: Path) -> str:
    """The digest DVC gives `folder`: MD5 over the sorted names and MD5s of its files; a missing folder is empty."""
    entries = sorted(
        (path.relative_to(folder).as_posix(), hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest())
        for path in folder.rglob("*")
        if path.is_file()
    )
    listing = json.dumps([{"md5": digest, "relpath": name} for name, digest in entries])
    return hashlib.md5(listing.encode(), usedforsecurity=False).hexdigest() + ".dir"
