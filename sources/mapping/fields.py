"""One field of the contract, made of a raw table's columns as its rule says."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, reduce
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from features.schema import TIMESTAMP
from sources.mapping.cells import EXACT, Reading, controlled, numbers, plain, spelled, texts, whole
from sources.mapping.faults import Faults
from sources.mapping.records import parts
from sources.mapping.rules import FieldRule, Scalar
from sources.mapping.times import UTC, times

TYPES = {"str": pa.string(), "float64": pa.float64(), "int64": pa.int64(), TIMESTAMP: UTC}


class Reader(NamedTuple):
    """How cells become a type, and what is told of a cell that does not."""

    read: Callable[[pa.Array], Reading]
    wanted: str


SPELLED = Reader(spelled, "is no single value")


def field(raw: pa.Table, name: str, rule: FieldRule | None, dtype: str, faults: Faults) -> pa.Array:
    """The field's column, with a null wherever the source gives nothing; what cannot be read is told to `faults`."""
    rule = rule.among(raw.column_names) if rule else None
    if rule is None or not set(rule.columns) <= set(raw.column_names):
        return pa.nulls(len(raw), TYPES[dtype])
    return _finished(_made(raw, name, rule, _reader(rule, dtype), faults), name, rule, faults)


def read_written(value: Scalar, name: str, rule: FieldRule, dtype: str, faults: Faults) -> pa.Array:
    """One value that the rule itself writes, read as `field` reads it."""
    words = pa.array([_word(value)], pa.string())
    return _finished(_cells([(np.arange(1), words)], name, _reader(rule, dtype), faults), name, rule, faults)


def _made(raw: pa.Table, name: str, rule: FieldRule, read: Reader, faults: Faults) -> pa.Array:
    if rule.product:
        return _product(raw, name, read, rule, faults)
    words = _words(raw, name, rule, faults)
    if words is None:
        return _column(raw, str(rule.column), name, read, faults)
    return _cells([(np.arange(len(words)), words)], name, read, faults)


def _words(raw: pa.Table, name: str, rule: FieldRule, faults: Faults) -> pa.Array | None:
    """The texts that the rule makes before they are read as the field's type; None where it takes cells as they are."""
    if rule.join:
        return _joined(raw, name, rule, faults)
    if rule.column is None:
        return pa.repeat(pa.scalar(_word(rule.constant), pa.string()), len(raw))
    if rule.values or rule.patterns:
        return _replaced(_column(raw, str(rule.column), name, SPELLED, faults), name, rule, faults)
    return None


def _reader(rule: FieldRule, dtype: str) -> Reader:
    if dtype == TIMESTAMP:
        return Reader(partial(times, rule=rule), _wanted_time(rule))
    if dtype == "float64":
        return Reader(partial(numbers, decimal=rule.decimal), "is no number")
    if dtype == "int64":
        return Reader(_integers, "is no whole number")
    return Reader(whole, "is no whole number") if rule.whole else Reader(texts, "is neither text nor a whole number")


def _wanted_time(rule: FieldRule) -> str:
    if rule.unit:
        return f"is no time in {rule.unit} since 1970"
    zone = "" if rule.zone == "UTC" else f" that {rule.zone} has exactly once"
    return f"is no time of the format {' or '.join(rule.format)}{zone}" if rule.format else f"is no ISO 8601 time{zone}"


def _column(raw: pa.Table, column: str, name: str, read: Reader, faults: Faults) -> pa.Array:
    return _cells(parts(raw.schema.field(column), plain(raw[column])), name, read, faults)


def _cells(kinds: list[tuple[np.ndarray, pa.Array]], name: str, read: Reader, faults: Faults) -> pa.Array:
    """All parts of a column, read and put together in row order."""
    seen = []
    for rows, cells in kinds:
        values, unreadable = read.read(cells)
        if unreadable.any():
            faults.add(name, rows[unreadable], cells.filter(pa.array(unreadable)), read.wanted)
        seen.append(values)
    if len(seen) == 1:
        return seen[0]
    order = np.argsort(np.concatenate([rows for rows, _ in kinds]), kind="stable")
    return pa.concat_arrays(seen).take(pa.array(order))


