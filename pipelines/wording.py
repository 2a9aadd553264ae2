"""Words that go with numbers, wherever something is told."""

from __future__ import annotations


def counted(number: int, word: str, several: str | None = None) -> str:
    """A number of things, such as `1 row` or `1,204 rows`; `several` where the word does not just take an s."""
    return f"{number:,} {word if number == 1 else several or f'{word}s'}"
