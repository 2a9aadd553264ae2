"""The tree of categories: a category is named by its path from the root, so that none can lie in itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from features.schema import CATEGORY_SEPARATOR


def lineage(path: str) -> list[str]:
    """The categories a path goes through, from the root to itself."""
    parts = path.split(CATEGORY_SEPARATOR)
    return [CATEGORY_SEPARATOR.join(parts[: depth + 1]) for depth in range(len(parts))]


def path_parts(path: str) -> tuple[str, str]:
    """A category's own name, and the path of what it lies in (empty for a root)."""
    within, _, own = path.rpartition(CATEGORY_SEPARATOR)
    return own, within


def innermost(path: str) -> str:
    """A category's own name, without where it lies."""
    return path_parts(path)[0]


def told_apart(paths: Iterable[str]) -> dict[str, str]:
    """By path a name that is the innermost part, or the whole path where several of `paths` share that."""
    distinct = set(paths)
    shared = Counter(map(innermost, distinct))
    return {path: innermost(path) if shared[innermost(path)] == 1 else path for path in distinct}
