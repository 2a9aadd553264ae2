"""The memory of past lessons: bounded, and each segment of users has an equal share of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import NamedTuple

import torch
from torch import Tensor

from models.flagship.rows import Rows
from models.flagship.segments import SEGMENTS

_PREFIX = "replay"


class Remembered(NamedTuple):
    """A lesson's rows that were kept, and the draw and the segment [u] of each of its users."""

    lesson: Rows
    draw: Tensor
    segment: Tensor

    def pick(self, users: Tensor) -> Remembered:
        return Remembered(self.lesson.pick(users, compact=True), self.draw[users], self.segment[users])


class Replay:
    """A reservoir of at most `limit` rows for all SEGMENTS together, by whole users.

    Each user's part of a lesson draws a number once and those with the largest of their segment stay (reservoir
    sampling by random keys, Efraimidis & Spirakis 2006, with equal weights), so that what is kept of a segment is a
    fair draw of everything ever added to it.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._parts: list[Remembered] = []

    def __len__(self) -> int:
        return sum(len(lesson) for lesson in self.lessons)

    @property
    def lessons(self) -> list[Rows]:
        return [part.lesson for part in self._parts]

    def add(self, lesson: Rows, segment: Tensor, generator: torch.Generator) -> None:
        """Remember `lesson`, forgetting whichever users' parts lost the draw; `segment` [u] is each user's."""
        self._parts.append(Remembered(lesson, torch.rand(lesson.users, generator=generator), segment))
        self._parts = self._largest([part.draw for part in self._parts], self.limit)

    def sample(self, rows: int, generator: torch.Generator) -> list[Rows]:
        """Parts of lessons of whole users, drawn evenly from each segment, at most `rows` rows in all."""
        draws = [torch.rand(lesson.users, generator=generator) for lesson in self.lessons]
        return [part.lesson for part in self._largest(draws, rows)]

    def tensors(self) -> dict[str, Tensor]:
        """For `State.tensors`; `from_tensors` gives an equal memory back."""
        kept: dict[str, Tensor] = {}
        for number, (lesson, draw, segment) in enumerate(self._parts):
            parts = _flatten(lesson) | {"draw": draw, "segment": segment.int()}
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
            draw, segment = parts[number].pop("draw"), parts[number].pop("segment").long()
            replay._parts.append(Remembered(_unflatten(parts[number]), draw, segment))
        return replay

    def _largest(self, draws: Sequence[Tensor], rows: int) -> list[Remembered]:
        """The users with the largest `draws` [u of each part] of their segment, with at most its share of `rows`."""
        if not self._parts:
            return []
        draw, segment = torch.cat(list(draws)), torch.cat([part.segment for part in self._parts])
        counts, kept = torch.cat([lesson.counts() for lesson in self.lessons]), torch.zeros(len(draw), dtype=torch.bool)
        for one in range(len(SEGMENTS)):
            own = (segment == one).nonzero()[:, 0]
            order = own[draw[own].argsort(descending=True, stable=True)]
            kept[order[counts[order].cumsum(0) <= rows // len(SEGMENTS)]] = True
        users = [of_part.nonzero()[:, 0] for of_part in kept.split([len(part.draw) for part in self._parts])]
        return [part.pick(each) for part, each in zip(self._parts, users, strict=True) if len(each)]


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
