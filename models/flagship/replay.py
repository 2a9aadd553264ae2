"""The memory of past lessons: bounded, every user's lesson as likely to be kept as any other's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields

import torch
from torch import Tensor

from models.flagship.rows import Rows

_PREFIX = "replay"


class Replay:
    """A reservoir of at most `limit` rows, by whole users.

    Each user's part of a lesson draws a number once and those with the largest stay (reservoir sampling by random keys,
    Efraimidis & Spirakis 2006, with equal weights), so that what is kept is a fair draw of everything ever added.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.lessons: list[Rows] = []
        self._draws: list[Tensor] = []

    def __len__(self) -> int:
        return sum(len(lesson) for lesson in self.lessons)

    def add(self, lesson: Rows, generator: torch.Generator) -> None:
        """Remember `lesson`, forgetting whichever users' parts lost the draw."""
        self.lessons.append(lesson)
        self._draws.append(torch.rand(lesson.users, generator=generator))
        if len(self) > self.limit:
            self._shrink()

    def sample(self, rows: int, generator: torch.Generator) -> list[Rows]:
        """Parts of lessons of whole users, drawn evenly, at most `rows` rows in all."""
        draws = [torch.rand(lesson.users, generator=generator) for lesson in self.lessons]
        return self._above(draws, self._threshold(draws, rows))

    def tensors(self) -> dict[str, Tensor]:
        """For `State.tensors`; `from_tensors` gives an equal memory back."""
        kept: dict[str, Tensor] = {}
        for number, (lesson, draw) in enumerate(zip(self.lessons, self._draws, strict=True)):
            parts = _flatten(lesson) | {"draw": draw}
            kept |= {f"{_PREFIX}/{number:04d}/{name}": tensor.contiguous() for name, tensor in parts.items()}
        return kept

    @classmethod
    def from_tensors(cls, limit: int, tensors: Mapping[str, Tensor]) -> Replay:
        replay, parts = cls(limit), dict[str, dict[str, Tensor]]()
        for path, tensor in tensors.items():
            prefix, _, rest = path.partition("/")
            if prefix == _PREFIX:
                number, _, name = rest.partition("/")
                parts.setdefault(number, {})[name] = tensor
        for number in sorted(parts):
            replay._draws.append(parts[number].pop("draw"))
            replay.lessons.append(_unflatten(parts[number]))
        return replay

    def _shrink(self) -> None:
        threshold = self._threshold(self._draws, self.limit)
        self.lessons = self._above(self._draws, threshold)
        self._draws = [kept for draw in self._draws if len(kept := draw[draw > threshold])]

    def _threshold(self, draws: list[Tensor], rows: int) -> float:
        """The largest draw that no longer fits when users are taken from the largest draw down."""
        if not draws:
            return -1.0
        draw = torch.cat(draws)
        order = draw.argsort(descending=True, stable=True)
        taken = torch.cat([lesson.counts() for lesson in self.lessons])[order].cumsum(0)
        over = (taken > rows).nonzero()
        return float(draw[order[over[0, 0]]]) if len(over) else -1.0

    def _above(self, draws: list[Tensor], threshold: float) -> list[Rows]:
        kept = [(lesson, (draw > threshold).nonzero()[:, 0]) for lesson, draw in zip(self.lessons, draws, strict=True)]
        return [lesson.pick(users, compact=True) for lesson, users in kept if len(users)]


def _flatten(lesson: Rows) -> dict[str, Tensor]:
    flat: dict[str, Tensor] = {}
    for name in (field.name for field in fields(lesson)):
        value = getattr(lesson, name)
        if value is None:
            continue
        parts = {f"{name}.{key}": part for key, part in value.items()} if isinstance(value, dict) else {name: value}
        flat |= {key: part.int() if part.dtype == torch.int64 else part for key, part in parts.items()}
    return flat


def _unflatten(flat: Mapping[str, Tensor]) -> Rows:
    values: dict[str, dict[str, Tensor]] = {"group": {}, "group_vectors": {}, "nodes": {}}
    plain: dict[str, Tensor] = {}
    for path, stored in flat.items():
        tensor = stored.long() if stored.dtype == torch.int32 else stored
        name, _, key = path.partition(".")
        if key:
            values[name][key] = tensor
        else:
            plain[name] = tensor
    return Rows(**plain, **values)  # type: ignore[arg-type]
