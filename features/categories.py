"""The tree of categories: a category is named by its path from the root, so that none can lie in itself."""

from __future__ import annotations

from features.schema import CATEGORY_SEPARATOR


def lineage(path: str) -> list[str]:
    """The categories a path goes through, from the root to itself."""
    parts = path.split(CATEGORY_SEPARATOR)
    return [CATEGORY_SEPARATOR.join(parts[: depth + 1]) for depth in range(len(parts))]
