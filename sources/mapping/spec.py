"""What a mapping file says: which connector, from where, and how each field of the contract is made."""

from __future__ import annotations

import hashlib
import json
import re
from datetime import date, timedelta
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, Field, PrivateAttr, ValidationError, field_validator, model_validator

from features.schema import EVENT_TYPES, FAULT, LANDED, REQUIRED, TIMESTAMP
from sources.connector import SourceFault
from sources.mapping.rules import FieldRule, Section
from sources.mapping.wording import Amiss, nearest, told
from sources.mapping.written import check_written, written

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
        for name, rule in given.items():
            if isinstance(rule, bool) or not isinstance(rule, str | list | int | dict | FieldRule):
                raise Amiss(
                    "expected a column's name, a list of such, or keys such as column",
                    key=str(name),
                    mend=f"write `{name}: COLUMN` with the column's name, in quotes if it is a word like yes or 1.5",
                )
        return {name: {"column": rule} if isinstance(rule, str | list | int) else rule for name, rule in given.items()}

    @property
    def columns(self) -> frozenset[str]:
        """The source's columns that the fields are made of, or that are ignored."""
        return frozenset(self.ignore).union(*(rule.columns for rule in self.fields.values()))


class Mapping(Section):
    """A source, described. `options` and each table's `rows` are validated by the connector, with `options_as`."""

    name: str
    connector: str
    window: WindowSpec | None = None
    options: dict[str, Any] = Field(default_factory=dict)
    tables: dict[str, TableSpec] = Field(default_factory=dict)
    _path: Path = PrivateAttr(default=Path())

    @property
    def path(self) -> Path:
        return self._path

    @field_validator("name")
    @classmethod
    def _names_a_source(cls, given: str) -> str:
        if not re.fullmatch(r"[A-Za-z0-9_-]+", given):
            raise ValueError("write letters, digits, - and _ only, for example my-shop")
        return given

    @model_validator(mode="after")
    def _of_the_contract(self) -> Mapping:
        for name, table in self.tables.items():
            _among(name, LANDED, "tables", "table")
            types = {field: dtype for field, dtype in LANDED[name].items() if field != FAULT}
            types |= {ARRIVED_AT: TIMESTAMP} if name == "events" else {}
            for part, fields in (("fields", table.fields), ("once", table.once)):
                for field in fields:
                    _among(field, types, f"tables.{name}.{part}", "field")
            _check_fields(name, table.fields, types)
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
    except UnicodeDecodeError as error:
        raise SourceFault("the mapping is not UTF-8", where=str(path), mend="save it as UTF-8") from error
    except OSError as error:
        raise SourceFault(
            f"the mapping cannot be read: {error.strerror or error}",
            where=str(path),
            mend="name a mapping file, as argument or in TIDEGRAPH_MAPPING",
        ) from error
    except ValueError as error:  # PyYAML's own, for a date such as 2024-13-45
        raise SourceFault(
            f"the mapping holds a date that is none: {error}", where=str(path), mend="write dates like 2024-01-07"
        ) from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{path}, line {mark.line + 1}" if mark else str(path)
        problem = getattr(error, "problem", None) or " ".join(str(error).split())
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
        what, mend = told(error, model, content)
        raise SourceFault(what, where=where, mend=mend) from error


def _check_fields(table: str, fields: dict[str, FieldRule], types: dict[str, str]) -> None:
    """Raises Amiss where a field that every row needs is missing, or a rule writes what its field cannot take."""
    missing = [field for field in REQUIRED[table] if field not in fields and field != "valid_from"]
    if fields and missing:
        raise Amiss(
            f"lacks {missing[0]}, which every row must have",
            key=f"tables.{table}.fields",
            mend=f"add `{missing[0]}: COLUMN` there, with the name of the column that holds it",
        )
    for field, rule in fields.items():
        if field == "event_type" and table == "events":
            for key, made in written(rule).items():
                _among(str(made), EVENT_TYPES, f"tables.events.fields.event_type.{key}", "event type")
        check_written(table, field, rule, types[field])


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
        hint = f"did you mean {near}?" if near else f"there are {', '.join(known)}"
        raise Amiss(
            f"the contract has no {what} {name!r}; {hint}", key=where, mend=f"write {near or 'one of these'} instead"
        )


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
