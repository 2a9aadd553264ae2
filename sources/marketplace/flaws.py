"""Breaking what was whole: rows that break a promise, rows told twice or corrected, and events nobody made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from sources.marketplace.bots import PACE_MS, bursts
from sources.marketplace.chance import Ints
from sources.marketplace.rhythm import DAY_MS
from sources.marketplace.rows import BLOCK_STEP, DAY_STEP, NO_TIME, NONE, UNKNOWN_KIND, UNREADABLE, Rows, event_ids
from sources.marketplace.visits import KIND
from sources.marketplace.world import World

BROKEN_SHARE, BAD_BATCH_SHARE, DOUBLED_SHARE = 0.003, 0.12, 0.004
FIRST_BOT_BLOCK = 910

_ANCIENT, _FAR = 0, 32_472_144_000_000_000  # 1970-01-01 and 2999-01-01, in microseconds
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Break:
    """A way to break a row: the promise of expectations/events.py that it breaks, and the cell that is overwritten.

    `field` is a field of Rows, `column` the contract's column that it becomes.
    """

    name: str
    promise: str
    column: str
    field: str
    cell: float
    applies: Callable[[Rows], Mask]


def _any(rows: Rows) -> Mask:
    return np.ones(len(rows), bool)


def _about_item(rows: Rows) -> Mask:
    return rows.kind != KIND["search"]


def _search(rows: Rows) -> Mask:
    return rows.kind == KIND["search"]


def _purchase(rows: Rows) -> Mask:
    return rows.kind == KIND["purchase"]


def _counted(rows: Rows) -> Mask:
    return np.isfinite(rows.quantity)


_WORD = Break("word as quantity", "cells-readable", "quantity", "quantity", UNREADABLE, _counted)
BREAKS = (
    Break("unknown event type", "event-type-in-set", "event_type", "kind", UNKNOWN_KIND, _about_item),
    Break("no user", "user-id-known", "user_id", "user", NONE, _any),
    Break("no item", "item-known", "item_id", "item", NONE, _about_item),
    Break("no query", "query-known", "query", "query", NONE, _search),
    Break("no time", "occurred-at-known", "occurred_at", "at", NO_TIME, _any),
    Break("time in 1970", "not-too-late", "occurred_at", "at", _ANCIENT, _any),
    Break("time in 2999", "not-yet-to-come", "occurred_at", "at", _FAR, _any),
    Break("nothing bought", "purchase-quantity-positive", "quantity", "quantity", 0.0, _purchase),
    Break("no quantity", "purchase-quantity-known", "quantity", "quantity", np.nan, _purchase),
    Break("infinite quantity", "quantity-finite", "quantity", "quantity", np.inf, _counted),
    Break("no value", "purchase-value-known", "value", "value", np.nan, _purchase),
    Break("infinite value", "value-finite", "value", "value", -np.inf, _purchase),
)


def spoil(rows: Rows, rng: np.random.Generator, share: float, *, words: bool) -> tuple[Rows, Mask, pa.Table]:
    """`rows` with about `share` of them broken, which ones, and the truth about them, a row each.

    With `words`, where quantities are delivered as text, some of them are words.
    """
    chosen = np.flatnonzero(rng.random(len(rows)) < share)
    ways = (*BREAKS, _WORD) if words else BREAKS
    part = rows.take(chosen)
    liking = rng.random((len(chosen), len(ways)))
    liking *= np.stack([way.applies(part) for way in ways], axis=1)
    way_of = liking.argmax(axis=1)
    changed = {way.field: getattr(rows, way.field).copy() for way in ways}
    for place, way in enumerate(ways):
        changed[way.field][chosen[way_of == place]] = way.cell
    spoiled = np.zeros(len(rows), bool)
    spoiled[chosen] = True
    columns = {"event_id": event_ids(part.code)}
    for name in ("name", "column", "promise"):
        columns[name] = pa.array([getattr(way, name) for way in ways]).take(pa.array(way_of))
    return rows.but(**changed), spoiled, pa.table(columns).rename_columns(["event_id", "flaw", "column", "promise"])


def double(rows: Rows, rng: np.random.Generator, among: Mask) -> tuple[Rows, Ints]:
    """`rows` with some of `among` told twice in a row, and the codes of those."""
    chosen = np.flatnonzero((rng.random(len(rows)) < DOUBLED_SHARE) & among)
    return rows.take(np.sort(np.concatenate([np.arange(len(rows)), chosen]))), rows.code[chosen]


def correct(rows: Rows) -> Rows:
    """What became of the purchases among `rows`, as revision 1 of the same events, at the time of the original.

    Every second was returned, the others were of one more piece.
    """
    bought = rows.take(_purchase(rows))
    back = bought.code % 2 == 0
    more = np.where(back, bought.quantity, bought.quantity + 1)
    return bought.but(
        kind=np.where(back, KIND["return"], bought.kind),
        value=np.round(bought.value * more / bought.quantity, 2),
        quantity=more,
        revision=np.ones(len(bought), np.int64),
    )


def bot_rows(world: World, day: int) -> Rows:
    """The views of all bursts of `day`."""
    plan, on_sale = bursts(world.settings), np.flatnonzero(world.day(day).on_sale)
    today = plan.on(day)
    burst = np.repeat(np.arange(len(today)), plan.length)
    page = np.tile(np.arange(plan.length), len(today))
    code = day * DAY_STEP + FIRST_BOT_BLOCK * BLOCK_STEP + np.arange(len(burst))
    nothing = np.full(len(burst), NONE)
    return Rows(
        code=code,
        visit=code - page,
        at=world.origin_us + (day * DAY_MS + plan.at[today][burst] + PACE_MS * page) * 1000,
        user=len(world.people) + plan.bot[today][burst],
        item=on_sale[(today[burst] * plan.length + page) % len(on_sale)],
        kind=np.full(len(burst), KIND["view"]),
        quantity=np.full(len(burst), np.nan),
        value=np.full(len(burst), np.nan),
        query=nothing,
        extras=nothing,
        revision=np.zeros(len(burst), np.int64),
    )
