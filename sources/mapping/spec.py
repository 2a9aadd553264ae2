"""What a mapping file says: which connector, from where, and how each field of the contract is made."""

from __future__ import annotations

import difflib
import hashlib
import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, Field, PrivateAttr, ValidationError, field_validator, model_validator

from features.schema import EVENT_TYPES, FAULT, LANDED, REQUIRED
from sources.connector import SourceFault
from sources.mapping.rules import FieldRule, Scalar, Section

ARRIVED_AT = "arrived_at"
"""A field of events beside the contract's: when the row reached the source. It decides the window, and never lands."""

Model = TypeVar("Model", bound=BaseModel)


class WindowSpec(Section):
    """The calendar that suits the source: the first window's day and the length, such as `7d`."""

    first: date | None = None
    length: timedelta | None = None

    @field_validator("length", mode="before")
    @classmethod
    def _days(cls, given: Any) -> Any:
        if isinstance(given, str) and given.endswith("d") and given[:-1].isdecimal() and int(given[:-1]):
            return timedelta(days=int(given[:-1]))
        raise ValueError("write whole days, for example 7d")


class TableSpec(Section):
    """Where a table's rows come from, and how its fields are made of their columns.

    Without `fields` the columns bear the contract's own names. `once` names fields: of a window's rows that agree in
    them only the first lands, for a catalogue that is told anew with every event. Columns in `ignore` are no extras.
    """

    rows: dict[str, Any] = Field(default_factory=dict, alias="from")
    fields: dict[str, FieldRule] = Field(default_factory=dict)
    once: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()

    @field_validator("fields", mode="before")
    @classmethod
    def _short(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        return {name: {"column": rule} if isinstance(rule, str | list | int) else rule for name, rule in given.items()}

    @property
    def columns(self) -> frozenset[str]:
        """The source's columns that the fields are made of, or that are ignored."""
        return frozenset(self.ignore).union(*(rule.columns for rule in self.fields.values()))


class Mapping(Section):
    """A source, described. `options` and each table's `rows` are validated by the connector, with `options_as`."""

    name: str = Field(pattern=r"^[A-Za-z0-9_-]+$")
    connector: str
    window: WindowSpec | None = None
    options: dict[str, Any] = Field(default_factory=dict)
    tables: dict[str, TableSpec] = Field(default_factory=dict)
    _path: Path = PrivateAttr(default=Path())

    @property
    def path(self) -> Path:
        return self._path

    @model_validator(mode="after")
    def _of_the_contract(self) -> Mapping:
        for name, table in self.tables.items():
            _among(name, LANDED, "tables", "table")
            known = [*(field for field in LANDED[name] if field != FAULT), *([ARRIVED_AT] if name == "events" else [])]
            for field in (*table.fields, *table.once):
                _among(field, known, f"tables.{name}", "field")
            missing = [field for field in REQUIRED[name] if field not in table.fields and field != "valid_from"]
            if table.fields and missing:
                raise ValueError(f"tables.{name}.fields lacks {missing[0]}, which every row must have")
            if "event_type" in table.fields and name == "events":
                for made in _made(table.fields["event_type"]):
                    _among(str(made), EVENT_TYPES, "tables.events.fields.event_type", "event type")
        return self

    def digest(self) -> str:
        """SHA-256 over what the mapping says; comments and layout do not count."""
        content = self.model_dump(mode="json", by_alias=True)
        return hashlib.sha256(json.dumps(content, sort_keys=False).encode()).hexdigest()


def rules_of(table: str, spec: TableSpec) -> dict[str, FieldRule]:
    """A rule by field: those of the spec or, where it has none, one for each column of the contract's own name."""
    return spec.fields or {name: FieldRule(column=name) for name in LANDED[table] if name != FAULT}


def read_mapping(path: Path) -> Mapping:
    """The mapping in the YAML file `path`. Raises SourceFault that names the key and how to mend it."""
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), _Strict)
    except (OSError, UnicodeDecodeError) as error:
        raise SourceFault(
            f"the mapping cannot be read: {error}",
            where=str(path),
            mend="point TIDEGRAPH_MAPPING at a mapping file, in UTF-8",
        ) from error
    except ValueError as error:  # PyYAML's own, for a date such as 2024-13-45
        raise SourceFault(
            f"the mapping holds a date that is none: {error}", where=str(path), mend="write dates like 2024-01-07"
        ) from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{path}, line {mark.line + 1}" if mark else str(path)
        problem = getattr(error, "problem", None) or str(error)
        raise SourceFault(f"the mapping is no YAML: {problem}", where=place, mend="mend that line") from error
    mapping = options_as(Mapping, content, str(path))
    mapping = mapping.model_copy(update={"tables": _with_siblings(mapping.tables)})
    mapping._path = path
    return mapping


def options_as(model: type[Model], content: Any, where: str) -> Model:
    """`content` as `model`. Raises SourceFault for the first key that is wrong, with its path and how to mend it."""
    try:
        return model.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"]) or "the whole"
        if first["type"] == "extra_forbidden":
            what, mend = f"{key}: there is no such key", "take it out, or mend its spelling; the docs name all keys"
        else:
            what, mend = f"{key}: {first['msg'].removeprefix('Value error, ')}", f"mend {key}"
        raise SourceFault(what, where=where, mend=mend) from error


def nearest(name: str, names: list[str]) -> str | None:
    """The one of `names` that looks most like `name`, if any does."""
    folded = {each.casefold(): each for each in names}
    close = difflib.get_close_matches(name.casefold(), list(folded), n=1, cutoff=0.5)
    return folded[close[0]] if close else None


def _made(rule: FieldRule) -> list[Scalar]:
    """The values that a rule itself writes."""
    made = [rule.constant, rule.default, *rule.values.values(), *rule.patterns.values()]
    return [value for value in made if value is not None]


def _with_siblings(tables: dict[str, TableSpec]) -> dict[str, TableSpec]:
    """Tables made of the same rows know each other's columns: what one of them takes is no extra of the other."""
    whole = {}
    for name, spec in tables.items():
        siblings = (other for other in tables.values() if other.rows == spec.rows)
        taken = {column for other in siblings for rule in other.fields.values() for column in rule.columns}
        whole[name] = spec.model_copy(update={"ignore": tuple(sorted(taken.union(spec.ignore)))})
    return whole


def _among(name: str, known: Any, where: str, what: str) -> None:
    if name not in known:
        near = nearest(name, list(known))
        hint = f"; did you mean {near}?" if near else f"; there are {', '.join(known)}"
        raise ValueError(f"{where}: the contract has no {what} {name!r}{hint}")


class _Strict(yaml.SafeLoader):
    """YAML in which a key said twice is an error: the first of the two would be lost without a word."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for position, key in enumerate(keys):
            if key in keys[:position]:
                raise yaml.MarkedYAMLError(
                    problem=f"{key!r} is said twice", problem_mark=node.value[position][0].start_mark
                )
        return super().construct_mapping(node, deep)
