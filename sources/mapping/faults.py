"""What could not be read of a row: told cell by cell, gathered as the landed column `fault`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

SHOWN = 80
"""So many characters of a cell are shown at most."""


@dataclass(frozen=True)
class Places:
    """Where the rows of a raw table came from: `where` (such as a file), and the `unit` (line, row) of each of them.

    `faults` are rows that the reader could not take apart at all, by position: their cells are null.
    """

    where: str
    numbers: Sequence[int] | np.ndarray | None = None
    unit: str = "line"
    faults: Mapping[int, str] = field(default_factory=dict)

    def of(self, position: int) -> str:
        return self.where if self.numbers is None else f"{self.where}, {self.unit} {self.numbers[position]}"


class Faults:
    """Gathers sentences such as `quantity: 'two' is no number` by row."""

    def __init__(self, given: Mapping[int, str] | None = None) -> None:
        self._told: dict[int, list[str]] = {row: [text] for row, text in (given or {}).items()}

    def add(self, name: str, rows: np.ndarray, cells: pa.Array, wanted: str) -> None:
        """Tell of each of the rows that its cell is not what is `wanted`: `wanted` is such as `is no number`."""
        for row, cell in zip(rows.tolist(), _listed(cells), strict=True):
            self.tell(row, f"{name}: {shown(cell)} {wanted}")

    def tell(self, row: int, text: str) -> None:
        self._told.setdefault(row, []).append(text)

    def texts(self, rows: int, places: Places | None = None) -> pa.Array:
        """One text a row, null for a row without fault; with `places`, it says where the row came from."""
        if not self._told:
            return pa.nulls(rows, pa.string())
        whole: list[str | None] = [None] * rows
        for row, texts in self._told.items():
            place = f" ({places.of(row)})" if places else ""
            whole[row] = "; ".join(dict.fromkeys(texts)) + place
        return pa.array(whole, pa.string())


def shown(cell: Any) -> str:
    """A cell as it is shown to a user: text in quotes, shortened, control characters escaped."""
    text = repr(cell[: SHOWN + 1] if isinstance(cell, str) else cell)
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 3]}..."


def _listed(cells: pa.Array) -> list[Any]:
    try:
        listed: list[Any] = cells.to_pylist()
    except (ValueError, OverflowError):  # instants beyond what Python's datetime holds
        listed = cells.cast(pa.int64(), safe=False).to_pylist()
    return listed
