"""A ledger of its own for each test."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.ledger.book import Ledger


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'made' / 'ledger.db'}"


@pytest.fixture
def ledger(url: str) -> Ledger:
    return Ledger(url)