def _joined(raw: pa.Table, name: str, rule: FieldRule, faults: Faults) -> pa.Array:
    """The columns' texts with the separator between them. An identifier needs all of them, another text any."""
    words = [_column(raw, str(column), name, SPELLED, faults) for column in rule.join]
    if name.endswith("_id"):
        return pc.binary_join_element_wise(*words, rule.separator)
    whole = words[0]
    for word in words[1:]:
        both = pc.binary_join_element_wise(whole, word, rule.separator)
        whole = pc.coalesce(both, whole, word)
    return whole


def _product(raw: pa.Table, name: str, read: Reader, rule: FieldRule, faults: Faults) -> pa.Array:
    factors = [_column(raw, str(column), name, read, faults) for column in rule.product]
    return reduce(pc.multiply, factors)


def _replaced(words: pa.Array, name: str, rule: FieldRule, faults: Faults) -> pa.Array:
    """What `values` or `patterns` say in place of the words; a word that neither knows is `default`, or told."""
    empty = pc.is_null(words)
    known = pc.fill_null(pc.utf8_trim_whitespace(words), "") if rule.values else words
    choices = [_word(value) for value in (*rule.values.values(), *rule.patterns.values())]
    index = pc.index_in(known, pa.array(list(rule.values), pa.string())) if rule.values else _no_choice(words)
    for number, pattern in enumerate(rule.patterns, start=len(rule.values)):
        matches = pc.fill_null(pc.match_substring_regex(words, pattern), False)
        index = pc.if_else(pc.and_(pc.is_null(index), matches), pa.scalar(number, pa.int32()), index)
    chosen = pa.array(choices, pa.string()).take(index)
    unknown = pc.and_(pc.is_null(index), pc.invert(empty))
    if "default" in rule.model_fields_set:
        return pc.if_else(unknown, pa.scalar(_word(rule.default), pa.string()), chosen)
    rows = np.flatnonzero(unknown.to_numpy(zero_copy_only=False))
    faults.add(name, rows, words.take(pa.array(rows)), "is not among the values that the mapping names")
    return chosen


def _no_choice(words: pa.Array) -> pa.Array:
    return pa.nulls(len(words), pa.int32())


def _integers(cells: pa.Array) -> Reading:
    """Whole numbers, such as revisions."""
    seen, unreadable = numbers(cells)
    fits = np.asarray(pc.fill_null(pc.equal(pc.floor(seen), seen), True).to_numpy(zero_copy_only=False), bool)
    fits &= np.asarray(pc.fill_null(pc.less_equal(pc.abs(seen), EXACT), True).to_numpy(zero_copy_only=False), bool)
    return Reading(pc.if_else(pa.array(fits), seen, None).cast(pa.int64()), unreadable | ~fits)


def _finished(cells: pa.Array, name: str, rule: FieldRule, faults: Faults) -> pa.Array:
    if name.endswith("_id"):
        return _identifiers(cells, name, faults)
    return pc.abs(cells) if rule.absolute else cells


def _identifiers(cells: pa.Array, name: str, faults: Faults) -> pa.Array:
    """Ids without control characters: NUL and its like end or hide the rest of a text elsewhere."""
    odd = controlled(cells)
    if not odd.any():
        return cells
    mask = pa.array(odd)
    faults.add(name, np.flatnonzero(odd), cells.filter(mask), "holds a control character, which no id may")
    return pc.if_else(mask, pa.scalar(None, cells.type), cells)


def _word(value: Scalar) -> str | None:
    if isinstance(value, bool):
        return str(value).lower()
    return None if value is None else str(value)
