"""Words that go with numbers, wherever something is told."""

from __future__ import annotations


def counted(number: int, word: str) -> str:
    """A number of things, such as `1 row` or `1,204 rows`."""
    return f"{number:,} {word}{'' if number == 1 else 's'}"
