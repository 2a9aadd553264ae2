"""From a source's cells to instants in UTC: typed, ISO 8601, numbers since 1970, or local times of a format."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt

from sources.mapping.cells import Reading, numbers, texts
from sources.mapping.rules import ISO, FieldRule

UTC = pa.timestamp("us", tz="UTC")
NAIVE = pa.timestamp("us")

_PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
_YEAR_1, _YEAR_10000 = -62_135_596_800, 253_402_300_800  # in seconds since 1970
_ZONED = r"([Zz]|[T ][0-9:.,]+[+-][0-9]{2}(:?[0-9]{2})?)$"
_DIGITS = r"^[0-9]*$"
_TOO_FINE = r"(\.[0-9]{6})[0-9]+"


def times(array: pa.Array, rule: FieldRule) -> Reading:
    """Cells as `timestamp[us, UTC]`, in the years 1 to 9999; whatever is finer than a microsecond is cut off.

    A bare number without a `unit` is unreadable: it may be seconds or milliseconds.
    """
    if pt.is_date(array.type):
        array = array.cast(pa.timestamp("s"), safe=False)
    if pt.is_timestamp(array.type):
        seen = _since_1970(array.cast(pa.int64()), array.type.unit)
        return seen if array.type.tz else _from_local(seen, rule)
    if pt.is_string(array.type):
        words = texts(array).cells
        if rule.unit:
            return _epoch(words, rule.unit)
        return _in_range(_from_format(words, rule) if rule.format else _from_iso(words, rule))
    if rule.unit and (pt.is_integer(array.type) or pt.is_floating(array.type) or pt.is_decimal(array.type)):
        return _epoch(array, rule.unit)
    if rule.format and pt.is_integer(array.type):
        return _in_range(_from_format(array.cast(pa.string()), rule))
    return Reading(pa.nulls(len(array), UTC), given(array))


def given(array: pa.Array) -> np.ndarray:
    """Where a cell is not null."""
    return np.asarray(pc.is_valid(array).to_numpy(zero_copy_only=False), bool)


def _epoch(array: pa.Array, unit: str) -> Reading:
    try:
        return _since_1970(array.cast(pa.int64()), unit)
    except pa.ArrowInvalid:  # fractions, or cells that are no numbers
        read, unreadable = numbers(array)
        micro = pc.round(pc.multiply(read, 10**6 / _PER_SECOND[unit]))
        inside = pc.and_(pc.less(pc.abs(micro), 1e18), pc.is_valid(micro))
        whole = pc.if_else(pc.fill_null(inside, False), micro, pa.scalar(None, pa.float64())).cast(pa.int64())
        seen = _since_1970(whole, "us")
        return Reading(seen.cells, unreadable | (given(read) & ~given(seen.cells)))


def _since_1970(array: pa.Array, unit: str) -> Reading:
    """Whole numbers of `unit` since 1970 as instants; those outside the years 1 to 9999 are unreadable."""
    counts = pc.fill_null(array, 0).to_numpy(zero_copy_only=False)
    scale, limits = _PER_SECOND[unit], np.iinfo(np.int64)
    inside = (counts >= max(_YEAR_1 * scale, limits.min)) & (counts <= min(_YEAR_10000 * scale - 1, limits.max))
    micro = np.where(inside, counts, 0) // (scale // 10**6) if unit == "ns" else np.where(inside, counts, 0)
    micro = micro if unit == "ns" else micro * (10**6 // scale)
    seen = pa.array(micro, pa.int64(), mask=~(inside & given(array)))
    return Reading(seen.cast(UTC), given(array) & ~inside)


def _in_range(read: Reading) -> Reading:
    """What was read, but for instants outside the years 1 to 9999, which `-7` may come to: those are unreadable."""
    dated = _since_1970(read.cells.cast(pa.int64()), "us")
    return Reading(dated.cells, read.unreadable | dated.unreadable)


def _from_iso(array: pa.Array, rule: FieldRule) -> Reading:
    readable = np.zeros(len(array), bool)
    try:
        return Reading(pc.cast(array, UTC), readable)
    except pa.ArrowInvalid:
        pass  # not all of them name a zone
    try:
        return _from_local(Reading(pc.cast(array, NAIVE).cast(UTC), readable), rule)
    except pa.ArrowInvalid:
        return _from_mixed(pc.utf8_trim_whitespace(array), rule)


def _from_mixed(array: pa.Array, rule: FieldRule) -> Reading:
    """Times of which some name a zone and some do not, or some are no times."""
    cut = pc.replace_substring_regex(array, _TOO_FINE, r"\1")
    dated = pc.if_else(pc.match_substring_regex(cut, _DIGITS), None, cut)  # 2017 may be a year or seconds
    seen = _instants(pd.to_datetime(dated.to_pandas(), utc=True, format="ISO8601", errors="coerce"))
    local = _from_local(Reading(seen, given(array) & ~given(seen)), rule)
    zoned = pc.fill_null(pc.match_substring_regex(cut, _ZONED), False)
    unreadable = np.where(zoned.to_numpy(zero_copy_only=False), given(array) & ~given(seen), local.unreadable)
    return Reading(pc.if_else(zoned, seen, local.cells), unreadable.astype(bool))


def _from_format(array: pa.Array, rule: FieldRule) -> Reading:
    """Times read by the first of the rule's formats that suits them."""
    seen, left = pa.nulls(len(array), UTC), pc.utf8_trim_whitespace(array)
    unreadable = given(array)
    for format_ in rule.format:
        read = _by_format(pc.if_else(pa.array(unreadable), left, None), format_, rule)
        seen, unreadable = pc.coalesce(seen, read.cells), unreadable & ~given(read.cells)
        if not unreadable.any():
            break
    return Reading(seen, unreadable)


def _by_format(array: pa.Array, format_: str, rule: FieldRule) -> Reading:
    if format_ == ISO:
        return _from_iso(array, rule)
    seen = _instants(pd.to_datetime(array.to_pandas(), format=format_, errors="coerce", utc=True))
    read = Reading(seen, given(array) & ~given(seen))
    return read if "%z" in format_ else _from_local(read, rule)


def _instants(parsed: pd.Series) -> pa.Array:
    instants = parsed.dt.tz_convert(None).dt.as_unit("us").to_numpy()
    return pa.array(instants, NAIVE, from_pandas=True).cast(UTC)


def _from_local(read: Reading, rule: FieldRule) -> Reading:
    """Wall-clock times, held as if they were UTC, as the instants at which the clocks of `rule.zone` showed them.

    At a daylight-saving change a time is shown twice or never: that is unreadable, unless the rule is `ambiguous`.
    """
    if rule.zone == "UTC":
        return read
    clock = read.cells.cast(NAIVE)
    first, last = (
        pc.assume_timezone(clock, rule.zone, ambiguous=side, nonexistent=side).cast(UTC)
        for side in ("earliest", "latest")
    )
    if rule.ambiguous:
        return Reading(first if rule.ambiguous == "earliest" else last, read.unreadable)
    same = pc.fill_null(pc.equal(first, last), True)
    unclear = ~np.asarray(same.to_numpy(zero_copy_only=False), bool)
    return Reading(pc.if_else(same, first, pa.scalar(None, UTC)), read.unreadable | unclear)
