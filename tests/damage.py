"""Damage to a file, in a file of its own: graphs share files with their parents."""

from __future__ import annotations

from pathlib import Path


def truncate(path: Path) -> None:
    """Take the last 100 bytes away."""
    _replace(path, path.read_bytes()[:-100])


def change_a_byte(path: Path) -> None:
    """In the middle; the size stays."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    _replace(path, bytes(content))


def _replace(path: Path, content: bytes) -> None:
    path.unlink()
    path.write_bytes(content)


DAMAGES = {"truncated": truncate, "changed byte": change_a_byte}
