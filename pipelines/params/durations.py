"""Durations as params.yaml writes them: a number and a unit."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated

from pydantic import BeforeValidator

_UNITS = {"w": "weeks", "d": "days", "h": "hours", "m": "minutes", "s": "seconds"}


def _duration(value: object) -> object:
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([wdhms])", str(value))
    if isinstance(value, timedelta):
        return value
    if not match:
        raise ValueError(f"{value!r} is no duration; write a number and a unit of w, d, h, m, s, such as 3d or 12h")
    try:
        return timedelta(**{_UNITS[match[2]]: float(match[1])})
    except OverflowError:
        raise ValueError(f"{str(value)[:40]!r} is longer than time is told here") from None


Duration = Annotated[timedelta, BeforeValidator(_duration)]


def in_words(span: timedelta) -> str:
    """With the largest unit that divides it, such as `24h` or `90m`; whole days are told in days from two on."""
    for unit, least in (("d", 2), ("h", 1), ("m", 1)):
        length = timedelta(**{_UNITS[unit]: 1})
        if span >= least * length and not span % length:
            return f"{span // length}{unit}"
    return f"{span.total_seconds():g}s"


def written(span: timedelta) -> str:
    """As params.yaml may have it, exactly: `Duration` reads the same span again."""
    whole, rest = divmod(span, timedelta(days=1))
    return f"{span.total_seconds():.6f}s" if rest else f"{whole}d"
