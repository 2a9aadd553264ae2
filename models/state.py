"""What a recommender is at rest: tensors, tables and plain settings; nothing pickled."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd
from torch import Tensor


@dataclass(frozen=True)
class State:
    """`kind` names the recommender's class in `models.catalogue`; `settings` are JSON values.

    `format` is the class's `state_format` when the state was made: a class reads no other one.
    """

    kind: str
    settings: dict[str, object]
    tensors: dict[str, Tensor] = field(default_factory=dict)
    tables: dict[str, pd.DataFrame] = field(default_factory=dict)
    format: int = 1
