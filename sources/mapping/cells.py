"""From a source's cells to texts and numbers, whole columns at a time; a type is changed only where nothing is lost."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt

EXACT = 2.0**53
"""Beyond it a float no longer tells neighbouring whole numbers apart."""

_WHOLE = r"^\s*[+-]?[0-9]+(\.0*)?\s*$"
_CONTROL = r"[\x00-\x1f\x7f-\x{9f}]"
_NUMBER = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$|^(?i:[+-]?(inf|infinity)|nan)$"


class Reading(NamedTuple):
    """Cells read: null where nothing was given or where it could not be read; `unreadable` marks the latter."""

    cells: pa.Array
    unreadable: np.ndarray


def plain(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    """One array of a plain type: dictionaries unfolded, all kinds of text as `string`, no number as null."""
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if isinstance(array, pa.ChunkedArray):
        array = pa.concat_arrays(array.chunks) if array.num_chunks else pa.array([], array.type)
    if isinstance(array, pa.ExtensionArray):
        array = array.storage
    if pt.is_dictionary(array.type):
        array = array.dictionary_decode()
    if pt.is_large_string(array.type) or pt.is_string_view(array.type) or pt.is_null(array.type):
        array = array.cast(pa.string())
    return _null_where(pc.is_nan(array), array) if pt.is_floating(array.type) else array


def texts(array: pa.Array) -> Reading:
    """Cells as texts for identifiers and words: whole numbers without loss; true and 1.5 are unreadable.

    Writing those out would invent one spelling among several.
    """
    if pt.is_string(array.type):
        return Reading(_without_blanks(array), _none(array))
    if pt.is_integer(array.type):
        return Reading(array.cast(pa.string()), _none(array))
    if pt.is_float32(array.type) or pt.is_float64(array.type):
        return _whole_floats(array.cast(pa.float64()))
    return _one_by_one(array, _as_text)


def spelled(array: pa.Array) -> Reading:
    """Cells as texts to be looked up, matched or joined: numbers as short as they go, `true` and `false`."""
    if pt.is_floating(array.type):
        return Reading(array.cast(pa.float64()).cast(pa.string()), _none(array))
    if pt.is_boolean(array.type) or pt.is_temporal(array.type) or pt.is_decimal(array.type):
        try:
            return Reading(array.cast(pa.string()), _none(array))
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            return _one_by_one(array, _as_text)
    return texts(array)


def whole(array: pa.Array) -> Reading:
    """Identifiers that were written as numbers: `17850.0` is 17850, and 1.5 is unreadable."""
    read, unreadable = texts(array)
    matches = pc.match_substring_regex(read, _WHOLE)
    read = pc.replace_substring_regex(pc.utf8_trim_whitespace(_null_where(pc.invert(matches), read)), r"\.0*$", "")
    return Reading(read, unreadable | _true(pc.invert(matches)))


def controlled(array: pa.Array) -> np.ndarray:
    """Where a text holds a control character (Unicode's category Cc), such as NUL or a line feed."""
    if not _may_be_controlled(array):
        return _none(array)
    return _true(pc.match_substring_regex(array, _CONTROL))


def numbers(array: pa.Array, *, decimal: str = ".") -> Reading:
    """Cells as float64; NaN is null, infinities stay, whole numbers that a float cannot hold are unreadable."""
    if pt.is_string(array.type):
        return _spelled_numbers(_without_blanks(array), decimal)
    if pt.is_integer(array.type):
        floats = array.cast(pa.float64(), safe=False)
        lost = _true(pc.greater(pc.abs(floats), EXACT))
        return Reading(_null_where(pa.array(lost), floats), lost)
    if pt.is_floating(array.type) or pt.is_decimal(array.type):
        floats = array.cast(pa.float64(), safe=False)
        return Reading(_null_where(pc.is_nan(floats), floats), _none(array))
    return _one_by_one(array, _as_number, pa.float64())


def _may_be_controlled(array: pa.Array) -> bool:
    """Whether the bytes of all texts together leave it open: a hundred times sooner than a pattern, text by text."""
    _, offsets, content = array.buffers()
    if content is None or not len(array):
        return False
    places = np.frombuffer(offsets, np.int32)
    held = np.frombuffer(content, np.uint8)[places[array.offset] : places[array.offset + len(array)]]
    if not len(held) or (held.min() > 0x1F and held.max() < 0x7F):
        return False
    # in UTF-8, U+0080 to U+009F begin with C2
    return bool(held.min() <= 0x1F or (held == 0x7F).any() or (held == 0xC2).any())


def _spelled_numbers(array: pa.Array, decimal: str) -> Reading:
    if decimal == ",":
        # a point would be a thousands separator here, or a mistake: refuse to guess
        array = pc.replace_substring(pc.replace_substring(array, ".", "?"), ",", ".")
    try:
        return numbers(pc.cast(array, pa.float64()))
    except pa.ArrowInvalid:
        trimmed = pc.utf8_trim_whitespace(array)
        matches = pc.match_substring_regex(trimmed, _NUMBER)
        unreadable = _true(pc.invert(matches))
        readable = _null_where(pa.array(unreadable), trimmed)
        return Reading(numbers(pc.cast(readable, pa.float64())).cells, unreadable)


def _whole_floats(array: pa.Array) -> Reading:
    fits = pc.and_(pc.equal(pc.floor(array), array), pc.less_equal(pc.abs(array), EXACT))
    unreadable = _true(pc.invert(fits))
    return Reading(_null_where(pa.array(unreadable), array).cast(pa.int64()).cast(pa.string()), unreadable)


def _as_text(cell: Any) -> str:
    if isinstance(cell, bool) or not isinstance(cell, str | int | Decimal | bytes):
        raise ValueError(cell)
    if isinstance(cell, Decimal):
        if cell != int(cell):
            raise ValueError(cell)
        return str(int(cell))
    text = cell.decode() if isinstance(cell, bytes) else str(cell)
    text.encode()  # JSON may hold half a surrogate pair, which no file could
    return text


def _as_number(cell: Any) -> float:
    # float() would take "1_000" for a thousand, and True for one
    if isinstance(cell, bool) or not isinstance(cell, int | float | str) or "_" in str(cell):
        raise ValueError(cell)
    if isinstance(cell, int) and abs(cell) > EXACT:
        raise ValueError(cell)
    return float(cell)


def _one_by_one(array: pa.Array, read: Any, type_: pa.DataType | None = None) -> Reading:
    """For types that are rare: each cell by itself."""
    cells, unreadable = [], np.zeros(len(array), bool)
    for position, cell in enumerate(array.to_pylist()):
        try:
            value = None if cell is None or cell != cell else read(cell)
        except (ValueError, OverflowError, ArithmeticError):
            value, unreadable[position] = None, True
        cells.append(None if isinstance(value, float) and math.isnan(value) else value)
    return Reading(pa.array(cells, type_ or pa.string()), unreadable)


def _without_blanks(array: pa.Array) -> pa.Array:
    blank = pc.or_(pc.utf8_is_space(array), pc.equal(pc.binary_length(array), 0))
    return _null_where(blank, array) if pc.any(blank).as_py() else array


def _null_where(mask: pa.Array, array: pa.Array) -> pa.Array:
    return pc.if_else(pc.fill_null(mask, False), pa.scalar(None, array.type), array)


def _true(mask: pa.Array) -> np.ndarray:
    return np.asarray(pc.fill_null(mask, False).to_numpy(zero_copy_only=False), bool)


def _none(array: pa.Array) -> np.ndarray:
    return np.zeros(len(array), bool)
