"""How one field of the contract is made: the rule that a mapping gives it."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import date, datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, field_validator, model_validator

Scalar = str | int | float | bool | None
Names = str | tuple[str, ...]
"""A column's name, or several: the first of them that the source has."""

ISO = "ISO8601"


class Section(BaseModel):
    """A part of a mapping: frozen, and it knows no strangers."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, coerce_numbers_to_str=True)


class FieldRule(Section):
    """One field: exactly one of `column`, `constant`, `join` and `product`, and how its cells are read.

    `values` replaces cells (the key "" stands for an empty one); a cell it does not name becomes `default` or, without
    one, a fault. Of `patterns`, regular expressions searched in the cell, the first that matches replaces it. `whole`
    reads an id that was written as a number: `17850.0` is 17850. `unit` reads times as numbers since 1970, `format`
    (of strptime; or several, or ISO8601) as local times in `zone`; `ambiguous` settles a local time that a
    daylight-saving change made twice, or skipped, which is a fault otherwise.
    """

    column: Names | None = None
    constant: Scalar = None
    join: tuple[Names, ...] = ()
    separator: str = "-"
    product: tuple[Names, ...] = ()
    values: dict[str, Scalar] = {}
    default: Scalar = None
    patterns: dict[str, Scalar] = {}
    whole: bool = False
    absolute: bool = False
    decimal: Literal[".", ","] = "."
    unit: Literal["s", "ms", "us"] | None = None
    format: tuple[str, ...] = ()
    zone: str = "UTC"
    ambiguous: Literal["earliest", "latest"] | None = None

    @field_validator("constant", mode="before")
    @classmethod
    def _dates_as_text(cls, given: Any) -> Any:
        return given.isoformat() if isinstance(given, date | datetime) else given

    @field_validator("patterns")
    @classmethod
    def _are_patterns(cls, given: dict[str, Scalar]) -> dict[str, Scalar]:
        for pattern in given:
            try:
                re.compile(pattern)
            except re.error as error:
                raise ValueError(f"{pattern!r} is no regular expression: {error}") from None
        return given

    @field_validator("format", mode="before")
    @classmethod
    def _are_formats(cls, given: Any) -> Any:
        formats = (given,) if isinstance(given, str) else given
        for each in formats if isinstance(formats, list | tuple) else ():
            if each != ISO and ("%" not in str(each) or "%Z" in str(each) or _is_no_format(str(each))):
                raise ValueError(
                    f"{each!r} is no format of times; write one such as %d.%m.%Y %H:%M, with %z for a zone"
                )
        return formats

    @field_validator("zone")
    @classmethod
    def _is_a_zone(cls, given: str) -> str:
        try:
            ZoneInfo(given)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(f"{given!r} is no time zone; write one such as Europe/Berlin") from None
        return given

    @model_validator(mode="after")
    def _one_origin(self) -> FieldRule:
        given = [name for name in ("column", "constant", "join", "product") if name in self.model_fields_set]
        if len(given) != 1:
            raise ValueError(
                f"a field needs one of column, constant, join, product; here: {', '.join(given) or 'none'}"
            )
        if given == ["column"] and self.column is None:
            raise ValueError("column is empty: name one of the source's columns")
        if (self.values or self.patterns) and self.column is None:
            raise ValueError("values and patterns replace the cells of a column, and here is none")
        if "default" in self.model_fields_set and not (self.values or self.patterns):
            raise ValueError("default stands for cells that values or patterns do not name, and here are none")
        if not all(self.columns) or () in (self.column, *self.join, *self.product):
            raise ValueError("a column's name is empty")
        if self.unit and self.format:
            raise ValueError("a time is read by unit or by format, not by both")
        return self

    @property
    def columns(self) -> tuple[str, ...]:
        """The source's columns that the field is made of."""
        named = (*([self.column] if self.column is not None else []), *self.join, *self.product)
        return tuple(name for each in named for name in ((each,) if isinstance(each, str) else each))

    def among(self, columns: Collection[str]) -> FieldRule:
        """The rule with one name for each column: of several the first that is among `columns`, else the first."""

        def chosen(names: Names) -> str:
            return names if isinstance(names, str) else next((name for name in names if name in columns), names[0])

        if all(isinstance(each, str) for each in (self.column or "", *self.join, *self.product)):
            return self
        column = None if self.column is None else chosen(self.column)
        join, product = (tuple(chosen(each) for each in names) for names in (self.join, self.product))
        return self.model_copy(update={"column": column, "join": join, "product": product})


def _is_no_format(text: str) -> bool:
    try:
        datetime.strptime("", text)
    except ValueError as error:
        return "does not match" not in str(error)
    return False
